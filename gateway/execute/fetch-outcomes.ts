import type { ExecutionResult } from 'graphql';
import type { FetchOutcome } from '../../schema/subgraph-transport.ts';

/** What an error code in an answer says about the subgraph that gave it; other codes are about the question. */
const OUTCOME_BY_CODE: Readonly<Record<string, FetchOutcome>> = {
  STORE_UNAVAILABLE: 'DOWN',
  INTERNAL_SERVER_ERROR: 'DOWN',
  SHUTTING_DOWN: 'DOWN',
  SUBGRAPH_DOWN: 'DOWN',
  SUBGRAPH_TIMEOUT: 'TIMEOUT',
  OPERATION_TIMEOUT: 'TIMEOUT',
  SUBGRAPH_RATE_LIMITED: 'RATE_LIMITED',
};

/** How the fetches of one operation ended, by subgraph. Later fetches are told, so that identity can name the reasons. */
export class FetchOutcomes {
  private readonly outcomes = new Map<string, FetchOutcome>();

  /** The first failure of a subgraph stands, whatever its later fetches bring. */
  record(subgraph: string, outcome: FetchOutcome): void {
    const known = this.outcomes.get(subgraph);
    if (known === undefined || known === 'LIVE') this.outcomes.set(subgraph, outcome);
  }

  /** Records what another run has found out for this one. */
  take(other: FetchOutcomes): void {
    for (const [subgraph, outcome] of other.outcomes) this.record(subgraph, outcome);
  }

  soFar(): Record<string, FetchOutcome> {
    return Object.fromEntries(this.outcomes);
  }
}

/** How a fetch ended that brought an answer. An error without a code is a fault of the subgraph's. */
export function outcomeOfAnswer(answer: ExecutionResult): FetchOutcome {
  for (const error of answer.errors ?? []) {
    const outcome = outcomeOfCode(error.extensions?.['code'] ?? 'INTERNAL_SERVER_ERROR');
    if (outcome !== undefined) return outcome;
  }
  return 'LIVE';
}

/** What an error code says about the subgraph, undefined when it is about the question. */
export function outcomeOfCode(code: unknown): FetchOutcome | undefined {
  return typeof code === 'string' ? OUTCOME_BY_CODE[code] : undefined;
}
