import { createHash } from 'node:crypto';

/** Which of the labels of `@override(from:, label:)` are switched on. Percentages switch themselves, per operation. */
export type ActiveLabels = ReadonlySet<string>;

const PERCENT_LABEL = /^percent\((\d{1,2}(?:\.\d{1,8})?|100)\)$/;

/**
 * Where an operation stands between 0 and 100, the same each time and in each process: `percent(5)` is active for operations
 * below 5. Plans are made per operation, so that a migration moves operations over one by one and never back and forth.
 */
export function percentageOf(operationText: string): number {
  const hash = createHash('sha256').update(operationText).digest();
  return (hash.readUInt32BE(0) / 2 ** 32) * 100;
}

/** True when the field with this label is read from the subgraph that overrides. */
export function isActive(label: string, active: ActiveLabels, percentage: number): boolean {
  const share = PERCENT_LABEL.exec(label)?.[1];
  return share === undefined ? active.has(label) : percentage < Number(share);
}
