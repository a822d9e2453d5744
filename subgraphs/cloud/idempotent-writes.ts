import { createHash } from 'node:crypto';
import type { Database, Queryable } from '../../database/database.ts';
import type { Clock } from '../../schema/clock.ts';
import { CodedError } from '../../schema/errors.ts';
import { checkLength } from './arguments.ts';
import type { CloudContext } from './context.ts';
import { guardStore, type OnWarning } from './store-failure.ts';

/** What writes need. */
export interface WritesOptions {
  /** Name of the cloud, and of the schema that holds its tables. */
  readonly cloud: string;
  readonly database: Database;
  readonly clock: Clock;
  /** False when the cloud is another system read through a mapping: writes are refused. */
  readonly writable: boolean;
  readonly onWarning: OnWarning;
}

/** The input of every mutation. */
export interface IdempotentInput {
  readonly idempotencyKey: string;
}

/** Keys of the records that a mutation made or changed. Stored with the idempotency key: nothing personal belongs in it. */
export type WriteResult = Readonly<Record<string, string>>;

/**
 * Runs a mutation once for each idempotency key of a principal. Repeated with the same input it gives the first result
 * again, with another it throws IDEMPOTENCY_KEY_REUSED; a failed attempt leaves no trace, so that it may be tried again.
 * Throws NOT_SUPPORTED_BY_CLOUD when the cloud is not writable.
 */
export type IdempotentWrite = <Input extends IdempotentInput>(
  context: CloudContext,
  operation: string,
  input: Input,
  work: (transaction: Queryable) => Promise<WriteResult>,
) => Promise<WriteResult>;

const KEY_LIMIT = 200;
const KEPT_DAYS = 7;
const DAY_MS = 86_400_000;
/** Each new key sweeps a few that have had their time, so that the table stays small without a job of its own. */
const SWEPT_AT_ONCE = 10;

/** Makes the function that mutations of one cloud run through. */
export function createIdempotentWrite(options: WritesOptions): IdempotentWrite {
  const { cloud, database, writable, onWarning } = options;
  return async (context, operation, input, work) => {
    if (!writable) {
      throw new CodedError('NOT_SUPPORTED_BY_CLOUD', `The system behind ${cloud} is read only: make the change there.`);
    }
    checkLength('idempotencyKey', input.idempotencyKey, KEY_LIMIT);
    const claim: Claim = {
      subject: context.principal.subject,
      key: input.idempotencyKey,
      operation,
      digest: digestOf(input),
    };
    const result = await guardStore(cloud, onWarning, () =>
      database.transaction(async (transaction) => {
        const earlier = await claimKey(options, transaction, claim);
        if (earlier) return earlier;
        const first = await work(transaction);
        await transaction.query(
          `UPDATE ${cloud}.idempotency_key SET result = $3::jsonb WHERE subject = $1 AND key = $2`,
          [claim.subject, claim.key, JSON.stringify(first)],
        );
        return first;
      }),
    );
    context.reads.forget();
    return result;
  };
}

interface Claim {
  readonly subject: string;
  readonly key: string;
  readonly operation: string;
  readonly digest: string;
}

/** Takes the key, or gives the result it already has. A concurrent call with the same key waits in the insert until this one has ended. */
async function claimKey(
  options: WritesOptions,
  transaction: Queryable,
  claim: Claim,
): Promise<WriteResult | undefined> {
  const table = `${options.cloud}.idempotency_key`;
  const now = options.clock();
  const inserted = await transaction.query(
    `INSERT INTO ${table} (subject, key, operation, input_digest, created_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (subject, key) DO NOTHING RETURNING key`,
    [claim.subject, claim.key, claim.operation, claim.digest, new Date(now)],
  );
  if (inserted.length > 0) {
    await transaction.query(
      `DELETE FROM ${table} WHERE (subject, key) IN (
         SELECT subject, key FROM ${table} WHERE created_at < $1 ORDER BY created_at LIMIT ${SWEPT_AT_ONCE} FOR UPDATE SKIP LOCKED)`,
      [new Date(now - KEPT_DAYS * DAY_MS)],
    );
    return undefined;
  }
  const [earlier] = await transaction.query<{ operation: string; input_digest: string; result: WriteResult }>(
    `SELECT operation, input_digest, result FROM ${table} WHERE subject = $1 AND key = $2`,
    [claim.subject, claim.key],
  );
  if (earlier?.operation !== claim.operation || earlier.input_digest !== claim.digest) {
    throw new CodedError('IDEMPOTENCY_KEY_REUSED', 'This idempotency key was used before for another call.');
  }
  return earlier.result;
}

/** Only a digest of the input is kept: the input itself may hold personal data. */
function digestOf(input: object): string {
  const sorted = Object.entries(input).sort(([one], [other]) => (one < other ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}
