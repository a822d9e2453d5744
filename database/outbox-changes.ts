import { quoteIdentifier, quoteLiteral } from './identifiers.ts';

/** So many events of one transaction are known again, to be merged; a transaction that touches more writes one for each statement. */
const MERGED_LIMIT = 64;

/**
 * The second version of a schema's log: its events tell what was done (`change`), whose record it was (`recordId`) and which
 * columns have another value (`columns`), and a transaction writes one event for each type and key.
 *
 * `watch(table, event type, key column, owner column)` writes a trigger function for the table, so that its statements are planned
 * once. A table whose key column is unique is the object itself; any other is a part of it: whatever is done to a part is an update of
 * the object, and its columns are named `table.column`, or `table` for what is new or gone. The owner may be a column of the object that the
 * part belongs to: `cart.customer_no`. `rewatch()` writes the functions anew after columns were added: `migrate` calls it.
 */
export function secondVersion(schema: string): string {
  const name = quoteIdentifier(schema);
  return [
    retentionSql(name),
    columnsSql(name),
    touchedObjectsSql(name),
    touchedPartsSql(name),
    ringStatementSql(name),
    makeRingSql(schema),
    watchSql(schema),
    rewatchSql(schema),
    `SELECT ${name}.rewatch(true);
     DROP FUNCTION ${name}.ring();`,
  ].join('\n');
}

function retentionSql(schema: string): string {
  return `
-- The highest sequence that was pruned; no row before the first time.
CREATE TABLE IF NOT EXISTS ${schema}.outbox_floor (
  is_only  boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  sequence bigint NOT NULL
);
`;
}

/** What those queries are made of. */
function columnsSql(schema: string): string {
  return `
-- Columns are compared by their own type where it surely can be compared, else as text.
CREATE FUNCTION ${schema}.changed_columns(watched regclass, prefix text, key_column text) RETURNS text LANGUAGE sql STABLE AS $body$
  SELECT 'array_remove(ARRAY[' || coalesce(string_agg(format(
    CASE WHEN atttypid = ANY ('{bool,int2,int4,int8,text,varchar,bpchar,date,timestamp,timestamptz,uuid,numeric,jsonb}'::regtype[])
      THEN 'CASE WHEN new_row.%1$I IS DISTINCT FROM old_row.%1$I THEN %2$L END'
      ELSE 'CASE WHEN new_row.%1$I::text IS DISTINCT FROM old_row.%1$I::text THEN %2$L END' END,
    attname, prefix || attname), ', ' ORDER BY attnum), 'NULL') || ']::text[], NULL)'
  FROM pg_catalog.pg_attribute WHERE attrelid = watched AND attnum > 0 AND NOT attisdropped AND attname <> key_column
$body$;

-- The columns by which an old and a new row are known as one: none when the table has no primary key.
CREATE FUNCTION ${schema}.row_key(watched regclass) RETURNS text[] LANGUAGE sql STABLE AS $body$
  SELECT array_agg(attname::text ORDER BY attnum) FROM pg_catalog.pg_index
  JOIN pg_catalog.pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey) WHERE indrelid = watched AND indisprimary
$body$;

CREATE FUNCTION ${schema}.is_unique(watched regclass, key_column text) RETURNS boolean LANGUAGE sql STABLE AS $body$
  SELECT EXISTS (SELECT FROM pg_catalog.pg_index JOIN pg_catalog.pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
    WHERE indrelid = watched AND indisunique AND indnkeyatts = 1 AND indpred IS NULL AND attname = key_column)
$body$;

-- The owner's key by a row's alias: a column of the row, or of the row of another table that has the same key.
CREATE FUNCTION ${schema}.owner_of(alias text, key_column text, owner_column text) RETURNS text LANGUAGE sql IMMUTABLE AS $body$
  SELECT CASE
    WHEN owner_column IS NULL THEN 'NULL::text'
    WHEN position('.' IN owner_column) = 0 THEN format('%s.%I::text', alias, owner_column)
    ELSE format('(SELECT parent.%2$I::text FROM ${schema}.%1$I AS parent WHERE parent.%3$I = %4$s.%3$I)',
      split_part(owner_column, '.', 1), split_part(owner_column, '.', 2), key_column, alias)
  END
$body$;

`;
}

/** Writes the query that gives what a statement touched: key, owner, change, columns, each key once. */
function touchedObjectsSql(schema: string): string {
  return `
-- Of the object itself: what was inserted is created, what was deleted is gone, and a changed key is both.
CREATE FUNCTION ${schema}.touched_objects(operation text, watched regclass, table_name text, key_column text, owner_column text) RETURNS text
  LANGUAGE sql STABLE AS $body$
  SELECT CASE WHEN operation = 'UPDATE' THEN format(
    'SELECT coalesce(new_row.%1$I, old_row.%1$I)::text AS key, coalesce(%2$s, %3$s) AS owner,
       CASE WHEN old_row.%1$I IS NULL THEN ''CREATED'' WHEN new_row.%1$I IS NULL THEN ''DELETED'' ELSE ''UPDATED'' END AS change,
       CASE WHEN old_row.%1$I IS NOT NULL AND new_row.%1$I IS NOT NULL THEN to_jsonb(%4$s) ELSE ''[]'' END AS columns
     FROM added AS new_row FULL JOIN removed AS old_row ON new_row.%1$I = old_row.%1$I
     WHERE new_row::text IS DISTINCT FROM old_row::text AND coalesce(new_row.%1$I, old_row.%1$I) IS NOT NULL',
    key_column, ${schema}.owner_of('new_row', key_column, owner_column), ${schema}.owner_of('old_row', key_column, owner_column),
    ${schema}.changed_columns(watched, '', key_column))
  ELSE format('SELECT one.%1$I::text AS key, %2$s AS owner, %3$L AS change, ''[]''::jsonb AS columns FROM %4$s AS one WHERE one.%1$I IS NOT NULL',
    key_column, ${schema}.owner_of('one', key_column, owner_column),
    CASE operation WHEN 'INSERT' THEN 'CREATED' ELSE 'DELETED' END,
    CASE operation WHEN 'INSERT' THEN 'added' WHEN 'DELETE' THEN 'removed' ELSE format('${schema}.%I', table_name) END)
  END
$body$;

`;
}

/** The same for a table that is a part of the object. */
function touchedPartsSql(schema: string): string {
  return `
-- Of a part: whatever happens to it is an update of the object.
CREATE FUNCTION ${schema}.touched_parts(operation text, watched regclass, table_name text, key_column text, owner_column text) RETURNS text
  LANGUAGE plpgsql STABLE AS $body$
DECLARE
  row_key text[] := ${schema}.row_key(watched);
  -- The owner of the whole is looked up once for each object.
  is_of_whole boolean := coalesce(position('.' IN owner_column) > 0, true);
  own_owner text := CASE WHEN is_of_whole THEN NULL ELSE owner_column END;
  parts text;
BEGIN
  IF operation <> 'UPDATE' THEN
    parts := format('SELECT one.%1$I, %2$s AS owner, ARRAY[%3$L] AS columns FROM %4$s AS one', key_column,
      ${schema}.owner_of('one', key_column, own_owner), table_name,
      CASE operation WHEN 'INSERT' THEN 'added' WHEN 'DELETE' THEN 'removed' ELSE format('${schema}.%I', table_name) END);
  ELSIF row_key IS NULL THEN
    parts := format(
      '(SELECT new_row.%1$I, %2$s AS owner, ARRAY[%3$L] AS columns FROM (SELECT new_row.%1$I, %4$s AS owner, new_row::text AS content FROM added AS new_row
        EXCEPT ALL SELECT old_row.%1$I, %5$s, old_row::text FROM removed AS old_row) AS new_row
       UNION ALL
       SELECT old_row.%1$I, %6$s AS owner, ARRAY[%3$L] AS columns FROM (SELECT old_row.%1$I, %5$s AS owner, old_row::text AS content FROM removed AS old_row
        EXCEPT ALL SELECT new_row.%1$I, %4$s, new_row::text FROM added AS new_row) AS old_row)',
      key_column, 'new_row.owner', table_name, ${schema}.owner_of('new_row', key_column, own_owner),
      ${schema}.owner_of('old_row', key_column, own_owner), 'old_row.owner');
  ELSE
    parts := format(
      'SELECT side.%1$I, side.owner, pair.columns FROM (
         SELECT new_row.%1$I AS new_key, old_row.%1$I AS old_key, %2$s AS new_owner, %3$s AS old_owner,
           CASE WHEN %4$s THEN %5$s ELSE ARRAY[%6$L] END AS columns
         FROM added AS new_row FULL JOIN removed AS old_row ON %4$s WHERE new_row::text IS DISTINCT FROM old_row::text
       ) AS pair CROSS JOIN LATERAL (VALUES (pair.new_key, pair.new_owner), (pair.old_key, pair.old_owner)) AS side (%1$I, owner)',
      key_column, ${schema}.owner_of('new_row', key_column, own_owner), ${schema}.owner_of('old_row', key_column, own_owner),
      (SELECT string_agg(format('new_row.%1$I = old_row.%1$I', name), ' AND ') FROM unnest(row_key) AS name),
      ${schema}.changed_columns(watched, table_name || '.', ''), table_name);
  END IF;
  RETURN format(
    'SELECT whole.%1$I::text AS key, coalesce(whole.owner, %2$s) AS owner, ''UPDATED'' AS change, whole.columns FROM (
       SELECT part.%1$I, max(part.owner) AS owner,
         coalesce(jsonb_agg(DISTINCT changed.name ORDER BY changed.name) FILTER (WHERE changed.name IS NOT NULL), ''[]'') AS columns
       FROM (%3$s) AS part LEFT JOIN LATERAL unnest(part.columns) AS changed (name) ON true
       WHERE part.%1$I IS NOT NULL GROUP BY part.%1$I
     ) AS whole',
    key_column, ${schema}.owner_of('whole', key_column, CASE WHEN is_of_whole THEN owner_column END), parts);
END
$body$;
`;
}

/**
 * Merging: the events that the transaction has written so far are named in a setting that ends with it, also with a savepoint that is
 * rolled back. The last of CREATED and DELETED wins over UPDATED, which alone has columns.
 */
function ringStatementSql(schema: string): string {
  return `
CREATE FUNCTION ${schema}.ring_statement(touched text, event_type text) RETURNS text LANGUAGE sql IMMUTABLE AS $body$
  SELECT format($statement$
    IF seen = '{}' THEN
      WITH written AS (
        INSERT INTO ${schema}.outbox (type, key, payload)
        SELECT %2$L, key, jsonb_build_object('change', change, 'recordId', owner, 'columns', columns) FROM (%1$s) AS touched ORDER BY key
        RETURNING type || ' ' || key AS name, sequence
      )
      SELECT jsonb_object_agg(name, sequence), count(*) INTO fresh, fresh_count
      FROM (SELECT name, sequence FROM written LIMIT ${MERGED_LIMIT + 1}) AS first;
    ELSE
      WITH touched AS MATERIALIZED (%1$s),
      known AS MATERIALIZED (
        SELECT told.value::bigint AS sequence, touched.* FROM jsonb_each_text(seen) AS told (name, value)
        JOIN touched ON told.name = %2$L || ' ' || touched.key
      ),
      merged AS (
        UPDATE ${schema}.outbox AS event SET payload = CASE
          WHEN known.change = 'UPDATED' AND event.payload ->> 'change' <> 'UPDATED'
            THEN event.payload || jsonb_build_object('recordId', coalesce(event.payload ->> 'recordId', known.owner))
          ELSE jsonb_build_object('change', known.change, 'recordId', coalesce(known.owner, event.payload ->> 'recordId'), 'columns',
            CASE WHEN known.change = 'UPDATED' THEN (SELECT coalesce(jsonb_agg(DISTINCT name ORDER BY name), '[]') FROM (
              SELECT jsonb_array_elements_text(event.payload -> 'columns') AS name
              UNION ALL SELECT jsonb_array_elements_text(known.columns)) AS named)
            ELSE '[]' END)
          END
        -- By the key of the log, however long that is.
        FROM known WHERE event.sequence = known.sequence AND event.sequence = ANY (ARRAY(SELECT known.sequence FROM known))
      ),
      written AS (
        INSERT INTO ${schema}.outbox (type, key, payload)
        SELECT %2$L, key, jsonb_build_object('change', change, 'recordId', owner, 'columns', columns)
        FROM touched WHERE NOT seen ? (%2$L || ' ' || key) ORDER BY key
        RETURNING type || ' ' || key AS name, sequence
      )
      SELECT jsonb_object_agg(name, sequence), count(*) INTO fresh, fresh_count
      FROM (SELECT name, sequence FROM written LIMIT ${MERGED_LIMIT + 1}) AS first;
    END IF;
  $statement$, touched, event_type)
$body$;

`;
}

/** The trigger function of one table and event: what each kind of statement touched goes into the log. */
function makeRingSql(name: string): string {
  const schema = quoteIdentifier(name);
  return `
CREATE FUNCTION ${schema}.make_ring(table_name text, event_type text, key_column text, owner_column text) RETURNS text
  LANGUAGE plpgsql AS $body$
DECLARE
  watched regclass := format('%I.%I', ${quoteLiteral(name)}, table_name)::regclass;
  is_object boolean := ${schema}.is_unique(watched, key_column);
  function_name text := format('${schema}.%I', 'ring_' || left(md5(table_name || ' ' || event_type || ' ' || key_column), 12));
  branches text := '';
  operation text;
BEGIN
  FOREACH operation IN ARRAY ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'] LOOP
    branches := branches || format(E'%s TG_OP = %L THEN\\n%s', CASE WHEN branches = '' THEN 'IF' ELSE 'ELSIF' END, operation,
      ${schema}.ring_statement(CASE WHEN is_object
        THEN ${schema}.touched_objects(operation, watched, table_name, key_column, owner_column)
        ELSE ${schema}.touched_parts(operation, watched, table_name, key_column, owner_column) END, event_type));
  END LOOP;
  -- It runs with its owner's rights: whoever may write the table need not know of the log.
  EXECUTE format($function$
    CREATE OR REPLACE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = pg_catalog, pg_temp SET jit = off AS $ring$
    DECLARE
      recent text := coalesce(current_setting(%L, true), '');
      seen jsonb := CASE WHEN recent IN ('', 'many') THEN '{}' ELSE recent::jsonb END;
      fresh jsonb;
      fresh_count bigint;
    BEGIN
      %s
      END IF;
      IF fresh_count > 0 AND recent <> 'many' THEN
        fresh := seen || fresh;
        PERFORM set_config(%2$L, CASE WHEN (SELECT count(*) FROM jsonb_object_keys(fresh)) > ${MERGED_LIMIT} THEN 'many' ELSE fresh::text END, true);
      END IF;
      RETURN NULL;
    END
    $ring$ $function$, function_name, ${quoteLiteral(`customer_360.${name}_outbox`)}, branches);
  RETURN function_name;
END
$body$;
`;
}

function watchSql(name: string): string {
  const schema = quoteIdentifier(name);
  return `
DROP FUNCTION ${schema}.watch(text, text, text);
CREATE FUNCTION ${schema}.watch(table_name text, event_type text, key_column text, owner_column text DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql AS $body$
DECLARE
  watched text := format('%I.%I', ${quoteLiteral(name)}, table_name);
  -- A table may be watched for several events: each has triggers of its own.
  suffix text := left(md5(event_type || ' ' || key_column), 8);
  call text;
BEGIN
  EXECUTE format('SELECT %I::text FROM %s LIMIT 0', key_column, watched);
  call := format('FOR EACH STATEMENT EXECUTE FUNCTION %s(%L, %L, %L)',
    ${schema}.make_ring(table_name, event_type, key_column, owner_column), event_type, key_column, coalesce(owner_column, ''));
  EXECUTE format('CREATE OR REPLACE TRIGGER ring_insert_%s AFTER INSERT ON %s REFERENCING NEW TABLE AS added %s',
    suffix, watched, call);
  EXECUTE format('CREATE OR REPLACE TRIGGER ring_update_%s AFTER UPDATE ON %s
    REFERENCING OLD TABLE AS removed NEW TABLE AS added %s', suffix, watched, call);
  EXECUTE format('CREATE OR REPLACE TRIGGER ring_delete_%s AFTER DELETE ON %s REFERENCING OLD TABLE AS removed %s',
    suffix, watched, call);
  EXECUTE format('CREATE OR REPLACE TRIGGER ring_truncate_%s BEFORE TRUNCATE ON %s %s', suffix, watched, call);
END
$body$;
`;
}

/** What is watched, and how, stands in the triggers' arguments. */
function rewatchSql(name: string): string {
  const schema = quoteIdentifier(name);
  return `
CREATE FUNCTION ${schema}.rewatch(with_triggers boolean DEFAULT false) RETURNS void LANGUAGE plpgsql AS $body$
DECLARE
  watched record;
BEGIN
  FOR watched IN
    SELECT relname::text AS table_name, string_to_array(encode(tgargs, 'escape'), '\\000') AS given
    FROM pg_catalog.pg_trigger JOIN pg_catalog.pg_class ON pg_class.oid = tgrelid
    WHERE relnamespace = ${quoteLiteral(name)}::regnamespace AND starts_with(tgname, 'ring_insert_') AND NOT tgisinternal
    ORDER BY relname, tgname
  LOOP
    IF with_triggers THEN
      PERFORM ${schema}.watch(watched.table_name, watched.given[1], watched.given[2], nullif(watched.given[3], ''));
    ELSE
      PERFORM ${schema}.make_ring(watched.table_name, watched.given[1], watched.given[2], nullif(watched.given[3], ''));
    END IF;
  END LOOP;
END
$body$;
`;
}
