import type { Person } from './person.ts';

/** What sample rows are made from, besides the people. */
export interface SampleContext {
  readonly seed: number;
  /** The time to count back from, milliseconds since 1970 UTC. */
  readonly now: number;
}

/** A row in the cloud's own column names. Rows of one table all have the same columns. */
export type SampleRow = Readonly<Record<string, unknown>>;

/** Table name → rows. */
export type SampleRows = Readonly<Record<string, readonly SampleRow[]>>;

/** The sample data of one cloud: pure functions of the people, so that the truth behind each record can be told. */
export interface SampleCloud {
  /** Name of the cloud and of its schema. */
  readonly name: string;
  /** Every table, each after those it refers to. The first holds the cloud's records of people. */
  readonly tables: readonly string[];
  /** Rows that stand before everybody's: products, campaigns, and the people told of in README.md. */
  sharedRows(context: SampleContext): SampleRows;
  /** Rows of one person; none when the cloud does not know the person. */
  rowsOf(person: Person, context: SampleContext): SampleRows;
}

const DAY_MS = 86_400_000;

/** The instant so many days (or parts of a day) before now, as text. */
export function daysAgo(context: SampleContext, days: number): string {
  return new Date(context.now - Math.round(days * DAY_MS)).toISOString();
}

/** The instant so many minutes before now, as text. */
export function minutesAgo(context: SampleContext, minutes: number): string {
  return daysAgo(context, minutes / 1440);
}

/**
 * A number that no other person's record has: each person has four places, of which this is place `slot` (0 to 3).
 * The result is scattered over 0 to 889,999, so that a person's records do not stand side by side. Each cloud has a `stride`
 * of its own, not divisible by 2, 5 or 89, so that equal numbers in two clouds say nothing.
 */
export function scatteredNumber(person: Person, slot: number, stride: number): number {
  return ((person.index * 4 + slot + 1) * stride) % 890_000;
}
