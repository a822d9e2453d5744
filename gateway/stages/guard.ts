import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getVariableValues,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { CodedError, type ErrorCode } from '../../schema/errors.ts';
import type { BoundedCache } from '../bounded-cache.ts';
import { depthOf } from '../depth.ts';
import { type Caller, type OperationRequest, Refused } from '../operation.ts';

/** An operation that is well formed and fits the schema. */
export interface Guarded {
  readonly query: string;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly operationName: string | undefined;
  /** As the client sent them: each subgraph reads its scalars itself. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** What the guard measures operations by. */
export interface GuardRules {
  readonly apiSchema: GraphQLSchema;
  /** False hides the schema from clients. */
  readonly introspection: boolean;
  /** Documents that were found good. */
  readonly documents: BoundedCache<DocumentNode>;
}

/** Tokens in one document; the parser stops there. */
const TOKEN_LIMIT = 15_000;
/** Levels of fields: every list below a list multiplies what is fetched, so that a short query could ask for everything. */
const DEPTH_LIMIT = 12;
/** Faults told at once; validation stops there. */
const VALIDATION_ERROR_LIMIT = 20;

/** Stage 2: lets through what is well formed, fits the schema and may be run the way it came. Throws Refused. */
export function guard(request: OperationRequest, caller: Pick<Caller, 'readOnly'>, rules: GuardRules): Guarded {
  const document = rules.documents.getOrMake(request.query, () => checkDocument(request.query, rules));
  const operation = chooseOperation(document, request.operationName);
  if (operation.operation === OperationTypeNode.SUBSCRIPTION) {
    throw refusal('OPERATION_NOT_SUPPORTED', 'Subscriptions are not run at this endpoint.');
  }
  if (caller.readOnly && operation.operation !== OperationTypeNode.QUERY) {
    throw new Refused([new CodedError('BAD_REQUEST', 'GET runs queries only: send a mutation by POST.')], {
      status: 405,
      headers: { allow: 'POST' },
    });
  }
  const variables = request.variables ?? {};
  checkVariables(operation, variables, rules.apiSchema);
  return { query: request.query, document, operation, operationName: request.operationName, variables };
}

function checkDocument(query: string, rules: GuardRules): DocumentNode {
  const document = parseDocument(query);
  const faults = validate(
    rules.apiSchema,
    document,
    rules.introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule],
    { maxErrors: VALIDATION_ERROR_LIMIT },
  );
  if (faults.length > 0) throw new Refused(faults.map(asValidationError));
  const depth = depthOf(document);
  if (depth > DEPTH_LIMIT) {
    throw refusal('OPERATION_TOO_DEEP', `The operation nests ${depth} levels of fields; ${DEPTH_LIMIT} are allowed.`);
  }
  return document;
}

function parseDocument(query: string): DocumentNode {
  try {
    return parse(query, { maxTokens: TOKEN_LIMIT });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    throw new Refused([withCode(error, 'GRAPHQL_PARSE_FAILED')]);
  }
}

function chooseOperation(document: DocumentNode, name: string | undefined): OperationDefinitionNode {
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const chosen = name === undefined ? operations : operations.filter((operation) => operation.name?.value === name);
  const [operation, second] = chosen;
  if (operation && !second) return operation;
  const reason =
    name === undefined ? 'Several operations, or none: send `operationName`.' : 'No operation has this name.';
  throw refusal('OPERATION_RESOLUTION_FAILURE', reason);
}

function checkVariables(
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
  schema: GraphQLSchema,
): void {
  const { errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variables, {
    maxErrors: VALIDATION_ERROR_LIMIT,
  });
  if (errors) throw new Refused(errors.map(asValidationError));
}

/** What a scalar of ours refused keeps its own code, such as MALFORMED_ID. */
function asValidationError(error: GraphQLError): GraphQLError {
  return typeof error.extensions['code'] === 'string' ? error : withCode(error, 'GRAPHQL_VALIDATION_FAILED');
}

function withCode(error: GraphQLError, code: ErrorCode): GraphQLError {
  return new GraphQLError(error.message, {
    ...(error.nodes && { nodes: error.nodes }),
    ...(error.source && { source: error.source }),
    ...(error.positions && { positions: error.positions }),
    extensions: { code },
  });
}

function refusal(code: ErrorCode, message: string): Refused {
  return new Refused([new CodedError(code, message)]);
}
