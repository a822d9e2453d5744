import type { CanonicalRelation } from '../canonical.ts';
import { type ColumnSource, sourceExpression, tableAlias } from '../column-source.ts';
import { castKey, jsonExpression, tableIdentifier } from '../column-types.ts';
import type { CompiledObject } from '../compile.ts';
import type { CanonicalRow, ChildSelection } from '../reader.ts';
import type { RawRow } from '../value.ts';
import { orderSql, orderTerms } from './order.ts';

/** PostgreSQL's functions take at most 100 arguments. */
const MOST_ARGUMENTS = 90;

/** Objects of the cloud by name. */
export type Objects = ReadonlyMap<string, CompiledObject>;

/** How a raw row becomes a canonical one: its object's columns first, then one value for each relation. */
export interface RowPlan {
  readonly object: CompiledObject;
  readonly relations: readonly RelationPlan[];
  /** How many values the raw row of a child has. */
  readonly width: number;
}

interface RelationPlan {
  readonly name: string;
  readonly kind: CanonicalRelation['kind'];
  /** Position in the raw row; undefined when the cloud does not have the relation. */
  readonly slot: number | undefined;
  readonly plan: RowPlan;
}

/** Told of a row that was left out because the source leaves a required field empty. */
export type OnIncompleteRow = (object: string, field: string) => void;

/** Tables of one statement have names of their own. */
export class AliasNames {
  #count = 0;
  next(): string {
    return `t${this.#count++}`;
  }
}

/** The object's table and its joins, as they stand behind FROM. */
export function fromSql(object: CompiledObject, alias: string): string {
  const joins = object.joins.map((join, index) => {
    const column = castKey(sourceExpression(join.column, alias), join.column.type, join.key.type);
    const condition = `${sourceExpression(join.key, alias)} = ${column}`;
    return ` LEFT JOIN ${tableIdentifier(join.table)} AS ${tableAlias(index, alias)} ON ${condition}`;
  });
  return `${tableIdentifier(object.table)} AS ${alias}${joins.join('')}`;
}

/** The expressions of an object's own columns. */
export function inputExpressions(object: CompiledObject, alias: string): string[] {
  return object.inputs.map((source) => jsonExpression(source.type, sourceExpression(source, alias)));
}

/**
 * The expressions of the relations asked for, each a subquery that gives JSON, and the plan to decode a row by.
 * `parentKey` gives the expression of a column of the object in the place where the relations' expressions will stand.
 */
export function selectRelations(
  objects: Objects,
  object: CompiledObject,
  children: ChildSelection,
  parentKey: (source: ColumnSource) => string,
  aliases: AliasNames,
): { expressions: string[]; plan: RowPlan } {
  const expressions: string[] = [];
  const relations = Object.entries(children).flatMap(([name, grandchildren]): RelationPlan[] => {
    const relation = object.canonical.relations?.[name];
    if (!relation) throw new Error(`${object.name} has no relation ${name}.`);
    const child = objects.get(relation.object);
    const ends = child && relationEnds(object, child, relation);
    if (!child || !ends)
      return [{ name, kind: relation.kind, slot: undefined, plan: { object, relations: [], width: 0 } }];
    const alias = aliases.next();
    const childColumn = sourceExpression(ends.child, alias);
    const condition = `${childColumn} = ${castKey(parentKey(ends.parent), ends.parent.type, ends.child.type)}`;
    const { expression, plan } = childSql({ objects, child, relation, grandchildren, alias, condition, aliases });
    return [{ name, kind: relation.kind, slot: object.inputs.length + expressions.push(expression) - 1, plan }];
  });
  return { expressions, plan: { object, relations, width: object.inputs.length + expressions.length } };
}

/** One JSON array of all expressions. */
export function jsonArray(expressions: readonly string[]): string {
  if (expressions.length <= MOST_ARGUMENTS) return `json_build_array(${expressions.join(', ')})`;
  const chunks: string[] = [];
  for (let start = 0; start < expressions.length; start += MOST_ARGUMENTS) {
    chunks.push(`json_build_array(${expressions.slice(start, start + MOST_ARGUMENTS).join(', ')})`);
  }
  return `json_build_array(${chunks.join(', ')})`;
}

/** Undoes `jsonArray` for a row of so many expressions. */
export function flatRow(row: RawRow, width: number): RawRow {
  return width <= MOST_ARGUMENTS ? row : row.flat();
}

/** The canonical row, or undefined when it is left out. */
export function decodeRow(plan: RowPlan, raw: RawRow, onIncomplete: OnIncompleteRow): CanonicalRow | undefined {
  const { object, relations } = plan;
  const row = object.decode(raw);
  if (typeof row === 'string') {
    onIncomplete(object.name, row);
    return undefined;
  }
  for (const relation of relations) row[relation.name] = decodeRelation(relation, raw, onIncomplete);
  return row;
}

function decodeRelation(relation: RelationPlan, raw: RawRow, onIncomplete: OnIncompleteRow): unknown {
  const value = relation.slot === undefined ? null : raw[relation.slot];
  const rows = (value ?? []) as readonly RawRow[];
  const { plan } = relation;
  const decoded = rows.flatMap((row) => decodeRow(plan, flatRow(row, plan.width), onIncomplete) ?? []);
  return relation.kind === 'many' ? decoded : (decoded[0] ?? null);
}

/** The two columns that a relation compares, or undefined when the cloud does not have one of them. */
function relationEnds(
  object: CompiledObject,
  child: CompiledObject,
  relation: CanonicalRelation,
): { parent: ColumnSource; child: ColumnSource } | undefined {
  const reference = (relation.kind === 'many' ? child : object).native(relation.field);
  if (reference.kind !== 'column') return undefined;
  return relation.kind === 'many'
    ? { parent: object.key, child: reference.source }
    : { parent: reference.source, child: child.key };
}

interface ChildParts {
  readonly objects: Objects;
  readonly child: CompiledObject;
  readonly relation: CanonicalRelation;
  readonly grandchildren: ChildSelection;
  readonly alias: string;
  readonly condition: string;
  readonly aliases: AliasNames;
}

function childSql(parts: ChildParts): { expression: string; plan: RowPlan } {
  const { objects, child, relation, grandchildren, alias, condition, aliases } = parts;
  const parentKey = (source: ColumnSource): string => sourceExpression(source, alias);
  const { expressions, plan } = selectRelations(objects, child, grandchildren, parentKey, aliases);
  const row = jsonArray([...inputExpressions(child, alias), ...expressions]);
  const from = `FROM ${fromSql(child, alias)} WHERE ${condition}`;
  if (relation.kind === 'one') return { plan, expression: `(SELECT json_build_array(${row}) ${from} LIMIT 1)` };
  const order = relation.orderBy.map((field) => ({ field, direction: 'ascending' }) as const);
  const terms = orderSql(orderTerms(child, order, alias), (term) => term.expression);
  return { plan, expression: `(SELECT json_agg(c.j) FROM (SELECT ${row} AS j ${from} ORDER BY ${terms}) c)` };
}
