import type { CanonicalField } from '../canonical.ts';
import { sourceExpression } from '../column-source.ts';
import { type ColumnType, literal, parameterType, RANK_TYPE } from '../column-types.ts';
import type { CompiledObject } from '../compile.ts';
import type { NativeField } from '../native-field.ts';
import type { Order } from '../reader.ts';
import { codeExpression, codeLiteral } from './codes.ts';
import type { Parameters } from './parameters.ts';

/** One term that rows are ordered by. Empty values come last, in either direction. */
export interface OrderTerm {
  readonly expression: string;
  readonly type: ColumnType;
  readonly isDescending: boolean;
  readonly isNotNull: boolean;
}

/**
 * The terms of an order over an object whose table is called `alias`. The key comes last, so that the order is total.
 * Fields that the cloud lacks, and constants, order nothing.
 */
export function orderTerms(object: CompiledObject, orderBy: readonly Order[], alias: string): OrderTerm[] {
  const terms: OrderTerm[] = [];
  let isDescending = false;
  for (const { field, direction } of orderBy) {
    isDescending = direction === 'descending';
    const term = fieldTerm(object, field, alias);
    if (term) terms.push({ ...term, isDescending: term.isDescending !== isDescending });
    if (field === object.canonical.key) return terms;
  }
  const { key } = object;
  return [
    ...terms,
    { expression: sourceExpression(key, alias), type: key.type, isDescending, isNotNull: key.isNotNull },
  ];
}

/** `a DESC, b` as it stands behind ORDER BY. NULLS LAST is said only where the database needs it, as indexes lack it. */
export function orderSql(
  terms: readonly OrderTerm[],
  expressionOf: (term: OrderTerm, index: number) => string,
): string {
  return terms
    .map((term, index) => {
      const nulls = term.isDescending && !term.isNotNull ? ' NULLS LAST' : '';
      return `${expressionOf(term, index)}${term.isDescending ? ' DESC' : ''}${nulls}`;
    })
    .join(', ');
}

/** The condition that a row comes after a position. `isNullAt` says which of the position's values are empty. */
export function afterSql(terms: readonly OrderTerm[], isNullAt: readonly boolean[], parameters: Parameters): string {
  const values = terms.map(({ type }, index) =>
    isNullAt[index] ? 'NULL' : `${parameters.add(({ after = [] }) => after[index])}::${parameterType(type)}`,
  );
  const [first] = terms;
  const isUniform = terms.every((term) => term.isNotNull && term.isDescending === first?.isDescending);
  if (isUniform) {
    const left = terms.map((term) => term.expression).join(', ');
    return `(${left}) ${first?.isDescending ? '<' : '>'} (${values.join(', ')})`;
  }
  const alternatives = terms.flatMap((term, index) => {
    const later = laterThan(term, values[index] ?? '', isNullAt[index] === true);
    if (later === undefined) return [];
    const same = terms.slice(0, index).map((earlier, position) => {
      return isNullAt[position] ? `${earlier.expression} IS NULL` : `${earlier.expression} = ${values[position]}`;
    });
    return [[...same, later].join(' AND ')];
  });
  return `(${alternatives.map((alternative) => `(${alternative})`).join(' OR ') || 'false'})`;
}

function laterThan(term: OrderTerm, value: string, isNull: boolean): string | undefined {
  if (isNull) return undefined;
  const later = `${term.expression} ${term.isDescending ? '<' : '>'} ${value}`;
  return term.isNotNull ? later : `(${later} OR ${term.expression} IS NULL)`;
}

/** `isDescending` of the result says whether the term runs against the field's own order. */
function fieldTerm(object: CompiledObject, field: string, alias: string): OrderTerm | undefined {
  const native = object.native(field);
  const definition = object.canonical.fields[field];
  if (native.kind === 'absent' || native.kind === 'constant') return undefined;
  if (native.kind === 'derived' || !definition) throw new Error(`${object.name} can't be ordered by ${field}.`);
  const { source } = native;
  const expression = sourceExpression(source, alias);
  const { type, isNotNull } = source;
  const steps = monotony(native, definition);
  if (steps !== undefined) return { expression, type, isNotNull, isDescending: steps < 0 };
  return {
    expression: rankExpression(native, definition, alias),
    type: RANK_TYPE,
    isNotNull: true,
    isDescending: false,
  };
}

/**
 * 1 or -1 when the column itself runs with or against the field's order, so that an index on it serves; undefined when
 * only a translation of its codes does.
 */
function monotony(
  native: Exclude<NativeField, { kind: 'absent' | 'constant' | 'derived' }>,
  definition: CanonicalField,
) {
  const { values } = definition;
  if (native.kind === 'column') return values ? undefined : 1;
  if (native.source.type.family !== 'integer' || native.otherwise !== undefined) return undefined;
  const codes = Object.entries(native.map).sort(([left], [right]) => Number(left) - Number(right));
  const ranks = codes.map(([, value]) => (values ? values.indexOf(String(value)) : Number.NaN));
  const steps = new Set(ranks.slice(1).map((rank, index) => Math.sign(rank - (ranks[index] ?? Number.NaN))));
  const [step] = steps;
  return steps.size === 1 && (step === 1 || step === -1) ? step : undefined;
}

function rankExpression(
  native: Exclude<NativeField, { kind: 'absent' | 'constant' | 'derived' }>,
  { values = [] }: CanonicalField,
  alias: string,
): string {
  const { type } = native.source;
  const codes = native.kind === 'codes' ? Object.entries(native.map) : values.map((value) => [value, value] as const);
  const cases = codes.map(([code, value]) => {
    const compared = codeLiteral(code, type) ?? literal(code);
    return `WHEN ${compared} THEN ${rankOf(String(value), values)}`;
  });
  const otherwise = native.kind === 'codes' ? rankOf(String(native.otherwise), values) : values.length;
  return `(CASE ${codeExpression(native, alias)} ${cases.join(' ')} ELSE ${otherwise} END)`;
}

function rankOf(value: string, values: readonly string[]): number {
  const rank = values.indexOf(value);
  return rank === -1 ? values.length : rank;
}
