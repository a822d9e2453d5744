/** An object of an answer as subgraphs gave it: everything that was fetched, selected by a client or not. */
export type RawObject = Record<string, unknown>;

/** True for what has fields: neither null nor a list. */
export function isRawObject(value: unknown): value is RawObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True for names such as `constructor`, which every object has: whether a subgraph gave one has to be looked up. */
export function isInherited(name: string): boolean {
  return name in Object.prototype;
}

/** The value a subgraph gave, never one that every object has. */
export function ownValue(object: RawObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
