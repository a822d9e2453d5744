import { tombstoneDigest } from './erasure.ts';
import type { NetEffects, PendingEvent } from './fold.ts';

/** The alarms of a change set: a record brings an identifier that was erased with somebody. */
export async function returnedIdentifiers(
  effects: NetEffects,
  hashKey: string,
  erasedAmong: (digests: readonly string[]) => Promise<ReadonlyMap<string, string>>,
): Promise<PendingEvent[]> {
  const added = effects.addedIdentifiers.map(({ record, identifier }) => {
    return { record, identifier, digest: tombstoneDigest(hashKey, identifier) };
  });
  if (added.length === 0) return [];
  const erased = await erasedAmong([...new Set(added.map(({ digest }) => digest))]);
  return added.flatMap(({ record, identifier, digest }): PendingEvent[] => {
    const customer360Id = erased.get(digest);
    if (customer360Id === undefined) return [];
    const { dataSourceId, sourceRecordId } = record;
    const payload = { identifierType: identifier.identifierType, dataSourceId, sourceRecordId };
    return [{ type: 'ErasedIdentifierReturned', key: customer360Id, payload }];
  });
}
