import type { Principal } from '../../../schema/principal.ts';
import { tombstoneDigest } from '../store/erasure.ts';
import { REDACTED } from '../store/past.ts';
import {
  type CustomerIdentity,
  type Identifier,
  type IdentityRepository,
  identifierKey,
  recordKey,
  type SourceRecordKey,
} from '../store/repository.ts';
import { foundCustomer } from './found.ts';
import { once, type StewardInput, type StewardParts } from './once.ts';

const EVENTS_AT_ONCE = 1_000;
const RECORDS_AT_ONCE = 1_000;

/**
 * Forgets a person: records, identifiers, match features, decisions and reviews leave the store, the log names their
 * records by keyed digests only, also those that their clouds had deleted before, and a tombstone stays of each identifier
 * that nobody else has. Throws NOT_FOUND.
 */
export function eraseCustomer(
  parts: StewardParts,
  principal: Principal,
  input: StewardInput & { readonly customer360Id: string },
): Promise<{ customer360Id: string }> {
  return once(parts, principal, 'eraseCustomer', input, async () => {
    const { repository } = parts;
    const customer = await foundCustomer(repository, input.customer360Id);
    const { customer360Id, records } = customer;
    const departed = await departedRecords(repository, customer);
    const hashKey = await repository.hashKey();
    const tombstones = (await identifiersOfOneAlone(repository, customer)).map((identifier) => {
      return { digest: tombstoneDigest(hashKey, identifier), identifierType: identifier.identifierType };
    });
    return {
      operations: [
        ...records.map(({ dataSourceId, sourceRecordId }) => {
          return { kind: 'unlink', record: { dataSourceId, sourceRecordId } } as const;
        }),
        { kind: 'erase', customer360Id, records: [...records.map(keyOf), ...departed], tombstones },
      ],
      result: { customer360Id },
    };
  });
}

/** Records of the customer that their clouds no longer have: nothing but the log names them. */
async function departedRecords(
  repository: IdentityRepository,
  { customer360Id, mergedCustomer360Ids }: CustomerIdentity,
): Promise<SourceRecordKey[]> {
  const named = new Map<string, SourceRecordKey>();
  for (let before: number | undefined; ; ) {
    const page = { ...(before !== undefined && { before }), first: EVENTS_AT_ONCE };
    const events = await repository.history.eventsOf([customer360Id, ...mergedCustomer360Ids], page);
    for (const { payload } of events) {
      const { dataSourceId, sourceRecordId } = payload;
      if (typeof dataSourceId !== 'string' || typeof sourceRecordId !== 'string') continue;
      if (!sourceRecordId.startsWith(REDACTED))
        named.set(recordKey({ dataSourceId, sourceRecordId }), { dataSourceId, sourceRecordId });
    }
    before = events.at(-1)?.sequence;
    if (events.length < EVENTS_AT_ONCE) break;
  }
  const keys = [...named.values()];
  for (let at = 0; at < keys.length; at += RECORDS_AT_ONCE) {
    const linked = await repository.customersByRecords(keys.slice(at, at + RECORDS_AT_ONCE));
    for (const key of linked.keys()) named.delete(key);
  }
  return [...named.values()];
}

/** An identifier that others have too, such as a household's telephone, does not raise an alarm when they bring it again. */
async function identifiersOfOneAlone(
  repository: IdentityRepository,
  { customer360Id, records }: CustomerIdentity,
): Promise<Identifier[]> {
  const own = new Map(records.flatMap(({ identifiers }) => identifiers).map((each) => [identifierKey(each), each]));
  const alone: Identifier[] = [];
  const all = [...own.values()];
  for (let at = 0; at < all.length; at += 1_000) {
    const chunk = all.slice(at, at + 1_000);
    const carriers = await repository.customersByIdentifiers(chunk, 2);
    for (const identifier of chunk) {
      const customers = carriers.get(identifierKey(identifier)) ?? [];
      if (customers.every((customer) => customer.customer360Id === customer360Id)) alone.push(identifier);
    }
  }
  return alone;
}

function keyOf({ dataSourceId, sourceRecordId }: { readonly dataSourceId: string; readonly sourceRecordId: string }) {
  return { dataSourceId, sourceRecordId };
}
