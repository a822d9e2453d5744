import type { Cancellation } from '../../../schema/subgraph-transport.ts';
import type { HttpAnswer } from '../answer.ts';

/** One POST of JSON to a subgraph. */
export interface HttpCall {
  readonly body: string;
  /** When nobody waits for the answer any more, by the transport's clock. May move while the call waits for a connection. */
  readonly deadline: number;
  /** Cancels the call. It is looked at now and then. */
  readonly signal: Cancellation | undefined;
  /**
   * Called as the call is sent, once for each attempt. Gives the header fields beyond those that every call has, each
   * `name: value` and a line end, in Latin-1 without other control characters.
   */
  onSend(): string;
}

/**
 * Which connections will do: one that has been idle may turn out to be closed, with the call lost on the way. `RECENT`: one that
 * was used a moment ago, or a new one.
 */
export type ConnectionChoice = 'ANY' | 'RECENT';

/** Sends calls to one server. */
export interface HttpClient {
  /**
   * Sends one call and gives the server's answer, whatever its status. Rejects with ConnectionFailed, WireFault, DeadlinePassed
   * or the signal's reason.
   */
  post(call: HttpCall, choice: ConnectionChoice): Promise<HttpAnswer>;
  /** Cuts every connection; calls under way are rejected. */
  close(): Promise<void>;
}

/** No byte of an answer was received. The cause is for the log: it may name addresses. */
export class ConnectionFailed extends Error {
  constructor(cause?: unknown) {
    super('no connection, or none that lasted', { cause });
    this.name = 'ConnectionFailed';
  }
}

/** The answer did not come in time. */
export class DeadlinePassed extends Error {
  constructor() {
    super('the answer did not come in time');
    this.name = 'DeadlinePassed';
  }
}
