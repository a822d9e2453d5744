import type { CypherRow, RunCypher } from './neo4j-connection.ts';
import type { ChangeSet, EarlierUse } from './repository.ts';

/** How long a key is remembered. */
const KEPT_DAYS = 7;

const FIND_USE = `
MATCH (use:IdempotencyKey {name: $name}) RETURN use.operation AS operation, use.digest AS digest, use.result AS result`;

/** Each new key sweeps a few that have had their time. */
const KEEP_USE = `
CALL () {
  MATCH (old:IdempotencyKey) WHERE old.createdAt < datetime($at) - duration({days: ${KEPT_DAYS}})
  WITH old LIMIT 10 DELETE old
}
CREATE (:IdempotencyKey {name: $name, operation: $operation, digest: $digest, result: $result, createdAt: datetime($at)})`;

/** The first use of a key; undefined when there was none. */
export async function findEarlierUse(
  run: RunCypher,
  claim: { readonly subject: string; readonly key: string } | undefined,
): Promise<EarlierUse | undefined> {
  if (!claim) return undefined;
  const [row] = await run<CypherRow & { operation: string; digest: string; result: string }>(FIND_USE, {
    name: nameOf(claim),
  });
  return row && { operation: row.operation, digest: row.digest, result: JSON.parse(row.result) };
}

/** Remembers the key of a change set, if it has one. Writers take turns, so nobody else can have used it meanwhile. */
export async function keepUse(run: RunCypher, { idempotency, at }: ChangeSet): Promise<void> {
  if (!idempotency) return;
  const { operation, digest, result } = idempotency;
  await run(KEEP_USE, { name: nameOf(idempotency), operation, digest, result: JSON.stringify(result), at });
}

function nameOf({ subject, key }: { readonly subject: string; readonly key: string }): string {
  return JSON.stringify([subject, key]);
}
