import { type ColumnSource, sourceExpression } from '../column-source.ts';
import { canLookUp, jsonExpression, parameterType } from '../column-types.ts';
import type { CompiledObject } from '../compile.ts';
import type { Condition, Order, ReadOptions } from '../reader.ts';
import { conditionsSql } from './filter.ts';
import { nameSearchSql } from './name-search.ts';
import { afterSql, type OrderTerm, orderSql, orderTerms } from './order.ts';
import { Parameters } from './parameters.ts';
import {
  AliasNames,
  fromSql,
  inputExpressions,
  jsonArray,
  type Objects,
  type RowPlan,
  selectRelations,
} from './select.ts';

/** A read whose SQL is written, to be sent with many arguments. It gives one column `j`: an array for each row. */
export interface PreparedRead {
  /** Tells prepared reads apart. */
  readonly id: number;
  readonly text: string;
  readonly parameters: Parameters;
  /** How many values an array has: the object's columns, its relations, the order's terms, the group. */
  readonly width: number;
  readonly plan: RowPlan;
  readonly terms: readonly OrderTerm[];
  /** Positions of the order's terms. */
  readonly termSlots: readonly number[];
}

/** What is prepared: everything about a read that is written into its text. */
export interface ReadShape {
  readonly object: CompiledObject;
  readonly by?: string;
  readonly where: readonly Condition[];
  readonly children: NonNullable<ReadOptions['children']>;
  readonly orderBy: readonly Order[];
  /** Rows of a page. It is written into the text, so that a plan made once knows it. */
  readonly first?: number;
  /** For a page after another: which of the values it continues from are empty. */
  readonly after?: readonly boolean[];
  readonly isNameSearch?: boolean;
}

let preparedCount = 0;

/** Prepares the rows whose field `by` has one of many values, value by value. */
export function prepareRows(objects: Objects, shape: ReadShape): PreparedRead {
  const { object, children, where, by = '' } = shape;
  const parameters = new Parameters();
  const aliases = new AliasNames();
  const alias = aliases.next();
  const source = lookUpSource(object, by);
  const values = parameters.add((given) => given.values);
  const parentKey = (key: ColumnSource): string => sourceExpression(key, alias);
  const relations = selectRelations(objects, object, children, parentKey, aliases);
  const expressions = [...inputExpressions(object, alias), ...relations.expressions, 'g.i'];
  const conditions = conditionsSql(object, where, alias, parameters);
  const given = `unnest(${arraySql(values, parameterType(source.type))}) WITH ORDINALITY AS g(v, i)`;
  const found = [
    `SELECT ${jsonArray(expressions)} AS j, ${sourceExpression(object.key, alias)} AS k FROM ${fromSql(object, alias)}`,
    whereSql([`${sourceExpression(source, alias)} = g.v`, ...conditions]),
    // With an index each value is looked up on its own; without one the table is read once for all.
    source.isIndexed ? 'OFFSET 0' : '',
  ];
  const text = [`SELECT x.j FROM ${given} CROSS JOIN LATERAL (`, ...found, ') x ORDER BY g.i, x.k'];
  return prepared({ text, parameters, width: expressions.length, plan: relations.plan, terms: [], termSlots: [] });
}

/** Prepares one page over a whole object. */
export function preparePage(objects: Objects, shape: ReadShape): PreparedRead {
  const parameters = new Parameters();
  const parts = pageParts(objects, shape);
  const conditions = pageConditions(shape, parts, parameters);
  const text = [
    `SELECT ${jsonArray([...parts.outer, ...parts.relations, ...parts.outerTerms, '0'])} AS j`,
    `FROM (SELECT ${parts.inner.join(', ')} FROM ${fromSql(shape.object, parts.alias)}`,
    whereSql(conditions),
    `ORDER BY ${parts.order} LIMIT ${limitOf(shape)}) m ORDER BY ${parts.orderOf('m')}`,
  ];
  return prepared({ ...parts, text, parameters });
}

/**
 * Prepares, for each of many groups of values of the field `by`, one page over the rows of all its values. Each value
 * reads no more than a page by the index on (`by`, order), so the cost does not grow with what lies behind the page.
 */
export function preparePages(objects: Objects, shape: ReadShape): PreparedRead {
  const parameters = new Parameters();
  const source = lookUpSource(shape.object, shape.by ?? '');
  const groups = parameters.add((given) => given.groups);
  const values = parameters.add((given) => given.values);
  const parts = pageParts(objects, shape);
  const lookUp = `${sourceExpression(source, parts.alias)} = g.v`;
  const conditions = [lookUp, ...pageConditions(shape, parts, parameters)];
  const limit = limitOf(shape);
  const relations = parts.relations.map((expression) => `CASE WHEN m.n < ${limit} THEN ${expression} END`);
  const text = [
    `SELECT ${jsonArray([...parts.outer, ...relations, ...parts.outerTerms, 'm.i'])} AS j`,
    `FROM (SELECT g.i, q.*, row_number() OVER (PARTITION BY g.i ORDER BY ${parts.orderOf('q')}) AS n`,
    `FROM unnest(${arraySql(groups, 'integer')}, ${arraySql(values, parameterType(source.type))}) AS g(i, v)`,
    `CROSS JOIN LATERAL (SELECT ${parts.inner.join(', ')} FROM ${fromSql(shape.object, parts.alias)}`,
    whereSql(conditions),
    `ORDER BY ${parts.order} LIMIT ${limit}) q) m WHERE m.n <= ${limit} ORDER BY m.i, m.n`,
  ];
  return prepared({ ...parts, text, parameters });
}

/** The terms of a page's order, for its cursors. */
export function pageTerms(object: CompiledObject, orderBy: readonly Order[]): OrderTerm[] {
  return orderTerms(object, orderBy, new AliasNames().next());
}

interface PageParts {
  readonly alias: string;
  /** Columns of the inner query, which finds and cuts the page. */
  readonly inner: readonly string[];
  /** The object's columns, the relations and the order's terms in the outer query, which sees only the page. */
  readonly outer: readonly string[];
  readonly relations: readonly string[];
  readonly outerTerms: readonly string[];
  readonly order: string;
  readonly orderOf: (query: string) => string;
  readonly width: number;
  readonly plan: RowPlan;
  readonly terms: readonly OrderTerm[];
  readonly termSlots: readonly number[];
}

function pageParts(objects: Objects, shape: ReadShape): PageParts {
  const { object, children, orderBy } = shape;
  const aliases = new AliasNames();
  const alias = aliases.next();
  const keys: ColumnSource[] = [];
  const { expressions: relations, plan } = selectRelations(
    objects,
    object,
    children,
    (source) => `m.r${keys.push(source) - 1}`,
    aliases,
  );
  const terms = orderTerms(object, orderBy, alias);
  const inputs = inputExpressions(object, alias);
  const inner = [
    ...inputs.map((expression, index) => `${expression} AS s${index}`),
    ...terms.map((term, index) => `${term.expression} AS o${index}`),
    ...keys.map((source, index) => `${sourceExpression(source, alias)} AS r${index}`),
  ];
  const firstTerm = inputs.length + relations.length;
  return {
    alias,
    inner,
    outer: inputs.map((_, index) => `m.s${index}`),
    relations,
    outerTerms: terms.map((term, index) => jsonExpression(term.type, `m.o${index}`)),
    order: orderSql(terms, (term) => term.expression),
    orderOf: (query) => orderSql(terms, (_, index) => `${query}.o${index}`),
    width: firstTerm + terms.length + 1,
    plan,
    terms,
    termSlots: terms.map((_, index) => firstTerm + index),
  };
}

function pageConditions(shape: ReadShape, parts: PageParts, parameters: Parameters): string[] {
  const { object, where, after, isNameSearch } = shape;
  return [
    ...conditionsSql(object, where, parts.alias, parameters),
    ...(isNameSearch ? [nameSearchSql(object, parts.alias, parameters)] : []),
    ...(after ? [afterSql(parts.terms, after, parameters)] : []),
  ];
}

function lookUpSource(object: CompiledObject, field: string): ColumnSource {
  if (field === object.canonical.key) return object.key;
  const native = object.native(field);
  if (native.kind !== 'column' || !canLookUp(native.source.type)) {
    throw new Error(`${object.name} can't be looked up by ${field}.`);
  }
  return native.source;
}

/** One row more than the page has, to know whether there is more. */
function limitOf({ first = 0 }: ReadShape): number {
  return first + 1;
}

/**
 * A list of values as a subquery: the planner then expects the same number of values whether it knows them or not, and
 * finds that a plan made once serves all. Planning such a statement costs more than running it.
 */
function arraySql(parameter: string, type: string): string {
  return `(SELECT ${parameter}::${type}[])`;
}

function whereSql(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
}

function prepared(read: Omit<PreparedRead, 'id' | 'text'> & { readonly text: readonly string[] }): PreparedRead {
  const { parameters, width, plan, terms, termSlots } = read;
  const text = read.text.filter((line) => line !== '').join('\n');
  return { id: preparedCount++, text, parameters, width, plan, terms, termSlots };
}
