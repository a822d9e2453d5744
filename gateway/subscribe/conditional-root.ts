import { type DocumentNode, Kind, type SelectionSetNode } from 'graphql';
import { CodedError } from '../../schema/errors.ts';
import { Refused } from '../operation.ts';

/**
 * Throws Refused for a document with a subscription whose field is skipped or included by a condition, as the specification has it:
 * there could be nothing to subscribe to. To be called before graphql-js validates, whose own rule looks up the variable of the
 * condition and throws when it has no value. Fragments may not be circular.
 */
export function refuseConditionalRoots(document: DocumentNode): void {
  const isRefused = document.definitions.some(
    (definition) =>
      definition.kind === Kind.OPERATION_DEFINITION &&
      definition.operation === 'subscription' &&
      isConditional(definition.selectionSet, document),
  );
  if (!isRefused) return;
  const message = 'The field of a subscription can not have `@skip` or `@include`.';
  throw new Refused([new CodedError('GRAPHQL_VALIDATION_FAILED', message)]);
}

function isConditional({ selections }: SelectionSetNode, document: DocumentNode): boolean {
  return selections.some((selection) => {
    if (selection.directives?.some(({ name }) => name.value === 'skip' || name.value === 'include')) return true;
    if (selection.kind === Kind.INLINE_FRAGMENT) return isConditional(selection.selectionSet, document);
    if (selection.kind !== Kind.FRAGMENT_SPREAD) return false;
    return document.definitions.some(
      (definition) =>
        definition.kind === Kind.FRAGMENT_DEFINITION &&
        definition.name.value === selection.name.value &&
        isConditional(definition.selectionSet, document),
    );
  });
}
