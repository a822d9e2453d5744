import { isInterfaceType, isNonNullType, isObjectType, type SelectionSetNode } from 'graphql';
import { type FetchDocument, forEachField, responseNameOf } from './fetch-document.ts';
import { ownValue, type RawObject } from './raw-object.ts';
import type { TypeConditions } from './type-conditions.ts';

/** Lets the nullable fields that a fetch did not bring count as null. */
export type NullFiller = (object: RawObject) => void;

/**
 * Compiles what happens to an object whose fetch failed: its requested nullable fields are null unless another subgraph gave
 * them. Later fetches that need those fields are then made; without it, an entity of which one source failed would be left out
 * of them. Fields that may not be null stay away.
 */
export function compileNullFiller(
  selections: readonly SelectionSetNode[],
  fragments: FetchDocument['fragments'],
  types: TypeConditions,
): NullFiller {
  const byType = new Map<string, readonly string[]>();
  return (object) => {
    const typename = object['__typename'];
    if (typeof typename !== 'string') return;
    let names = byType.get(typename);
    if (!names) {
      names = nullableFields(typename, selections, fragments, types);
      // A subgraph may name any number of types that there are not.
      if (types.schema.getType(typename)) byType.set(typename, names);
    }
    for (const name of names) {
      if (ownValue(object, name) === undefined) object[name] = null;
    }
  };
}

function nullableFields(
  typename: string,
  selections: readonly SelectionSetNode[],
  fragments: FetchDocument['fragments'],
  types: TypeConditions,
): string[] {
  const type = types.schema.getType(typename);
  if (!isObjectType(type) && !isInterfaceType(type)) return [];
  const fields = type.getFields();
  const names: string[] = [];
  for (const selection of selections) {
    forEachField(selection, fragments, (node, on) => {
      if (on !== undefined && !types.matches(typename, on)) return;
      const field = fields[node.name.value];
      if (field && !isNonNullType(field.type)) names.push(responseNameOf(node));
    });
  }
  return names;
}
