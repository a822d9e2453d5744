import type { Condition, Order } from '../../mapping/reader.ts';
import { CodedError } from '../../schema/errors.ts';

/** Pagination arguments as the schema gives them. */
export interface PageArguments {
  readonly first?: number | null;
  readonly after?: string | null;
}

/** Checks pagination arguments before anything is read. Throws BAD_USER_INPUT when `first` is out of range. */
export function pageArguments(
  args: PageArguments,
  limits: { readonly default: number; readonly most: number } = { default: 20, most: 100 },
): { first: number; after?: string } {
  const first = args.first ?? limits.default;
  if (first < 1 || first > limits.most) {
    throw new CodedError('BAD_USER_INPUT', `\`first\` is 1 to ${limits.most}, not ${first}.`);
  }
  return args.after === undefined || args.after === null ? { first } : { first, after: args.after };
}

/** The field has one of the values; no condition when the caller gave no list. */
export function isIn(field: string, values: readonly string[] | null | undefined): Condition[] {
  return values ? [{ field, in: [...new Set(values)] }] : [];
}

/** The field lies at `from` or later and before `before`; a bound that the caller left out does not bind. */
export function liesBetween(field: string, from?: string | null, before?: string | null): Condition[] {
  if (!from && !before) return [];
  return [{ field, ...(from ? { from } : {}), ...(before ? { before } : {}) }];
}

/** The latest first. */
export function latestFirst(field: string): Order {
  return { field, direction: 'descending' };
}

/** The earliest, or the first in the schema's list of values, first. */
export function earliestFirst(field: string): Order {
  return { field, direction: 'ascending' };
}

/** Checks the length of a text, in characters. Throws BAD_USER_INPUT that names the argument. */
export function checkLength(argument: string, text: string, most: number): void {
  if (text.trim().length === 0 || text.length > most) {
    throw new CodedError('BAD_USER_INPUT', `\`${argument}\` is 1 to ${most} characters.`);
  }
}

/** Checks a whole number. Throws BAD_USER_INPUT that names the argument. */
export function checkRange(argument: string, value: number, least: number, most: number): void {
  if (value < least || value > most) {
    throw new CodedError('BAD_USER_INPUT', `\`${argument}\` is ${least} to ${most}, not ${value}.`);
  }
}

const EMAIL_ADDRESS_LIMIT = 254;

/** Checks that a text can be an e-mail address. Throws BAD_USER_INPUT that names the argument and not the text. */
export function checkEmailAddress(argument: string, text: string): void {
  const trimmed = text.trim();
  if (trimmed.length > EMAIL_ADDRESS_LIMIT || !/^[^\s@<>"',;]+@[^\s@<>"',;]+\.[^\s@<>"',;]+$/u.test(trimmed)) {
    throw new CodedError('BAD_USER_INPUT', `\`${argument}\` is not an e-mail address.`);
  }
}
