import type { ExecutionResult } from 'graphql';
import { NotNow } from '../../../../database/consumer-contract.ts';
import type { UnifiedGraph } from '../../../../schema/unified-graph.ts';

/** What the caller asked wrongly, or what is wrong with what is there: asking again would not help. */
const LASTING: ReadonlySet<unknown> = new Set([
  'BAD_USER_INPUT',
  'MALFORMED_ID',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_TOO_COSTLY',
  'OPERATION_TOO_DEEP',
  'TOO_MANY_TOKENS',
  'TOO_MANY_ALIASES',
  'TOO_MANY_ROOT_FIELDS',
  'TOO_MANY_DIRECTIVES',
  'TOO_MANY_FIELDS',
  'TOO_MANY_OVERLAPPING_FIELDS',
  'CIRCULAR_FRAGMENTS',
  'FORBIDDEN',
]);

/** Errors that would be the answer to the same question at any time. */
export function lastingErrors({ errors = [] }: ExecutionResult): NonNullable<ExecutionResult['errors']> {
  return errors.filter(({ extensions }) => LASTING.has(extensions?.['code']));
}

/**
 * Asks the live graph. Throws NotNow when it gives no whole answer, Error for what it will never answer; neither tells more than a
 * code. `tolerated`: codes of errors that leave their field null and matter no more.
 */
export async function ask(
  graph: UnifiedGraph,
  query: string,
  variables: Readonly<Record<string, unknown>>,
  tolerated: readonly string[] = [],
): Promise<Readonly<Record<string, unknown>>> {
  const { data, errors = [] } = await graph.execute({ query, variables }).catch(() => {
    throw new NotNow('The graph could not be reached.');
  });
  const codes = errors.map(({ extensions }) => String(extensions?.['code'] ?? 'unknown'));
  const serious = codes.filter((code) => !tolerated.includes(code));
  const lasting = serious.find((code) => LASTING.has(code));
  if (lasting !== undefined) throw new Error(`The graph refused a question of the journeys: ${lasting}.`);
  if (serious[0] !== undefined || !data)
    throw new NotNow(`The graph gave no whole answer: ${serious[0] ?? 'no data'}.`);
  return data;
}

/** Questions of one operation: the graph takes twenty fields at its top. */
const FIELDS_AT_ONCE = 20;

/**
 * Asks the same about many things, twenty with one operation. `field` writes the field for the variable with this name; answers come
 * in the order of the values.
 */
export async function askEach<Answer>(
  graph: UnifiedGraph,
  values: readonly string[],
  {
    type,
    field,
    tolerated,
  }: {
    readonly type: string;
    readonly field: (variable: string) => string;
    readonly tolerated?: readonly string[];
  },
): Promise<(Answer | null)[]> {
  const pages = Array.from({ length: Math.ceil(values.length / FIELDS_AT_ONCE) }, (_, page) =>
    values.slice(page * FIELDS_AT_ONCE, (page + 1) * FIELDS_AT_ONCE),
  );
  const answers = await Promise.all(
    pages.map(async (page) => {
      const declared = page.map((_, index) => `$v${index}: ${type}`).join(', ');
      const fields = page.map((_, index) => `a${index}: ${field(`$v${index}`)}`).join('\n');
      const variables = Object.fromEntries(page.map((value, index) => [`v${index}`, value]));
      const data = await ask(graph, `query JourneyReads(${declared}) {\n${fields}\n}`, variables, tolerated);
      return page.map((_, index) => (data[`a${index}`] ?? null) as Answer | null);
    }),
  );
  return answers.flat();
}
