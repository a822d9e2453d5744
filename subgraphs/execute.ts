import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  locatedError,
  parse,
  subscribe,
  validate,
} from 'graphql';
import { StoreUnavailable } from '../database/database.ts';
import { sqlStateOf } from '../database/statement-errors.ts';
import { CodedError, type ErrorCode } from '../schema/errors.ts';
import type { SubgraphRequest } from '../schema/subgraph-transport.ts';
import type { Subgraph } from './subgraph.ts';

/**
 * Runs one query or mutation against a subgraph in this process. It never rejects because of the request: whatever is
 * wrong with it is in `errors`. Errors that the table of codes does not know are left as they are, for whoever serves to mask.
 */
export async function executeSubgraph(subgraph: Subgraph, request: SubgraphRequest): Promise<ExecutionResult> {
  const prepared = prepare(subgraph, request);
  if ('errors' in prepared) return prepared;
  if (prepared.kind === 'subscription') {
    return refused('OPERATION_NOT_SUPPORTED', 'A subscription is not run as a single request.');
  }
  return executeOperation(prepared.args);
}

/**
 * Runs one subscription against a subgraph in this process. What is wrong with the request is the only result.
 * Ending the iteration, or aborting the request's signal, ends the subscription at once.
 */
export function subscribeSubgraph(
  subgraph: Subgraph,
  request: SubgraphRequest,
): AsyncIterableIterator<ExecutionResult> {
  const ending = new AbortController();
  const signal = request.signal ? AbortSignal.any([request.signal, ending.signal]) : ending.signal;
  let source: Promise<AsyncIterator<ExecutionResult>> | undefined;
  const end = async (): Promise<IteratorResult<ExecutionResult>> => {
    ending.abort();
    await (await source)?.return?.();
    return { done: true, value: undefined };
  };
  const results: AsyncIterableIterator<ExecutionResult> = {
    async next() {
      if (signal.aborted) return { done: true, value: undefined };
      source ??= startSubscription(subgraph, { ...request, signal });
      return (await source).next();
    },
    return: end,
    async throw(error) {
      await end();
      throw error;
    },
    [Symbol.asyncIterator]: () => results,
  };
  return results;
}

/**
 * Gives what graphql-js runs an operation from, or the errors of a request that can't be run. Documents are parsed and
 * validated once, because the gateway sends the same few again and again.
 */
export function prepareOperation(
  subgraph: Subgraph,
  request: SubgraphRequest,
): ExecutionArgs | readonly GraphQLError[] {
  const prepared = prepare(subgraph, request);
  return 'errors' in prepared ? prepared.errors : prepared.args;
}

/** Runs a prepared query or mutation. */
export async function executeOperation(args: ExecutionArgs): Promise<ExecutionResult> {
  return codeStoreFailures(codeRequestErrors(await execute(args)));
}

/** Starts a prepared subscription. It never rejects: a failure is a result. */
export async function subscribeToOperation(args: ExecutionArgs): Promise<AsyncIterableIterator<ExecutionResult>> {
  const started = await subscribe(args);
  return Symbol.asyncIterator in started
    ? endWithFailure(started[Symbol.asyncIterator]())
    : single(codeRequestErrors(started));
}

interface PreparedOperation {
  readonly kind: string;
  readonly args: ExecutionArgs;
}

function prepare(
  subgraph: Subgraph,
  request: SubgraphRequest,
): PreparedOperation | { readonly errors: readonly GraphQLError[] } {
  const checked = checkDocument(subgraph.schema, request.query);
  if ('errors' in checked) return checked;
  const operation = getOperationAST(checked.document, request.operationName);
  if (!operation) {
    return refused(
      'OPERATION_RESOLUTION_FAILURE',
      'The document has no operation of this name, or several and none was chosen.',
    );
  }
  const { principal, signal, fetches, variables, operationName } = request;
  return {
    kind: operation.operation,
    args: {
      schema: subgraph.schema,
      document: checked.document,
      contextValue: subgraph.createContext({
        principal,
        ...(signal ? { signal } : {}),
        ...(fetches ? { fetches } : {}),
      }),
      variableValues: variables,
      operationName,
    },
  };
}

async function startSubscription(
  subgraph: Subgraph,
  request: SubgraphRequest,
): Promise<AsyncIterator<ExecutionResult>> {
  const prepared = prepare(subgraph, request);
  if ('errors' in prepared) return single(prepared);
  if (prepared.kind !== 'subscription') {
    return single(refused('OPERATION_NOT_SUPPORTED', 'Only a subscription can be subscribed to.'));
  }
  return subscribeToOperation(prepared.args);
}

/** A failure in the middle of a subscription is its last result, as a failure at its start is its only one. */
function endWithFailure(source: AsyncIterator<ExecutionResult>): AsyncIterableIterator<ExecutionResult> {
  let hasFailed = false;
  const results: AsyncIterableIterator<ExecutionResult> = {
    async next() {
      if (hasFailed) return { done: true, value: undefined };
      try {
        return await source.next();
      } catch (error) {
        hasFailed = true;
        return { done: false, value: { errors: [locatedError(error, undefined)] } };
      }
    },
    async return() {
      await source.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => results,
  };
  return results;
}

async function* single(result: ExecutionResult): AsyncGenerator<ExecutionResult> {
  yield result;
}

type CheckedDocument = { readonly document: DocumentNode } | { readonly errors: readonly GraphQLError[] };

const DOCUMENT_LIMIT = 1_000;
/** Longer documents are checked every time, so that the cache's size is bounded in bytes as well. */
const CACHED_LENGTH_LIMIT = 64 * 1024;
const documents = new WeakMap<GraphQLSchema, Map<string, CheckedDocument>>();

function checkDocument(schema: GraphQLSchema, text: string): CheckedDocument {
  const cached = documents.get(schema) ?? new Map<string, CheckedDocument>();
  documents.set(schema, cached);
  const known = cached.get(text);
  if (known) {
    cached.delete(text);
    cached.set(text, known);
    return known;
  }
  const checked = parseAndValidate(schema, text);
  // Refused documents are not kept: whoever sends nonsense does not push out what is used.
  if ('errors' in checked || text.length > CACHED_LENGTH_LIMIT) return checked;
  cached.set(text, checked);
  if (cached.size > DOCUMENT_LIMIT) {
    const [oldest] = cached.keys();
    if (oldest !== undefined) cached.delete(oldest);
  }
  return checked;
}

function parseAndValidate(schema: GraphQLSchema, text: string): CheckedDocument {
  let document: DocumentNode;
  try {
    document = parse(text);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return { errors: [withCode(error, 'GRAPHQL_PARSE_FAILED')] };
  }
  const errors = validate(schema, document);
  if (errors.length > 0) return { errors: errors.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED')) };
  return { document };
}

/** Without data nothing was executed: what graphql-js then says of variables has no code of its own. */
function codeRequestErrors(result: ExecutionResult): ExecutionResult {
  if (result.data !== undefined || !result.errors) return result;
  return { ...result, errors: result.errors.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED')) };
}

/** A store that can't be reached is nobody's fault: whoever asks may ask again. A text that no store can hold is the caller's. */
function codeStoreFailures(result: ExecutionResult): ExecutionResult {
  if (!result.errors?.some((error) => storeFailure(error) !== undefined)) return result;
  const errors = result.errors.map((error) => {
    const failure = storeFailure(error);
    if (!failure) return error;
    const { nodes = null, source = null, positions = null, path = null } = error;
    const { message, code } = failure;
    return new GraphQLError(message, { nodes, source, positions, path, extensions: { code } });
  });
  return { ...result, errors };
}

/** A text with a NUL character, which PostgreSQL can't keep. */
const UNTRANSLATABLE_TEXT = '22021';

function storeFailure({
  originalError,
}: GraphQLError): { readonly code: ErrorCode; readonly message: string } | undefined {
  if (originalError instanceof StoreUnavailable) {
    return { code: 'STORE_UNAVAILABLE', message: "The store can't answer at the moment." };
  }
  if (sqlStateOf(originalError) !== UNTRANSLATABLE_TEXT) return undefined;
  return { code: 'BAD_USER_INPUT', message: 'A text must not contain the character U+0000.' };
}

function withCode(error: GraphQLError, code: ErrorCode): GraphQLError {
  const isFault = error.originalError !== undefined && !(error.originalError instanceof GraphQLError);
  if (typeof error.extensions['code'] === 'string' || isFault) return error;
  const { nodes = null, source = null, positions = null, path = null, extensions } = error;
  return new GraphQLError(error.message, { nodes, source, positions, path, extensions: { ...extensions, code } });
}

function refused(code: ErrorCode, message: string): { readonly errors: readonly GraphQLError[] } {
  return { errors: [new CodedError(code, message)] };
}
