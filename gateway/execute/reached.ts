import type { SelectionSetNode } from 'graphql';
import { type GraphQLNamedType, type GraphQLObjectType, getNamedType, isAbstractType, isObjectType } from 'graphql';
import { type CollectParts, collectFields } from './collect-fields.ts';
import type { RawObject } from './raw-object.ts';
import type { ResponsePath } from './walk.ts';

/**
 * Whether the client asked for what a path leads to, by what each object on the way is: a plan may ask objects of one type for what
 * was selected of another, and an error there is nobody's. Where that can't be told, it is.
 */
export function isReached(
  path: ResponsePath,
  data: RawObject,
  root: { readonly type: GraphQLObjectType; readonly selectionSet: SelectionSetNode },
  parts: CollectParts,
): boolean {
  let type: GraphQLNamedType | undefined = root.type;
  let selections: readonly SelectionSetNode[] = [root.selectionSet];
  let value: unknown = data;
  for (const segment of path) {
    if (typeof segment === 'number') {
      value = Array.isArray(value) ? value[segment] : undefined;
      continue;
    }
    const object = typeof value === 'object' && value !== null ? (value as RawObject) : undefined;
    if (isAbstractType(type)) type = parts.apiSchema.getType(String(object?.['__typename']));
    if (!isObjectType(type)) return true;
    const nodes = collectFields(type, selections, parts).get(segment);
    if (!nodes) return false;
    const field = type.getFields()[nodes[0]?.name.value ?? ''];
    if (!field) return true;
    type = getNamedType(field.type);
    selections = nodes.flatMap(({ selectionSet }) => (selectionSet ? [selectionSet] : []));
    value = object?.[segment];
  }
  return true;
}
