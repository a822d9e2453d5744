import type { PlanPath } from '../planner/plan.ts';
import { isRawObject, ownValue, type RawObject } from './raw-object.ts';
import { meets } from './rewrites.ts';
import type { TypeConditions } from './type-conditions.ts';

/** A path in the answer as clients read it. */
export type ResponsePath = readonly (string | number)[];

/** Collects the objects that stand at a path of the answer, in order. */
export function collectAt(
  value: unknown,
  path: PlanPath,
  index: number,
  types: TypeConditions,
  found: RawObject[],
): void {
  if (value === null || typeof value !== 'object') return;
  const segment = path[index];
  if (Array.isArray(value)) {
    const next = segment?.kind === 'items' ? index + 1 : index;
    for (let i = 0; i < value.length; i++) collectAt(value[i], path, next, types, found);
  } else if (!segment) {
    found.push(value as RawObject);
  } else if (segment.kind === 'field') {
    collectAt((value as RawObject)[segment.responseName], path, index + 1, types, found);
  } else if (segment.kind === 'items' || meets(value as RawObject, segment.typenames, types)) {
    collectAt(value, path, index + 1, types, found);
  }
}

/** A place of the answer: the object, the way to it, and the objects passed on the way, outermost first. */
export interface Place {
  readonly object: RawObject;
  readonly path: ResponsePath;
  readonly ancestors: readonly RawObject[];
}

/** As `collectAt`, with the ways. For what is rare: errors and `@fromContext`. */
export function placesAt(root: RawObject, path: PlanPath, types: TypeConditions): Place[] {
  const places: Place[] = [];
  walk(root, 0, [], []);
  return places;

  function walk(value: unknown, index: number, at: ResponsePath, ancestors: readonly RawObject[]): void {
    const segment = path[index];
    if (Array.isArray(value)) {
      const next = segment?.kind === 'items' ? index + 1 : index;
      for (const [i, item] of value.entries()) walk(item, next, [...at, i], ancestors);
    } else if (!isRawObject(value)) {
      return;
    } else if (!segment) {
      places.push({ object: value, path: at, ancestors });
    } else if (segment.kind === 'field') {
      const { responseName } = segment;
      walk(ownValue(value, responseName), index + 1, [...at, responseName], [...ancestors, value]);
    } else if (segment.kind === 'items' || meets(value, segment.typenames, types)) {
      walk(value, index + 1, at, ancestors);
    }
  }
}

/** The part of a path before its first list: one place that stands for all below it. */
export function pathToFirstList(path: PlanPath): string[] {
  const names: string[] = [];
  for (const segment of path) {
    if (segment.kind === 'items') break;
    if (segment.kind === 'field') names.push(segment.responseName);
  }
  return names;
}
