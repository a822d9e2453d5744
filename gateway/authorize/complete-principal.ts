import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import type { Principal } from '../../schema/principal.ts';

/**
 * Adds to a principal what subgraphs need to know about it for an operation, such as which records are a customer's own.
 * The same object, at once, for whom there is nothing to add. A rejection refuses the operation.
 */
export type PrincipalCompletion = (
  principal: Principal,
  operation: OperationDefinitionNode,
  document: DocumentNode,
) => Principal | Promise<Principal>;
