import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../schema/clock.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import type { PrincipalChanges } from '../authorize/complete-principal.ts';
import type { Metrics } from '../metrics.ts';
import type { OperationRequest } from '../operation.ts';
import { checkParameters } from '../stages/receive.ts';
import type { Answer } from '../stages/respond.ts';
import { type After, afterByTimer } from '../timers.ts';
import { type Following, iterateAnswers } from './answers.ts';
import type { SocketParts } from './client-socket.ts';
import { ClientSockets } from './client-sockets.ts';
import { EventStreams, type EventStreamsParts } from './event-streams.ts';
import { DEFAULT_LIVE_LIMITS, type LiveLimits } from './live-limits.ts';
import { liveMetrics } from './live-metrics.ts';
import type { LiveStages } from './live-operation.ts';
import { SignalListeners } from './signal-listeners.ts';
import { Subscriptions } from './subscriptions.ts';

/** What live operations are made from. */
export interface LiveParts {
  readonly stages: LiveStages;
  /** What tells that a principal is completed otherwise by now. */
  readonly principalChanges?: PrincipalChanges | undefined;
  readonly receive: EventStreamsParts['receive'];
  readonly authenticator: Authenticator;
  /** False for a page of a site that may not use the graph. */
  readonly isOriginAllowed: (request: IncomingMessage) => boolean;
  readonly newId: () => string;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Told of every loss of a subgraph. */
  readonly onLoss: (subgraph: string, reason: unknown) => void;
  readonly limits?: Partial<LiveLimits>;
  readonly after?: After;
  readonly random?: () => number;
}

/** Everything that lives longer than one answer. */
export interface Live {
  /** Takes over a connection that asks to become a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Answers a request that accepts server-sent events. */
  serveEventStream(message: IncomingMessage, response: ServerResponse, requestId: string): Promise<void>;
  /** The answers of an operation of any kind, for a caller in this process; ending the iteration ends it. */
  subscribe(request: OperationRequest, caller: Following['caller']): AsyncIterableIterator<Answer['body']>;
  /** Takes subscriptions into the generation of today. */
  generationChanged(): Promise<void>;
  /** Tells every client to come again elsewhere and resolves when all sockets are gone; after `limitMs` they are cut. */
  drain(limitMs: number): Promise<void>;
  /** Ends what is still followed, by whomever, and waits for nobody. */
  close(): void;
}

/** How long clients may take to answer a close that nobody waits for. */
const CLOSING_MS = 5000;

/** Makes the part of a gateway that clients follow operations through. */
export function createLive(parts: LiveParts): Live {
  const { stages, principalChanges, newId, clock, onLoss, after = afterByTimer, random = Math.random } = parts;
  const limits = { ...DEFAULT_LIVE_LIMITS, ...parts.limits };
  const counts = liveMetrics(parts.metrics, () => ({
    ...subscriptions.counts,
    sockets: sockets.size,
    eventStreams: eventStreams.size,
  }));
  const { onEvent } = counts;
  const followPayload: SocketParts['follow'] = (payload, caller, subscriber) => {
    let request: OperationRequest;
    try {
      request = checkParameters({ ...payload });
    } catch (error) {
      subscriber.fail(stages.refuse(error, caller.requestId));
      return;
    }
    subscriptions.follow(request, caller, subscriber);
  };
  const { backoff, queue: queueLimits, keepAliveMs } = limits;
  const subscriptions = new Subscriptions({ stages, principalChanges, after, clock, random, backoff, onEvent, onLoss });
  const signals = new SignalListeners();
  const sockets = new ClientSockets({
    signals,
    authenticator: parts.authenticator,
    follow: followPayload,
    isOriginAllowed: parts.isOriginAllowed,
    newId,
    after,
    queueLimits,
    keepAliveMs,
    initialisationTimeoutMs: limits.initialisationTimeoutMs,
    operationLimit: limits.operationsPerSocket,
    messageLimitBytes: limits.messageBytes,
    socketLimit: limits.clients,
    onClosing: counts.onSocketClosing,
  });
  const eventStreams = new EventStreams({
    signals,
    receive: parts.receive,
    follow: (request, caller, subscriber, options) => subscriptions.follow(request, caller, subscriber, options),
    refuse: stages.refuse,
    after,
    queueLimits,
    keepAliveMs,
    streamLimit: limits.clients,
    onEnding: counts.onStreamEnding,
  });
  const follow: Following['follow'] = (request, caller, subscriber) =>
    subscriptions.follow(request, { ...caller, takesEvents: true }, subscriber);
  return {
    upgrade: (request, socket, head) => sockets.upgrade(request, socket, head),
    serveEventStream: (message, response, requestId) => eventStreams.serve(message, response, requestId),
    subscribe: (request, caller) => iterateAnswers({ follow, request, caller, limits: queueLimits }),
    generationChanged: () => subscriptions.generationChanged(),
    drain(limitMs) {
      eventStreams.drain();
      return sockets.drain(limitMs);
    },
    close() {
      eventStreams.drain();
      void sockets.drain(CLOSING_MS);
      subscriptions.close([{ message: 'The gateway is being stopped.', extensions: { code: 'SHUTTING_DOWN' } }]);
    },
  };
}
