import type { LiveCondition } from '../definition.ts';
import { compareDecimals, isDecimal } from './decimal.ts';

type Comparison = LiveCondition['all'][number];

/** Whether a condition holds for the answer to its selection on `Customer`. */
export function conditionHolds({ all }: LiveCondition, customer: unknown): boolean {
  return all.every((comparison) => comparisonHolds(comparison, valuesAt(customer, comparison.path.split('.'))));
}

/** A path goes through lists: every value it leads to, null where something on the way is missing. */
function valuesAt(value: unknown, path: readonly string[]): unknown[] {
  if (Array.isArray(value)) return value.flatMap((item) => valuesAt(item, path));
  const [field, ...rest] = path;
  if (field === undefined) return [value ?? null];
  if (typeof value !== 'object' || value === null) return [null];
  return valuesAt((value as Readonly<Record<string, unknown>>)[field], rest);
}

function comparisonHolds({ is, value }: Comparison, found: readonly unknown[]): boolean {
  const given = value ?? null;
  switch (is) {
    case 'EXISTS':
      return found.some((item) => item !== null);
    case 'MISSING':
      return found.every((item) => item === null);
    case 'EQUAL':
      return found.some((item) => isEqual(item, given));
    case 'NOT_EQUAL':
      return found.some((item) => !isEqual(item, given));
    case 'GREATER':
      return found.some((item) => (compare(item, given) ?? 0) > 0);
    case 'LESS':
      return found.some((item) => (compare(item, given) ?? 0) < 0);
    case 'CONTAINS':
      return found.some((item) => typeof item === 'string' && given !== null && item.includes(String(given)));
  }
}

function isEqual(found: unknown, given: unknown): boolean {
  if (found === null) return false;
  return found === given || compare(found, given) === 0;
}

const INSTANT = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/;

/** As numbers where both are, as times where both are, else as texts; null where nothing is to be compared. */
function compare(found: unknown, given: unknown): number | null {
  if (found === null || given === null || typeof found === 'object') return null;
  if (typeof found === 'boolean' || typeof given === 'boolean') return found === given ? 0 : null;
  const [one, other] = [String(found), String(given)];
  if (isDecimal(one) && isDecimal(other)) return compareDecimals(one, other);
  if (INSTANT.test(one) && INSTANT.test(other)) return Date.parse(one) - Date.parse(other);
  return one === other ? 0 : one < other ? -1 : 1;
}
