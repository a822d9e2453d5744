import type { Queryable, Row } from '../../../database/database.ts';
import type { ChangeSet, EarlierUse } from './repository.ts';

/** How long a key is remembered. */
const KEPT_DAYS = 7;
/** Each new key sweeps a few that have had their time, so that the table stays small without a job of its own. */
const SWEPT_AT_ONCE = 10;

/** The first use of a key; undefined when there was none. */
export async function findEarlierUse(
  database: Queryable,
  claim: { readonly subject: string; readonly key: string } | undefined,
): Promise<EarlierUse | undefined> {
  if (!claim) return undefined;
  const [row] = await database.query<Row & EarlierUse>(
    'SELECT operation, digest, result FROM identity.idempotency_key WHERE subject = $1 AND key = $2',
    [claim.subject, claim.key],
  );
  return row;
}

/** Remembers the key of a change set, if it has one. Writers take turns, so nobody else can have used it meanwhile. */
export async function keepUse(transaction: Queryable, { idempotency, at }: ChangeSet): Promise<void> {
  if (!idempotency) return;
  const { subject, key, operation, digest, result } = idempotency;
  await transaction.query(
    `WITH old AS (
       DELETE FROM identity.idempotency_key WHERE (subject, key) IN (
         SELECT subject, key FROM identity.idempotency_key
         WHERE created_at < $6::timestamptz - interval '${KEPT_DAYS} days' ORDER BY created_at LIMIT ${SWEPT_AT_ONCE})
     )
     INSERT INTO identity.idempotency_key (subject, key, operation, digest, result, created_at)
     VALUES ($1, $2, $3, $4, $5::jsonb, $6::timestamptz)`,
    [subject, key, operation, digest, JSON.stringify(result), at],
  );
}
