import type { ExecutionResult, GraphQLFormattedError } from 'graphql';

/** What an answer of the unified graph does not tell. */
export interface Silence {
  /** Sources that did not answer or failed, such as `service`. */
  readonly sources: ReadonlySet<string>;
  /** True when it can't be told whose fault an error is: then nothing of the answer is to be relied on. */
  readonly isTotal: boolean;
}

/** Where a field of `Customer`, or of the query, comes from. */
export type SourceOfField = (path: readonly (string | number)[]) => string | undefined;

/** Which sources the errors of an answer are about: by the subgraph that they name, else by the field that they stand at. */
export function silenceIn({ errors = [], data }: ExecutionResult, sourceOf: SourceOfField): Silence {
  const sources = new Set<string>();
  let isTotal = data === null || data === undefined;
  for (const error of errors) {
    const source = subgraphOf(error) ?? sourceOf(error.path ?? []);
    if (source === undefined) isTotal = true;
    else sources.add(source);
  }
  return { sources, isTotal };
}

function subgraphOf({ extensions }: Pick<GraphQLFormattedError, 'extensions'>): string | undefined {
  const subgraph = extensions?.['subgraph'];
  return typeof subgraph === 'string' ? subgraph : undefined;
}
