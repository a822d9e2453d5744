import { CodedError, type ErrorCode } from '../../schema/errors.ts';
import type { FetchOutcome } from '../../schema/subgraph-transport.ts';
import { outcomeOfCode } from './fetch-outcomes.ts';

/** How a fetch that brought no answer ended. */
export type FailedOutcome = Exclude<FetchOutcome, 'LIVE'>;

const MESSAGES: Readonly<Record<FailedOutcome, string>> = {
  TIMEOUT: 'did not answer in time.',
  RATE_LIMITED: 'was asked too often and refused for now.',
  DOWN: 'could not be reached or gave no valid answer.',
};

const CODES = {
  TIMEOUT: 'SUBGRAPH_TIMEOUT',
  RATE_LIMITED: 'SUBGRAPH_RATE_LIMITED',
  DOWN: 'SUBGRAPH_DOWN',
} as const satisfies Record<FailedOutcome, ErrorCode>;

/** What a rejection says about the subgraph. */
export function failedOutcome(error: unknown): FailedOutcome {
  const outcome = error instanceof CodedError ? outcomeOfCode(error.code) : undefined;
  return outcome === undefined || outcome === 'LIVE' ? 'DOWN' : outcome;
}

/** A fetch that brought no answer, told as a client may know it: which subgraph, and in what way. */
export function failedFetch(subgraph: string, outcome: FailedOutcome): CodedError {
  return new CodedError(CODES[outcome], `\`${subgraph}\` ${MESSAGES[outcome]}`, { subgraph });
}

/** A fetch that brought no answer because the time of the whole operation was over. */
export function fetchWithoutTime(subgraph: string): CodedError {
  return new CodedError('OPERATION_TIMEOUT', `The time of the operation was over before \`${subgraph}\` answered.`, {
    subgraph,
  });
}
