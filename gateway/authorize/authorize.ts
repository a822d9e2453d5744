import type { DocumentNode, FieldNode, FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { CodedError } from '../../schema/errors.ts';
import type { Principal } from '../../schema/principal.ts';
import { withoutFields } from './filter.ts';
import { type FieldNeed, findNeeds } from './needs.ts';
import type { AccessRules } from './requirements.ts';
import { fulfils, isAuthenticated, type PolicyEvaluator } from './rights.ts';

/** What is left of an operation for somebody. */
export interface Authorized {
  /** Names what is left and what is told: empty when nothing was taken out. */
  readonly key: string;
  /** The operation without the denied fields; the same object when there are none. */
  readonly document: DocumentNode;
  readonly deniedFields: ReadonlySet<FieldNode>;
  /** What is to be told. */
  readonly errors: readonly CodedError[];
}

/** An operation whose fields' needs are known, for whoever asks. */
export type Authorization = (principal: Principal, variables: Readonly<Record<string, unknown>>) => Authorized;

/** What authorization is compiled from. */
export interface AuthorizationOptions {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly schema: GraphQLSchema;
  /** Undefined: the supergraph has no rules. */
  readonly rules: AccessRules | undefined;
  readonly holds: PolicyEvaluator;
}

interface Variant {
  readonly document: DocumentNode;
  readonly deniedFields: ReadonlySet<FieldNode>;
  readonly needs: readonly FieldNeed[];
}

/** Different sets of rights for which an operation is kept: roles and scopes make a handful. */
const VARIANTS_LIMIT = 32;

/**
 * Compiles an operation: what remains is worked out once for each set of rights, and for the others it is a look at each
 * requirement. Fields that are denied are not planned, so that no subgraph is asked for them.
 */
export function compileAuthorization(options: AuthorizationOptions): Authorization {
  const { document, operation, fragments, schema, rules, holds } = options;
  const everything: Authorized = { key: '', document, deniedFields: new Set(), errors: [] };
  const needs = rules ? findNeeds(operation, fragments, schema, rules) : [];
  if (!rules || needs.length === 0) return () => everything;
  const numbers = [...new Set(needs.flatMap((need) => need.numbers))].sort((one, other) => one - other);
  const variants = new Map<string, Variant>();
  return (principal, variables) => {
    const missing = numbers.filter((number) => {
      const requirement = rules.requirements[number];
      return !requirement || !fulfils(requirement, principal, holds);
    });
    if (missing.length === 0) return everything;
    const key = `!${missing.join('!')}`;
    const variant = variants.get(key) ?? makeVariant(missing);
    if (variants.size >= VARIANTS_LIMIT) variants.clear();
    variants.set(key, variant);
    const told = variant.needs.map((need) => isInAnswer(need, variables));
    const code = isAuthenticated(principal) || principal.roles.length > 0 ? 'FORBIDDEN' : 'UNAUTHENTICATED';
    return {
      key: `${key}${code.charAt(0)}${told.includes(false) ? told.map(Number).join('') : ''}`,
      document: variant.document,
      deniedFields: variant.deniedFields,
      errors: variant.needs.filter((_need, index) => told[index]).map(({ path }) => refuse(code, path)),
    };
  };

  function makeVariant(missing: readonly number[]): Variant {
    const denied = needs.filter((need) => need.numbers.some((number) => missing.includes(number)));
    const deniedFields = new Set(denied.map(({ node }) => node));
    return {
      document: withoutFields(operation, fragments, deniedFields),
      deniedFields,
      needs: outermost(denied, deniedFields),
    };
  }
}

/** Below a field that is denied there is nothing to tell, and nothing twice. */
function outermost(denied: readonly FieldNeed[], deniedFields: ReadonlySet<FieldNode>): readonly FieldNeed[] {
  const told = new Set<string>();
  return denied.filter(({ path, above }) => {
    const key = path.join('.');
    if (told.has(key) || above.some((node) => deniedFields.has(node))) return false;
    told.add(key);
    return true;
  });
}

function isInAnswer({ conditions }: FieldNeed, variables: Readonly<Record<string, unknown>>): boolean {
  return conditions.every(({ variable, value, otherwise }) => (variables[variable] ?? otherwise ?? value) === value);
}

function refuse(code: 'FORBIDDEN' | 'UNAUTHENTICATED', path: readonly string[]): CodedError {
  const message = code === 'FORBIDDEN' ? 'You have no right to this field.' : 'This field needs a token.';
  return new CodedError(code, message, {}, path);
}
