import type { SelectionSetNode } from 'graphql';
import type { Rewrite } from '../planner/plan.ts';
import { type FetchDocument, forEachField, responseNameOf } from './fetch-document.ts';
import { isInherited, isRawObject, ownValue, type RawObject } from './raw-object.ts';
import type { TypeConditions } from './type-conditions.ts';

/** Which fields a fetch brings for an object, and below them. Only these are merged, whatever else an answer holds. */
export interface MergeShape {
  readonly fields: readonly MergeField[];
}

interface MergeField {
  readonly name: string;
  readonly isInherited: boolean;
  readonly isTypename: boolean;
  /** Undefined for a leaf, whose value is taken as a whole, be it an object. */
  readonly below: MergeShape | undefined;
}

/** Compiles the shape of what a fetch brings, under the names that its rewrites give. */
export function compileMergeShape(
  selections: readonly SelectionSetNode[],
  fragments: FetchDocument['fragments'],
  rewrites: readonly Rewrite[],
): MergeShape {
  const shape = shapeOf(selections, fragments);
  for (const rewrite of rewrites) {
    const keys = rewrite.path.flatMap((segment) => (segment.kind === 'key' ? [segment.name] : []));
    const last = keys.pop();
    const at = keys.reduce<Map<string, ShapeNode> | undefined>((node, key) => node?.get(key)?.below, shape);
    if (!at || last === undefined) continue;
    const renamed = rewrite.kind === 'rename' ? rewrite.newName : last;
    const known = at.get(renamed)?.below;
    const below = at.get(last)?.below;
    at.set(renamed, { below: known && below ? new Map([...known, ...below]) : (below ?? known) });
  }
  return freeze(shape);
}

interface ShapeNode {
  readonly below: Map<string, ShapeNode> | undefined;
}

function shapeOf(
  selections: readonly SelectionSetNode[],
  fragments: FetchDocument['fragments'],
): Map<string, ShapeNode> {
  const below = new Map<string, SelectionSetNode[]>();
  for (const selection of selections) {
    forEachField(selection, fragments, (field) => {
      const name = responseNameOf(field);
      const known = below.get(name) ?? [];
      below.set(name, field.selectionSet ? [...known, field.selectionSet] : known);
    });
  }
  const shape = new Map<string, ShapeNode>();
  for (const [name, sets] of below) shape.set(name, { below: sets.length > 0 ? shapeOf(sets, fragments) : undefined });
  return shape;
}

function freeze(shape: Map<string, ShapeNode>): MergeShape {
  return {
    fields: [...shape].map(([name, { below }]) => ({
      name,
      isInherited: isInherited(name),
      isTypename: name === '__typename',
      below: below && freeze(below),
    })),
  };
}

/**
 * Puts what a subgraph gave for an object where the answer holds that object. A null changes nothing that is known: another
 * subgraph has the value. With `copies` the answer takes no part of `source` that could change later, so that one entity can
 * be merged into several places.
 */
export function merge(
  target: RawObject,
  source: RawObject,
  shape: MergeShape,
  types: TypeConditions,
  copies: boolean,
): void {
  const { fields } = shape;
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i] as MergeField;
    const { name, below } = field;
    const value = field.isInherited ? ownValue(source, name) : source[name];
    if (value === undefined) continue;
    const known = field.isInherited ? ownValue(target, name) : target[name];
    if (known === undefined || known === null) {
      put(target, field, copies && below ? copyOf(value, below) : value);
    } else if (value !== null && value !== known) {
      if (below) mergeValue(known, value, below, types, copies);
      else if (!field.isTypename || !types.isConcrete(known)) put(target, field, value);
    }
  }
}

/** Lists of the same field hold the same objects in the same order, whichever subgraph gives them. */
function mergeValue(known: unknown, value: unknown, shape: MergeShape, types: TypeConditions, copies: boolean): void {
  if (Array.isArray(known) && Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (known[i] === undefined || known[i] === null) known[i] = copies ? copyOf(item, shape) : item;
      else mergeValue(known[i], item, shape, types, copies);
    }
  } else if (isRawObject(known) && isRawObject(value) && known !== value) {
    merge(known, value, shape, types, copies);
  }
}

/** A copy that shares nothing with the value but its leaves, and holds no more than the shape. */
export function copyOf(value: unknown, shape: MergeShape): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    const copies = new Array<unknown>(value.length);
    for (let i = 0; i < value.length; i++) copies[i] = copyOf(value[i], shape);
    return copies;
  }
  const copy: RawObject = {};
  const { fields } = shape;
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i] as MergeField;
    const { name, below } = field;
    const part = field.isInherited ? ownValue(value as RawObject, name) : (value as RawObject)[name];
    if (part !== undefined) put(copy, field, below ? copyOf(part, below) : part);
  }
  return copy;
}

/** A field may have a name, such as `__proto__`, that can't be assigned to as any other. */
function put(target: RawObject, { name, isInherited }: MergeField, value: unknown): void {
  if (isInherited) Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  else target[name] = value;
}
