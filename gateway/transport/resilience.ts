import type { ExecutionResult } from 'graphql';
import type { Clock } from '../../schema/clock.ts';
import { CodedError } from '../../schema/errors.ts';
import { type HttpAnswer, InvalidAnswer, parseAnswer } from './answer.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { RetryBudget } from './retry-budget.ts';
import { ConnectionFailed, DeadlinePassed, type HttpCall, type HttpClient } from './wire/call.ts';
import { WireFault } from './wire/head.ts';

/** Sends GraphQL calls to one server. */
export interface ResilientClient {
  /**
   * Gives a GraphQL answer. Rejects with SUBGRAPH_RATE_LIMITED, LetAlone, ConnectionFailed, WireFault, InvalidAnswer,
   * DeadlinePassed or the signal's reason.
   */
  post(call: HttpCall, isRead: boolean): Promise<SharedAnswer>;
  close(): Promise<void>;
}

/** What a resilient client is made from. */
export interface ResilienceOptions {
  readonly client: HttpClient;
  /** Undefined: the server is asked whatever it does. */
  readonly breaker: CircuitBreaker | undefined;
  readonly budget: RetryBudget;
  readonly onRetry: () => void;
  /** What a request usually has; one that had much less says nothing about the server when it runs out. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** The breaker is open: the server was not asked. */
export class LetAlone extends Error {
  constructor() {
    super('too many requests failed; the server is let alone for a while');
    this.name = 'LetAlone';
  }
}

/** One answer for several who asked the same. Each gets objects of its own, because whoever merges them may change them. */
export class SharedAnswer {
  readonly #answer: HttpAnswer;
  #parsed: ExecutionResult | undefined;

  constructor(answer: HttpAnswer, parsed: ExecutionResult) {
    this.#answer = answer;
    this.#parsed = parsed;
  }

  /** The answer, for one. */
  take(): ExecutionResult {
    const parsed = this.#parsed ?? parseAnswer(this.#answer);
    this.#parsed = undefined;
    return parsed;
  }
}

/** Makes a client that repeats reads once, within the budget, and keeps away from a server that fails. */
export function createResilientClient(options: ResilienceOptions): ResilientClient {
  const { client, breaker, budget } = options;
  return {
    async post(call, isRead) {
      const pass = breaker?.enter() ?? 1;
      if (pass === 0) throw new LetAlone();
      budget.countRequest();
      const hadTime = call.deadline - options.clock() >= options.timeoutMs * FULL_SHARE;
      try {
        const answer = await send(options, call, isRead);
        if (answer.status === 429) throw rateLimited();
        const parsed = parseAnswer(answer);
        if (endedByDeadline(parsed)) throw new DeadlinePassed();
        const shared = new SharedAnswer(answer, parsed);
        if (answer.status >= 500) breaker?.failed(pass);
        else breaker?.succeeded(pass);
        return shared;
      } catch (error) {
        if (isAlive(error)) breaker?.succeeded(pass);
        else if (isFailure(error, hadTime)) breaker?.failed(pass);
        else breaker?.abandoned(pass);
        throw error;
      }
    },
    close: () => client.close(),
  };
}

/** A subgraph that ends its work at the deadline it was told may say so just before it is noticed here. */
function endedByDeadline({ data, errors }: ExecutionResult): boolean {
  const [error] = errors ?? [];
  return !data && error?.path === undefined && error?.extensions?.['code'] === 'SUBGRAPH_TIMEOUT';
}

const FULL_SHARE = 0.9;
const WORTH_A_RETRY: ReadonlySet<number> = new Set([502, 503, 504]);

async function send(
  { client, budget, onRetry }: ResilienceOptions,
  call: HttpCall,
  isRead: boolean,
): Promise<HttpAnswer> {
  // What may not be sent twice is not sent where it could get lost.
  if (!isRead) return client.post(call, 'RECENT');
  try {
    const answer = await client.post(call, 'ANY');
    if (!WORTH_A_RETRY.has(answer.status) || !budget.take()) return answer;
  } catch (error) {
    if (!(error instanceof ConnectionFailed) || call.signal?.aborted || !budget.take()) throw error;
  }
  onRetry();
  return client.post(call, 'RECENT');
}

/** A refusal of the one request says that the server is well. Else a client could make the breaker open with requests of its own. */
function isAlive(error: unknown): boolean {
  return error instanceof CodedError || (error instanceof InvalidAnswer && error.status >= 400 && error.status < 500);
}

function isFailure(error: unknown, hadTime: boolean): boolean {
  if (error instanceof DeadlinePassed) return hadTime;
  return error instanceof ConnectionFailed || error instanceof WireFault || error instanceof InvalidAnswer;
}

function rateLimited(): CodedError {
  return new CodedError('SUBGRAPH_RATE_LIMITED', 'The subgraph refuses for now: it was asked too often.');
}
