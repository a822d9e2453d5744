import {
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  print,
  type SelectionNode,
  type SelectionSetNode,
  stripIgnoredCharacters,
  visit,
} from 'graphql';
import type { ContextRewrite, EntityFetch } from '../planner/plan.ts';
import { type FetchDocument, forEachField, responseNameOf } from './fetch-document.ts';
import type { RawObject } from './raw-object.ts';
import { valueAt } from './rewrites.ts';
import type { Run } from './run.ts';
import { placesAt } from './walk.ts';

/** Objects of one `_entities` field for which the arguments from the context (`@fromContext`) are the same. */
export interface ContextGroup {
  readonly objects: readonly RawObject[];
  /** Values of the fetch's variables, by their names. */
  readonly values: ReadonlyMap<string, unknown>;
}

/** Sorts the objects that an `_entities` field is about by the values that the context gives for them. */
export function contextGroups(run: Run, { paths, contextRewrites }: EntityFetch): ContextGroup[] {
  const groups = new Map<string, { objects: RawObject[]; values: ReadonlyMap<string, unknown> }>();
  for (const path of paths) {
    for (const { object, ancestors } of placesAt(run.data, path, run.parts.types)) {
      const values = valuesFor(run, contextRewrites, [...ancestors, object]);
      const key = JSON.stringify([...values]);
      const group = groups.get(key) ?? { objects: [], values };
      groups.set(key, group);
      group.objects.push(object);
    }
  }
  return [...groups.values()];
}

function valuesFor(run: Run, rewrites: readonly ContextRewrite[], trail: readonly RawObject[]): Map<string, unknown> {
  const values = new Map<string, unknown>();
  for (const { up, path, variable } of rewrites) {
    if (values.has(variable)) continue;
    const value = valueAt(trail[trail.length - 1 - up], path, run.parts.types);
    if (value !== undefined) values.set(variable, value);
  }
  return values;
}

/** The name of a group's `_entities` field or of one of its variables. */
export function groupName(name: string, group: number): string {
  return `${name}_${group}`;
}

/** The operation of a fetch with one `_entities` field, and one of each of its variables, for each group. */
export function operationForGroups(document: FetchDocument, entity: EntityFetch, groups: number): string {
  const { operation, fragments } = document;
  const own = new Set([entity.representationsVariable, ...entity.contextRewrites.map(({ variable }) => variable)]);
  const numbers = Array.from({ length: groups }, (_, number) => number);
  const variableDefinitions = (operation.variableDefinitions ?? []).flatMap((definition) =>
    own.has(definition.variable.name.value) ? numbers.map((number) => numbered(definition, own, number)) : [definition],
  );
  const selections = numbers.flatMap((number) =>
    entityFields(operation, fragments, entity.responseName).map((field) => ({
      ...numbered(field, own, number),
      alias: { kind: Kind.NAME, value: groupName(entity.responseName, number) } as const,
    })),
  );
  const multiplied: OperationDefinitionNode = {
    ...operation,
    variableDefinitions,
    selectionSet: { kind: Kind.SELECTION_SET, selections },
  };
  return stripIgnoredCharacters(print(multiplied));
}

function entityFields(
  { selectionSet }: OperationDefinitionNode,
  fragments: FetchDocument['fragments'],
  responseName: string,
): FieldNode[] {
  const fields: FieldNode[] = [];
  forEachField(selectionSet, fragments, (field) => {
    if (responseNameOf(field) === responseName) fields.push(withoutSpreads(field, fragments));
  });
  return fields;
}

/** Gives the variables of a group their own names. */
function numbered<Node extends FieldNode | NonNullable<OperationDefinitionNode['variableDefinitions']>[number]>(
  node: Node,
  own: ReadonlySet<string>,
  number: number,
): Node {
  return visit(node, {
    enter(at) {
      if (at.kind !== Kind.VARIABLE || !own.has(at.name.value)) return undefined;
      return { ...at, name: { kind: Kind.NAME, value: groupName(at.name.value, number) } };
    },
  });
}

/** With fragments written out, because each group has variables of its own in them. */
function withoutSpreads(field: FieldNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): FieldNode {
  const selectionSet = field.selectionSet && inlined(field.selectionSet, fragments);
  return selectionSet ? { ...field, selectionSet } : field;
}

function inlined(
  { selections }: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): SelectionSetNode {
  return {
    kind: Kind.SELECTION_SET,
    selections: selections.flatMap((node): SelectionNode[] => {
      if (node.kind === Kind.FIELD) return [withoutSpreads(node, fragments)];
      if (node.kind === Kind.INLINE_FRAGMENT) return [{ ...node, selectionSet: inlined(node.selectionSet, fragments) }];
      const fragment = fragments.get(node.name.value);
      if (!fragment) return [];
      const { typeCondition } = fragment;
      const selectionSet = inlined(fragment.selectionSet, fragments);
      return [{ kind: Kind.INLINE_FRAGMENT, typeCondition, directives: node.directives ?? [], selectionSet }];
    }),
  };
}
