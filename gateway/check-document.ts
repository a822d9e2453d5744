import {
  type DocumentNode,
  GraphQLError,
  Kind,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { CodedError, type ErrorCode } from '../schema/errors.ts';
import { compileAuthorization } from './authorize/authorize.ts';
import type { CheckedDocument } from './checked-document.ts';
import type { GuardRules } from './guard-rules.ts';
import { compileCost } from './limits/cost.ts';
import { checkSize, fragmentsOf } from './limits/measure.ts';
import { Refused } from './operation.ts';
import { refuseConditionalRoots } from './subscribe/conditional-root.ts';

/** Faults told at once; validation stops there. */
const VALIDATION_ERROR_LIMIT = 20;
/** Longer documents are checked every time, so that what is kept is bounded in bytes as well. */
const KEPT_LENGTH_LIMIT = 32 * 1024;

/** Checks a document, or remembers that it was found good. Throws Refused. */
export function checkDocument(query: string, rules: GuardRules): CheckedDocument {
  if (query.length > KEPT_LENGTH_LIMIT) return check(query, rules);
  return rules.documents.getOrMake(query, () => check(query, rules));
}

function check(query: string, rules: GuardRules): CheckedDocument {
  const located = parseDocument(query, rules.limits.tokens);
  checkLimits(located, rules);
  refuseConditionalRoots(located);
  const faults = validate(
    rules.apiSchema,
    located,
    rules.introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule],
    { maxErrors: VALIDATION_ERROR_LIMIT },
  );
  if (faults.length > 0) throw new Refused(faults.map((fault) => asValidationError(fault, rules)));
  // Where things stand in the text is told of faults only, and takes most of a document's memory.
  const document = parse(query, { noLocation: true });
  const fragments = fragmentsOf(document);
  const { apiSchema: schema, access, holds, costs } = rules;
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  return {
    document,
    operations: operations.map((operation) => ({
      operation,
      authorize: compileAuthorization({ document, operation, fragments, schema, rules: access, holds }),
      cost:
        costs && compileCost({ operation, fragments, schema, rules: costs, assumedListSize: costs.assumedListSize }),
    })),
  };
}

function checkLimits(document: DocumentNode, { limits }: GuardRules): void {
  try {
    checkSize(document, limits);
  } catch (error) {
    if (error instanceof CodedError) throw new Refused([error]);
    throw error;
  }
}

function parseDocument(query: string, tokenLimit: number): DocumentNode {
  try {
    return parse(query, { maxTokens: tokenLimit });
  } catch (error) {
    if (error instanceof RangeError) {
      throw new Refused([new CodedError('OPERATION_TOO_DEEP', 'The document nests too deeply to be read.')]);
    }
    if (!(error instanceof GraphQLError)) throw error;
    // The parser has no code of its own for it.
    if (/contains more tha[nt] \d+ tokens/.test(error.message)) {
      throw new Refused([new CodedError('TOO_MANY_TOKENS', `A document has at most ${tokenLimit} tokens.`)]);
    }
    throw new Refused([withCode(error, 'GRAPHQL_PARSE_FAILED')]);
  }
}

/** What a scalar of ours refused keeps its own code, such as MALFORMED_ID. */
export function asValidationError(error: GraphQLError, { suggestions }: Pick<GuardRules, 'suggestions'>): GraphQLError {
  const told = suggestions ? error : withMessage(error, error.message.replace(/ Did you mean [\s\S]*?\?$/, ''));
  return typeof error.extensions['code'] === 'string' ? told : withCode(told, 'GRAPHQL_VALIDATION_FAILED');
}

function withMessage(error: GraphQLError, message: string): GraphQLError {
  return message === error.message ? error : copyOf(error, message, error.extensions);
}

function withCode(error: GraphQLError, code: ErrorCode): GraphQLError {
  return copyOf(error, error.message, { code });
}

function copyOf(error: GraphQLError, message: string, extensions: Record<string, unknown>): GraphQLError {
  return new GraphQLError(message, {
    ...(error.nodes && { nodes: error.nodes }),
    ...(error.source && { source: error.source }),
    ...(error.positions && { positions: error.positions }),
    extensions,
  });
}
