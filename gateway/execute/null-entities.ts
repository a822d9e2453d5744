import {
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  isAbstractType,
  isInterfaceType,
  isNonNullType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';

/** An entity as a representation names it or a subgraph answers it. */
export type Entity = Record<string, unknown>;

/**
 * What a subgraph that failed would have answered if its fields could not be had: for each representation an object whose
 * requested nullable fields are null. The executor then goes on with the fetches that need those fields; without it, an entity
 * of which one source failed would be left out of them. Fields that may not be null stay away.
 */
export function nullEntities(
  document: DocumentNode,
  representations: readonly Entity[],
  fullSchema: GraphQLSchema,
): Entity[] {
  const selection = entitiesSelection(document);
  const fragments = fragmentsOf(document);
  return representations.map((representation) => {
    const typename = String(representation['__typename']);
    const entity: Entity = { __typename: typename };
    if (selection) fillSelection(entity, selection, { typename, fullSchema, fragments });
    return entity;
  });
}

interface Filling {
  readonly typename: string;
  readonly fullSchema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, { readonly on: string; readonly selection: SelectionSetNode }>;
}

function fillSelection(entity: Entity, selection: SelectionSetNode, filling: Filling): void {
  for (const node of selection.selections) {
    if (node.kind === Kind.FIELD) {
      fillField(entity, node, filling);
      continue;
    }
    const fragment =
      node.kind === Kind.FRAGMENT_SPREAD
        ? filling.fragments.get(node.name.value)
        : { on: node.typeCondition?.name.value ?? filling.typename, selection: node.selectionSet };
    if (fragment && applies(fragment.on, filling)) fillSelection(entity, fragment.selection, filling);
  }
}

function fillField(entity: Entity, node: FieldNode, filling: Filling): void {
  const responseName = node.alias?.value ?? node.name.value;
  if (node.name.value === '__typename') {
    entity[responseName] = filling.typename;
    return;
  }
  const type = filling.fullSchema.getType(filling.typename);
  if (!isObjectType(type) && !isInterfaceType(type)) return;
  const field = type.getFields()[node.name.value];
  if (field && !isNonNullType(field.type)) entity[responseName] = null;
}

function applies(condition: string, { typename, fullSchema }: Filling): boolean {
  if (condition === typename) return true;
  const abstract = fullSchema.getType(condition);
  const type = fullSchema.getType(typename);
  return isAbstractType(abstract) && isObjectType(type) && fullSchema.isSubType(abstract, type);
}

function entitiesSelection(document: DocumentNode): SelectionSetNode | undefined {
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const node of definition.selectionSet.selections) {
      if (node.kind === Kind.FIELD && node.name.value === '_entities') return node.selectionSet;
    }
  }
  return undefined;
}

function fragmentsOf(document: DocumentNode): Filling['fragments'] {
  const fragments = new Map<string, { on: string; selection: SelectionSetNode }>();
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
    fragments.set(definition.name.value, {
      on: definition.typeCondition.name.value,
      selection: definition.selectionSet,
    });
  }
  return fragments;
}
