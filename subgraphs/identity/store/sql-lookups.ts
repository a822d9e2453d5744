import { DEGREE_CAP } from './answers.ts';

// A join of a list of keys with a table is written as JOIN LATERAL (… OFFSET 0): the planner does not know how short the
// list is and would read the whole table for it; so it asks the index once for each key, whatever the statistics say.

/** A record `r` as one JSON array: read as text it costs a fraction of what columns of a joined row cost. */
const RECORD = `json_build_array(r.data_source_id, r.source_record_id, r.data_source_object_id, r.given_name_hash,
    r.customer360_id, r.rule, r.linked_at,
    (SELECT json_agg(json_build_array(i.identifier_type, i.normalized_value))
       FROM identity.identifier i WHERE i.record_id = r.record_id), r.home360_id, r.bits)`;

/** Whole customers for the rows of `hit (position, customer360_id)`, each once with the positions that asked for it. */
const CUSTOMERS_OF_HITS = `
SELECT found.positions, c.customer360_id AS "customer360Id", c.created_at AS "createdAt",
  (SELECT json_agg(json_build_array(m.created_at, m.customer360_id, e.survivor360_id, e.merge_event_id))
    FROM identity.customer m
    JOIN LATERAL (SELECT survivor360_id, merge_event_id FROM identity.merge_event
      WHERE merged360_id = m.customer360_id AND undone_at IS NULL OFFSET 0) e ON true
    WHERE m.survivor360_id = c.customer360_id AND m.survivor360_id <> m.customer360_id) AS merged,
  (SELECT json_agg(${RECORD})
    FROM identity.source_record r WHERE r.customer360_id = c.customer360_id) AS records
FROM (SELECT customer360_id, json_agg(position) AS positions FROM hit GROUP BY customer360_id) found
JOIN LATERAL (SELECT * FROM identity.customer WHERE customer360_id = found.customer360_id OFFSET 0) c ON true
ORDER BY c.customer360_id`;

/** `$1` ids. */
export const CUSTOMERS_BY_IDS = `WITH hit AS MATERIALIZED (
  SELECT asked.place - 1 AS position, c.survivor360_id AS customer360_id
  FROM unnest($1::text[]) WITH ORDINALITY AS asked (id, place)
  JOIN LATERAL (SELECT survivor360_id FROM identity.customer WHERE customer360_id = asked.id OFFSET 0) c ON true
)${CUSTOMERS_OF_HITS}`;

/** `$1` data sources and `$2` record ids, in parallel. */
export const CUSTOMERS_BY_RECORDS = `WITH hit AS MATERIALIZED (
  SELECT asked.place - 1 AS position, r.customer360_id
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (source, id, place)
  JOIN LATERAL (SELECT customer360_id FROM identity.source_record
    WHERE data_source_id = asked.source AND source_record_id = asked.id OFFSET 0) r ON true
)${CUSTOMERS_OF_HITS}`;

/** `$1` types and `$2` values, in parallel; `$3` customers for each. */
export const CUSTOMERS_BY_IDENTIFIERS = `WITH hit AS MATERIALIZED (
  SELECT asked.place - 1 AS position, near.customer360_id
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (type, value, place)
  JOIN LATERAL (
    SELECT DISTINCT r.customer360_id
    FROM (SELECT record_id FROM identity.identifier
      WHERE identifier_type = asked.type AND normalized_value = asked.value
      ORDER BY record_id LIMIT ${DEGREE_CAP}) i
    JOIN LATERAL (SELECT customer360_id FROM identity.source_record WHERE record_id = i.record_id OFFSET 0) r ON true
    ORDER BY r.customer360_id LIMIT $3
  ) near ON true
)${CUSTOMERS_OF_HITS}`;

/**
 * `$1` the id to continue after, `$2` how many. Walks the index from customer to customer: it costs as much as it gives,
 * wherever the page begins and however many customers are without records.
 */
export const LIST_CUSTOMERS = `WITH RECURSIVE walk (customer360_id, remaining) AS (
  (SELECT customer360_id, $2::integer FROM identity.source_record WHERE customer360_id > $1 AND $2 > 0
    ORDER BY customer360_id LIMIT 1)
  UNION ALL
  SELECT next.customer360_id, walk.remaining - 1 FROM walk
  JOIN LATERAL (SELECT customer360_id FROM identity.source_record WHERE customer360_id > walk.customer360_id
    ORDER BY customer360_id LIMIT 1) next ON true
  WHERE walk.remaining > 1
), hit AS MATERIALIZED (SELECT 0 AS position, customer360_id FROM walk)${CUSTOMERS_OF_HITS}`;

/** `$1` types and `$2` values, in parallel; `$3` records for each. */
export const RECORDS_BY_IDENTIFIERS = `
SELECT asked.place - 1 AS position, near.record
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (type, value, place)
JOIN LATERAL (
  SELECT ${RECORD} AS record
  FROM (SELECT record_id FROM identity.identifier
    WHERE identifier_type = asked.type AND normalized_value = asked.value
    ORDER BY record_id LIMIT $3) carrier
  JOIN LATERAL (SELECT * FROM identity.source_record WHERE record_id = carrier.record_id OFFSET 0) r ON true
  ORDER BY r.record_id
) near ON true
ORDER BY asked.place`;

/** `$1` the data source, `$2` the record id to continue after, `$3` how many. */
export const LIST_RECORD_KEYS = `SELECT source_record_id FROM identity.source_record
WHERE data_source_id = $1 AND source_record_id > $2 ORDER BY source_record_id LIMIT $3`;

/** `$1` data sources and `$2` record ids, in parallel. */
export const FEATURES_OF_RECORDS = `
SELECT r.data_source_id, r.source_record_id, f.features
FROM unnest($1::text[], $2::text[]) AS asked (source, id)
JOIN LATERAL (SELECT * FROM identity.source_record
  WHERE data_source_id = asked.source AND source_record_id = asked.id OFFSET 0) r ON true
JOIN LATERAL (SELECT features FROM identity.match_feature WHERE record_id = r.record_id OFFSET 0) f ON true`;

/** `$1` the record's number to continue after, `$2` how many. */
export const LIST_FEATURES = `
SELECT f.record_id, r.data_source_id, r.source_record_id, f.features
FROM (SELECT * FROM identity.match_feature WHERE record_id > $1 ORDER BY record_id LIMIT $2) f
JOIN LATERAL (SELECT * FROM identity.source_record WHERE record_id = f.record_id OFFSET 0) r ON true
ORDER BY f.record_id`;

/** Waits until it is this writer's turn, and tells who may write and where the log stands. */
export const TAKE_TURN = 'SELECT * FROM identity.take_turn()';
