import { CodedError } from '../../schema/errors.ts';
import { sourceExpression } from '../column-source.ts';
import { type ColumnType, parameterType, toParameter } from '../column-types.ts';
import type { CompiledObject } from '../compile.ts';
import type { Condition } from '../reader.ts';
import { codesSql } from './codes.ts';
import type { Parameters } from './parameters.ts';

/** The SQL of conditions on an object whose table is called `alias`; what they compare with is bound later, or constant. */
export function conditionsSql(
  object: CompiledObject,
  where: readonly Condition[],
  alias: string,
  parameters: Parameters,
): string[] {
  return where.map((condition, index) => conditionSql(object, condition, alias, index, parameters));
}

/** What of the conditions is part of the text: two reads of one shape differ in parameters only. */
export function conditionsShape(object: CompiledObject, where: readonly Condition[]): unknown {
  return where.map((condition) => {
    if (!('in' in condition)) return [condition.field, condition.from !== undefined, condition.before !== undefined];
    return [condition.field, isBound(object, condition.field) ? [] : condition.in];
  });
}

/** The values that the conditions are bound with, condition by condition. Throws BAD_USER_INPUT for a time that is none. */
export function conditionValues(object: CompiledObject, where: readonly Condition[]): (readonly string[])[] {
  return where.map((condition) => {
    if (!('in' in condition)) return [condition.from, condition.before].map(checkedInstant);
    const native = object.native(condition.field);
    if (native.kind !== 'column' || !isBound(object, condition.field)) return [];
    return condition.in.flatMap((value) => toParameter(native.source.type, String(value)) ?? []);
  });
}

function conditionSql(
  object: CompiledObject,
  condition: Condition,
  alias: string,
  index: number,
  parameters: Parameters,
): string {
  const native = object.native(condition.field);
  if (native.kind === 'absent') return 'false';
  if (native.kind === 'derived') throw new Error(`${object.name} can't be filtered by ${condition.field}.`);
  if (!('in' in condition)) {
    if (native.kind !== 'column') throw new Error(`${object.name}.${condition.field} is no time to filter by.`);
    return rangeSql(condition, sourceExpression(native.source, alias), native.source.type, index, parameters);
  }
  if (native.kind === 'constant') return String(condition.in.map(String).includes(String(native.value)));
  if (!isBound(object, condition.field)) return codesSql(native, condition.in, alias);
  const { type } = native.source;
  const list = parameters.add(({ conditions = [] }) => conditions[index] ?? []);
  return `${sourceExpression(native.source, alias)} = ANY (${list}::${parameterType(type)}[])`;
}

/** Keys and the like are bound; enumerations have so few values that they are written into the text. */
function isBound(object: CompiledObject, field: string): boolean {
  return object.native(field).kind === 'column' && object.canonical.fields[field]?.values === undefined;
}

function rangeSql(
  condition: Extract<Condition, { from?: string }>,
  expression: string,
  type: ColumnType,
  index: number,
  parameters: Parameters,
): string {
  const bound = (position: number): string => {
    const parameter = `${parameters.add(({ conditions = [] }) => conditions[index]?.[position])}::timestamptz`;
    return type.family === 'instant' ? parameter : `(${parameter} AT TIME ZONE 'UTC')`;
  };
  const parts = [
    ...(condition.from === undefined ? [] : [`${expression} >= ${bound(0)}`]),
    ...(condition.before === undefined ? [] : [`${expression} < ${bound(1)}`]),
  ];
  return parts.length === 0 ? 'true' : parts.join(' AND ');
}

function checkedInstant(text: string | undefined): string {
  if (text === undefined) return '';
  const milliseconds = Date.parse(text);
  if (Number.isNaN(milliseconds)) throw new CodedError('BAD_USER_INPUT', 'A time to filter by is given in ISO 8601.');
  return new Date(milliseconds).toISOString();
}
