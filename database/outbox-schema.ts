import { consumersSql } from './consumer-schema.ts';
import { quoteIdentifier, quoteLiteral } from './identifiers.ts';
import { secondVersion } from './outbox-changes.ts';

/** What gives a schema its log, `watch(table, event type, key column, owner column)` and its consumers. A later change is a further step. */
export const OUTBOX_MIGRATIONS: readonly { readonly name: string; readonly sqlFor: (schema: string) => string }[] = [
  { name: 'outbox-0001', sqlFor: firstVersion },
  { name: 'outbox-0002', sqlFor: secondVersion },
  { name: 'outbox-0003', sqlFor: consumersSql },
];

/** The channel on which a schema's log rings. */
export function outboxChannel(schema: string): string {
  return `${schema}_outbox`;
}

function firstVersion(schema: string): string {
  return [logSql(schema), ringSql(schema), watchSql(schema)].join('\n');
}

/** Whoever writes into the log, by a trigger or by hand, rings: once a transaction, and only when it wrote something. */
function logSql(name: string): string {
  const schema = quoteIdentifier(name);
  return `
CREATE TABLE IF NOT EXISTS ${schema}.outbox (
  sequence    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id          uuid NOT NULL DEFAULT gen_random_uuid(),
  type        text NOT NULL,
  key         text NOT NULL,
  occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  payload     jsonb NOT NULL DEFAULT '{}'
);

CREATE OR REPLACE FUNCTION ${schema}.notify_outbox() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  IF EXISTS (SELECT FROM added) THEN
    PERFORM pg_notify(${quoteLiteral(outboxChannel(name))}, '');
  END IF;
  RETURN NULL;
END
$body$;

CREATE OR REPLACE TRIGGER notify_outbox AFTER INSERT ON ${schema}.outbox
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ${schema}.notify_outbox();
`;
}

/**
 * The trigger sees all rows that a statement touched and writes one event for each key, however many rows were changed.
 * Of an update it takes the rows that differ as a whole, before and after: so a changed key rings for the old and the new
 * one, and a row that stayed as it was does not ring. Rows are compared as text because not every type can be compared.
 * It runs with its owner's rights: whoever may write the table need not know of the log.
 */
function ringSql(name: string): string {
  const schema = quoteIdentifier(name);
  return `
CREATE OR REPLACE FUNCTION ${schema}.ring() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
  event_type text := TG_ARGV[0];
  key_column text := TG_ARGV[1];
  touched text := CASE TG_OP
    WHEN 'INSERT' THEN format('SELECT %I::text AS key FROM added', key_column)
    WHEN 'DELETE' THEN format('SELECT %I::text AS key FROM removed', key_column)
    WHEN 'TRUNCATE' THEN format('SELECT %I::text AS key FROM %s', key_column, TG_RELID::regclass)
    ELSE format(
      'SELECT key FROM (
         (SELECT new_row.%1$I::text AS key, new_row::text FROM added AS new_row
          EXCEPT ALL SELECT old_row.%1$I::text, old_row::text FROM removed AS old_row)
         UNION ALL
         (SELECT old_row.%1$I::text, old_row::text FROM removed AS old_row
          EXCEPT ALL SELECT new_row.%1$I::text, new_row::text FROM added AS new_row)
       ) AS differing', key_column)
  END;
BEGIN
  EXECUTE format(
    'INSERT INTO ${schema}.outbox (type, key)
     SELECT %L, key FROM (SELECT DISTINCT key FROM (%s) AS touched WHERE key IS NOT NULL) AS keys ORDER BY key',
    event_type, touched);
  RETURN NULL;
END
$body$;
`;
}

function watchSql(name: string): string {
  const schema = quoteIdentifier(name);
  return `
CREATE OR REPLACE FUNCTION ${schema}.watch(table_name text, event_type text, key_column text) RETURNS void
  LANGUAGE plpgsql AS $body$
DECLARE
  watched text := format('%I.%I', ${quoteLiteral(name)}, table_name);
  -- A table may be watched for several events: each has triggers of its own.
  suffix text := left(md5(event_type || ' ' || key_column), 8);
  call text := format('FOR EACH STATEMENT EXECUTE FUNCTION ${schema}.ring(%L, %L)', event_type, key_column);
BEGIN
  EXECUTE format('SELECT %I::text FROM %s LIMIT 0', key_column, watched);
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
