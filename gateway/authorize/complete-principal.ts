import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import type { Principal } from '../../schema/principal.ts';
import type { OperationRequest } from '../operation.ts';

/**
 * Adds to a principal what subgraphs need to know about it for an operation, such as which records are a customer's own.
 * The same object, at once, for whom there is nothing to add. A rejection refuses the operation.
 */
export type PrincipalCompletion = (
  principal: Principal,
  operation: OperationDefinitionNode,
  document: DocumentNode,
) => Principal | Promise<Principal>;

/**
 * What tells that a subscription's principal would be completed otherwise by now: the operation to follow, as that principal, and
 * which of its answers mean it. Undefined for one that stays as it is.
 */
export type PrincipalChanges = (
  principal: Principal,
) =>
  | { readonly request: OperationRequest; readonly concerns: (data: Readonly<Record<string, unknown>>) => boolean }
  | undefined;
