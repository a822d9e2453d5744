import { type CustomerAnswer, customerOfAnswer } from './answers.ts';
import type { CustomerIdentity } from './repository.ts';

/** A customer of a tree as it was, with the merge that led away from it then; null for the one that stood for all. */
export interface PastMerge {
  readonly customer360Id: string;
  readonly createdAt: string;
  readonly into: { readonly survivor: string; readonly mergeEventId: string } | null;
}

/** A record's link as the log tells it. `payload` is that of RecordLinked. */
export interface PastLink {
  readonly homeCustomer360Id: string;
  readonly linkedAt: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What stands in the log in place of the id of an erased record begins so. */
export const REDACTED = 'erased:';

/** Puts a customer of the past together. Null without one that stood for all. */
export function customerOfPast(tree: readonly PastMerge[], links: readonly PastLink[]): CustomerIdentity | null {
  const root = tree.find(({ into }) => into === null);
  if (!root) return null;
  const answer: CustomerAnswer = {
    positions: [],
    customer360Id: root.customer360Id,
    createdAt: root.createdAt,
    merged: tree.flatMap(({ customer360Id, createdAt, into }) =>
      into ? [[createdAt, customer360Id, into.survivor, into.mergeEventId] as const] : [],
    ),
    records: links
      .filter(({ payload }) => !text(payload, 'sourceRecordId').startsWith(REDACTED))
      .map(({ homeCustomer360Id, linkedAt, payload }) => [
        text(payload, 'dataSourceId'),
        text(payload, 'sourceRecordId'),
        text(payload, 'dataSourceObjectId'),
        null,
        root.customer360Id,
        text(payload, 'rule'),
        linkedAt,
        null,
        homeCustomer360Id,
        typeof payload['bits'] === 'number' ? payload['bits'] : null,
      ]),
  };
  return customerOfAnswer(answer);
}

function text(payload: Readonly<Record<string, unknown>>, name: string): string {
  const value = payload[name];
  return typeof value === 'string' ? value : '';
}
