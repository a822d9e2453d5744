import { type DocumentNode, type FieldNode, Kind, print, type SelectionSetNode, visit } from 'graphql';
import { CodedError } from '../../schema/errors.ts';
import { Refused } from '../operation.ts';
import type { Planner } from './planner.ts';
import { responseNameOf } from './selections.ts';

/** What a caller is told who uses one name for two fields where that can't be planned. */
export function twoFieldsRefused(): Refused {
  const message =
    'Two fields, or one with different arguments, have one name at one place of the answer: give one an alias.';
  return new Refused([new CodedError('OPERATION_NOT_PLANNABLE', message)]);
}

/**
 * Refuses one name for two fields where the graph has `@interfaceObject`: asked through it, the objects that one of the fields is
 * for can't be told from those of the other, and both planners would mix up their values.
 */
export function refusingTwoFields(planner: Planner): Planner {
  return {
    plan(operation) {
      if (hasNameOfTwoFields(operation.document)) throw twoFieldsRefused();
      return planner.plan(operation);
    },
  };
}

/** An operation without aliases that say the field's own name. */
export function withoutIdleAliases(document: DocumentNode): DocumentNode {
  return visit(document, {
    [Kind.FIELD]: {
      enter(node: FieldNode) {
        if (node.alias?.value !== node.name.value) return undefined;
        const { alias: _alias, ...rest } = node;
        return rest;
      },
    },
  });
}

/**
 * Whether at one place of the answer one name stands for several fields, or for a field with several arguments: GraphQL allows it
 * where the objects are of different types. The Rust planner takes such fields for one another and then ends the whole process.
 */
export function hasNameOfTwoFields(document: DocumentNode): boolean {
  const fragments = new Map(
    document.definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition.selectionSet] as const] : [],
    ),
  );
  const hasTwoIn = (selectionSets: readonly SelectionSetNode[]): boolean => {
    const byName = new Map<string, FieldNode[]>();
    for (const field of selectionSets.flatMap((set) => fieldsOf(set, fragments))) {
      const name = responseNameOf(field);
      const known = byName.get(name);
      if (known) known.push(field);
      else byName.set(name, [field]);
    }
    return [...byName.values()].some(
      (fields) =>
        new Set(fields.map(formOf)).size > 1 ||
        hasTwoIn(fields.flatMap(({ selectionSet }) => (selectionSet ? [selectionSet] : []))),
    );
  };
  return document.definitions.some(
    (definition) => definition.kind === Kind.OPERATION_DEFINITION && hasTwoIn([definition.selectionSet]),
  );
}

function fieldsOf(set: SelectionSetNode, fragments: ReadonlyMap<string, SelectionSetNode>): readonly FieldNode[] {
  return set.selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    const below =
      selection.kind === Kind.INLINE_FRAGMENT ? selection.selectionSet : fragments.get(selection.name.value);
    return below ? fieldsOf(below, fragments) : [];
  });
}

/** Field and arguments, these by name: their order means nothing. */
function formOf({ name, arguments: given = [] }: FieldNode): string {
  return [name.value, ...given.map((argument) => print(argument)).sort()].join('\n');
}
