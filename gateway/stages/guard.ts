import {
  type DocumentNode,
  type FieldNode,
  getVariableValues,
  type OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql';
import { CodedError, type ErrorCode } from '../../schema/errors.ts';
import { asValidationError, checkDocument } from '../check-document.ts';
import type { CheckedDocument, CheckedOperation } from '../checked-document.ts';
import type { GuardRules } from '../guard-rules.ts';
import { budgetOf } from '../limits/budgets.ts';
import type { Cost } from '../limits/cost.ts';
import { type Caller, type OperationRequest, Refused } from '../operation.ts';
import type { Asked } from '../persisted/persisted-operations.ts';

/** An operation that is well formed and fits the schema. */
export interface Guarded {
  readonly query: string;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly operationName: string | undefined;
  /** As the client sent them: each subgraph reads its scalars itself. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Names the plan and everything compiled from it: the document, the operation's name and what the caller has no right to. */
  readonly planKey: string;
  /** What is planned: `document` without the fields in `deniedFields`; the same object when there are none. */
  readonly planDocument: DocumentNode;
  /**
   * Fields of `document` that the caller has no right to, by their nodes. A field of the answer all of whose nodes are
   * denied is null, even if its value was fetched as a key; a null where none may be then says no more than `denied`.
   */
  readonly deniedFields: ReadonlySet<FieldNode>;
  /** What the client is told about them: errors of the answer, with paths that have no list indices. */
  readonly denied: readonly CodedError[];
}

/** Faults told at once; coercion of variables stops there. */
const VARIABLE_ERROR_LIMIT = 20;

type Asking = Pick<Caller, 'principal' | 'readOnly' | 'takesEvents' | 'isOwnOperation'>;

/**
 * Stage 2: lets through what is well formed, within its limits, fits the schema and may be run the way it came, and takes out
 * what the caller has no right to. Throws Refused.
 */
export function guard(request: OperationRequest, caller: Asking, rules: GuardRules): Guarded {
  const { query, remember } = findDocument(request, caller, rules);
  const checked = checkDocument(query, rules);
  remember?.();
  const { operation, authorize, cost } = chooseOperation(checked, request.operationName);
  checkKind(operation, caller);
  const variables = request.variables ?? {};
  const coerced = coerceVariables(operation, variables, rules);
  if (cost) checkCost(estimate(cost, coerced), caller, rules);
  const { key, document, deniedFields, errors } = authorize(caller.principal, coerced);
  if (operation.operation === OperationTypeNode.SUBSCRIPTION && errors.some(({ path }) => path?.length === 1)) {
    throw new Refused(errors);
  }
  return {
    query,
    document: checked.document,
    operation,
    operationName: request.operationName,
    variables,
    planKey: `${request.operationName ?? ''}${key}\n${query}`,
    planDocument: document,
    deniedFields,
    denied: errors,
  };
}

function findDocument(request: OperationRequest, { isOwnOperation }: Asking, { persisted }: GuardRules): Asked {
  if (isOwnOperation) return { query: request.query, remember: undefined };
  try {
    return persisted.find(request);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    // A client of automatic persisted queries takes the status for a fault of the network unless it is 200.
    throw new Refused([error], error.code.startsWith('PERSISTED_QUERY_NOT') ? { status: 200 } : {});
  }
}

function chooseOperation({ operations }: CheckedDocument, name: string | undefined): CheckedOperation {
  const chosen = name === undefined ? operations : operations.filter(({ operation }) => operation.name?.value === name);
  const [only, second] = chosen;
  if (only && !second) return only;
  const reason =
    name === undefined ? 'Several operations, or none: send `operationName`.' : 'No operation has this name.';
  throw refusal('OPERATION_RESOLUTION_FAILURE', reason);
}

function checkKind({ operation: kind }: OperationDefinitionNode, { readOnly, takesEvents }: Asking): void {
  if (kind === OperationTypeNode.SUBSCRIPTION && !takesEvents) {
    throw refusal('OPERATION_NOT_SUPPORTED', 'A subscription needs a WebSocket, or `accept: text/event-stream`.');
  }
  if (readOnly && kind === OperationTypeNode.MUTATION) {
    throw new Refused([new CodedError('BAD_REQUEST', 'GET runs queries only: send a mutation by POST.')], {
      status: 405,
      headers: { allow: 'POST' },
    });
  }
}

function coerceVariables(
  { variableDefinitions }: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
  rules: GuardRules,
): Readonly<Record<string, unknown>> {
  if (!variableDefinitions || variableDefinitions.length === 0) return NO_VARIABLES;
  const { coerced, errors } = getVariableValues(rules.apiSchema, variableDefinitions, variables, {
    maxErrors: VARIABLE_ERROR_LIMIT,
  });
  if (errors) throw new Refused(errors.map((error) => asValidationError(error, rules)));
  return coerced;
}

const NO_VARIABLES: Readonly<Record<string, unknown>> = {};

function estimate(cost: Cost, variables: Readonly<Record<string, unknown>>): number {
  try {
    return cost(variables);
  } catch (error) {
    throw error instanceof CodedError ? new Refused([error]) : error;
  }
}

function checkCost(cost: number, { principal }: Asking, { costs }: GuardRules): void {
  const budget = costs ? budgetOf(principal, costs.budgets) : Number.POSITIVE_INFINITY;
  if (cost <= budget) return;
  const message = `The operation is estimated to cost ${Math.ceil(cost)}; ${budget} are allowed.`;
  throw new Refused([new CodedError('OPERATION_TOO_COSTLY', message, { cost: Math.ceil(cost), budget })]);
}

function refusal(code: ErrorCode, message: string): Refused {
  return new Refused([new CodedError(code, message)]);
}
