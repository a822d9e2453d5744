import type { Transform } from '../document.ts';
import { createDateReader } from './calendar.ts';
import { divideDecimal, multiplyDecimal, toDecimal } from './decimal.ts';
import { type PersonName, splitPersonName } from './person-name.ts';
import { toCountry, toE164 } from './telephone.ts';

/** A single value as it comes from a row, is transformed, and goes to a canonical field. */
export type Scalar = string | number | boolean | null;

/** Reads one value of a raw row. */
export type ReadValue<Raw> = (row: Raw) => Scalar;

/** What the transforms of one value are compiled with. */
export interface TransformContext<Raw> {
  /** The document's country for telephone numbers that have none of their own. */
  readonly defaultCountry: string | undefined;
  /** Makes a reader of another column of the same row. */
  readonly column: (name: string, path: readonly string[] | undefined) => ReadValue<Raw>;
}

type Step<Raw> = (value: Scalar, row: Raw) => Scalar;

/** Puts the transforms behind a value, in their order. An empty value stays empty, except for `values` with `otherwise`. */
export function applyTransforms<Raw>(
  read: ReadValue<Raw>,
  transforms: readonly Transform[],
  context: TransformContext<Raw>,
): ReadValue<Raw> {
  return transforms.reduce<ReadValue<Raw>>((before, transform) => {
    const step = compile(transform, context);
    return (row) => step(before(row), row);
  }, read);
}

/** The text of a value that is not empty. */
export function textOf(value: Scalar): string | null {
  return value === null ? null : typeof value === 'string' ? value : String(value);
}

function compile<Raw>(transform: Transform, context: TransformContext<Raw>): Step<Raw> {
  switch (transform.kind) {
    case 'trim':
      return onText((text) => text.trim() || null);
    case 'lowercase':
      return onText((text) => text.toLowerCase());
    case 'uppercase':
      return onText((text) => text.toUpperCase());
    case 'date':
      return onText(createDateReader(transform.format));
    case 'splitName':
      return onText(readPartOfName(transform.part));
    case 'divide':
      return onDecimal((amount) => divideDecimal(amount, transform.by));
    case 'multiply': {
      const factor = context.column(transform.column, undefined);
      return (value, row) => {
        const left = toDecimal(value);
        const right = toDecimal(factor(row));
        return left === null || right === null ? null : multiplyDecimal(left, right);
      };
    }
    case 'phone':
      return compilePhone(transform, context);
    case 'values':
      return compileValues(transform);
  }
}

function onText<Raw>(change: (text: string) => string | null): Step<Raw> {
  return (value) => (value === null ? null : change(typeof value === 'string' ? value : String(value)));
}

function onDecimal<Raw>(change: (amount: string) => string): Step<Raw> {
  return (value) => {
    const amount = toDecimal(value);
    return amount === null ? null : change(amount);
  };
}

/** A row asks for the parts of one name one after the other, so the last name is remembered. */
function readPartOfName(part: keyof PersonName): (text: string) => string | null {
  return (text) => {
    if (lastName.text !== text) lastName = { text, name: splitPersonName(text) };
    return lastName.name[part];
  };
}

let lastName = { text: '', name: splitPersonName('') };

function compilePhone<Raw>(
  transform: Extract<Transform, { kind: 'phone' }>,
  context: TransformContext<Raw>,
): Step<Raw> {
  const fixed = transform.country ?? context.defaultCountry;
  if (transform.countryColumn === undefined) return onText((text) => toE164(text, fixed));
  const country = context.column(transform.countryColumn, transform.countryPath);
  return (value, row) => (value === null ? null : toE164(String(value), toCountry(textOf(country(row))) ?? fixed));
}

function compileValues<Raw>(transform: Extract<Transform, { kind: 'values' }>): Step<Raw> {
  const map = new Map(Object.entries(transform.map));
  const otherwise = transform.otherwise ?? null;
  return (value) => (value === null ? otherwise : (map.get(String(value)) ?? otherwise));
}
