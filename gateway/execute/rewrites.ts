import type { Rewrite, RewriteSegment } from '../planner/plan.ts';
import { isRawObject, ownValue, type RawObject } from './raw-object.ts';
import type { TypeConditions } from './type-conditions.ts';

/** Makes the changes that a plan wants made to data on its way to or from a subgraph, in place. */
export function applyRewrites(data: unknown, rewrites: readonly Rewrite[], types: TypeConditions): void {
  for (const rewrite of rewrites) applyAt(data, rewrite, 0, types);
}

function applyAt(data: unknown, rewrite: Rewrite, index: number, types: TypeConditions): void {
  if (Array.isArray(data)) {
    for (const item of data) applyAt(item, rewrite, index, types);
    return;
  }
  const segment = rewrite.path[index];
  if (!isRawObject(data) || !segment) return;
  if (segment.kind === 'types') {
    if (meets(data, segment.typenames, types)) applyAt(data, rewrite, index + 1, types);
  } else if (index < rewrite.path.length - 1) {
    applyAt(ownValue(data, segment.name), rewrite, index + 1, types);
  } else {
    change(data, segment.name, rewrite);
  }
}

function change(object: RawObject, key: string, rewrite: Rewrite): void {
  if (rewrite.kind === 'set') {
    object[key] = rewrite.value;
    return;
  }
  const value = ownValue(object, key);
  if (value === undefined) return;
  object[rewrite.newName] = value;
  if (rewrite.newName !== key) delete object[key];
}

/** True when the object is of one of the types; also when nothing says what it is. */
export function meets(object: RawObject, typenames: readonly string[], types: TypeConditions): boolean {
  const typename = object['__typename'];
  return typeof typename !== 'string' || typenames.some((condition) => types.matches(typename, condition));
}

/** The value at the end of a path; undefined when there is none or an object on the way is of another type. */
export function valueAt(data: unknown, path: readonly RewriteSegment[], types: TypeConditions, index = 0): unknown {
  const segment = path[index];
  if (!segment || data === undefined || data === null) return data;
  if (Array.isArray(data)) return data.map((item) => valueAt(item, path, types, index));
  if (!isRawObject(data)) return undefined;
  if (segment.kind === 'key') return valueAt(ownValue(data, segment.name), path, types, index + 1);
  return meets(data, segment.typenames, types) ? valueAt(data, path, types, index + 1) : undefined;
}
