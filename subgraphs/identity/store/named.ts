import { type ChangeSet, recordKey, type SourceRecordKey } from './repository.ts';

/** What the operations of a change set name, each once. */
export interface NamedByChangeSet {
  readonly customers: string[];
  readonly merges: string[];
  readonly records: SourceRecordKey[];
}

/** Collects what has to be read before a change set can be folded. */
export function namedByChangeSet(changeSet: ChangeSet): NamedByChangeSet {
  const customers = new Set<string>();
  const merges = new Set<string>();
  const records = new Map<string, SourceRecordKey>();
  for (const operation of changeSet.operations) {
    switch (operation.kind) {
      case 'create':
        customers.add(operation.customer360Id);
        break;
      case 'link':
        customers.add(operation.customer360Id);
        records.set(recordKey(operation.record), operation.record);
        break;
      case 'unlink':
        records.set(recordKey(operation.record), operation.record);
        break;
      case 'merge':
        customers.add(operation.survivor).add(operation.merged);
        merges.add(operation.mergeEventId);
        break;
      case 'unmerge':
        merges.add(operation.mergeEventId);
        break;
    }
  }
  return { customers: [...customers], merges: [...merges], records: [...records.values()] };
}
