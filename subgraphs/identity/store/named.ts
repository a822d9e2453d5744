import { recordsOfVerdict } from './decision.ts';
import type { DocumentKind } from './document.ts';
import { type ChangeSet, recordKey, type SourceRecordKey } from './repository.ts';

/** What the operations of a change set name, each once. */
export interface NamedByChangeSet {
  readonly customers: string[];
  readonly merges: string[];
  readonly records: SourceRecordKey[];
  /** Decisions to be taken back. */
  readonly decisions: string[];
  readonly documentKinds: DocumentKind[];
}

/** Collects what has to be read before a change set can be folded. */
export function namedByChangeSet(changeSet: ChangeSet): NamedByChangeSet {
  const customers = new Set<string>();
  const merges = new Set<string>();
  const records = new Map<string, SourceRecordKey>();
  const decisions = new Set<string>();
  const documentKinds = new Set<DocumentKind>();
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
      case 'decide':
        for (const verdict of operation.decision.verdicts) {
          for (const record of recordsOfVerdict(verdict)) records.set(recordKey(record), record);
          if (verdict.kind === 'PIN') customers.add(verdict.customer360Id);
        }
        break;
      case 'revoke':
        decisions.add(operation.decisionId);
        break;
      case 'review':
        for (const record of [operation.review.left, operation.review.right]) records.set(recordKey(record), record);
        break;
      case 'activate':
      case 'reactivate':
        documentKinds.add(operation.documentKind);
        break;
      case 'household':
        for (const customer360Id of operation.customer360Ids) customers.add(customer360Id);
        break;
      case 'erase':
        customers.add(operation.customer360Id);
        break;
      case 'closeReviews':
        break;
    }
  }
  return {
    customers: [...customers],
    merges: [...merges],
    records: [...records.values()],
    decisions: [...decisions],
    documentKinds: [...documentKinds],
  };
}
