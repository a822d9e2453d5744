import { type FieldNode, Kind, print, type SelectionNode, type SelectionSetNode } from 'graphql';

/** A field of a selection and the type that it is selected on. */
export interface Placed {
  readonly node: FieldNode;
  /** The innermost type condition around it, or the type of the whole selection. */
  readonly within: string;
  /** The field's own named type, when it is known. */
  readonly type?: string | undefined;
}

/** The name that a field's value has in the answer. */
export function responseNameOf(node: FieldNode): string {
  return node.alias?.value ?? node.name.value;
}

/** A field's arguments as text, empty when it has none; the same arguments in another order are other text. */
export function argumentsText(node: FieldNode): string {
  return (node.arguments ?? []).map((argument) => print(argument)).join(',');
}

/** Every field with this response name, within fragments too. The selection must not spread fragments. */
export function fieldsNamed({ selections }: SelectionSetNode, name: string, type: string): Placed[] {
  return selections.flatMap((node): Placed[] => {
    if (node.kind === Kind.FIELD) return responseNameOf(node) === name ? [{ node, within: type }] : [];
    if (node.kind !== Kind.INLINE_FRAGMENT) return [];
    return fieldsNamed(node.selectionSet, name, node.typeCondition?.name.value ?? type);
  });
}

/**
 * True when selections may stand side by side: no response name means two things. Stricter than GraphQL, which allows two
 * meanings on types that exclude each other.
 */
export function isMergeable(existing: readonly SelectionNode[], added: readonly SelectionNode[]): boolean {
  const present = fieldsOf(existing);
  return fieldsOf(added).every((field) =>
    present
      .filter((other) => responseNameOf(other) === responseNameOf(field))
      .every(
        (other) =>
          other.name.value === field.name.value &&
          argumentsText(other) === argumentsText(field) &&
          isMergeable(other.selectionSet?.selections ?? [], field.selectionSet?.selections ?? []),
      ),
  );
}

function fieldsOf(selections: readonly SelectionNode[]): FieldNode[] {
  return selections.flatMap((node) => {
    if (node.kind === Kind.FIELD) return [node];
    return node.kind === Kind.INLINE_FRAGMENT ? fieldsOf(node.selectionSet.selections) : [];
  });
}
