import { type OperationDefinitionNode, OperationTypeNode } from 'graphql';
import type { Logger } from 'pino';
import type { Clock } from '../schema/clock.ts';
import type { FetchOutcome } from '../schema/subgraph-transport.ts';
import type { FetchWatch, WatchedFetch } from './execute/fetch-watch.ts';
import { leanLog } from './log.ts';
import type { Counter, Histogram, Metrics } from './metrics.ts';
import type { FetchNode } from './planner/plan.ts';
import type { Answer } from './stages/respond.ts';
import { endSpan, inside, type RecordedSpan, type Tracing, traceparentOf } from './tracing.ts';

/** Stages of a request, in their order: also file names, spans, log fields and metric labels. */
export type Stage = 'receive' | 'guard' | 'plan' | 'execute' | 'respond';

/** What is known of a request as it comes. */
export interface RequestOrigin {
  /** The caller's W3C trace context. */
  readonly traceparent?: string | undefined;
  /** True: each fetch is remembered, for the view of a plan's latency. */
  readonly wantsPlan?: boolean;
}

/** Watches one request on its way. */
export interface RequestWatch extends FetchWatch {
  /** Runs a stage and takes its time, whether or not it throws. */
  stage<T>(name: Stage, work: () => T): T;
  /** Fetches of the request so far, when they are remembered. */
  readonly fetches: readonly TimedFetch[];
  /** Milliseconds that each stage took that is over. */
  readonly stageMs: Readonly<Partial<Record<Stage, number>>>;
  /** Milliseconds since the request began. */
  elapsedMs(): number;
  /** Writes the request's line in the log and counts it. */
  end(summary: RequestSummary): void;
}

/** One fetch of a request; times in milliseconds since the request began. */
export interface TimedFetch {
  readonly fetch: FetchNode;
  readonly beganMs: number;
  representations: number;
  sentMs?: number;
  answeredMs?: number;
  mergedMs?: number;
  outcome?: FetchOutcome;
}

/** What is known of a request when it is over. Only what the log names below is taken of it. */
export interface RequestSummary {
  readonly requestId: string;
  readonly operation: OperationDefinitionNode | undefined;
  readonly answer: Answer;
  readonly fetches?: Readonly<Record<string, FetchOutcome>>;
  /** True for an event of a subscription: one that went well has no line of its own, its subscription has one. */
  readonly isEvent?: boolean;
}

/** Counts, times, traces and logs requests. */
export interface Telemetry {
  begin(origin?: RequestOrigin): RequestWatch;
}

/** What telemetry is made from. */
export interface TelemetryParts {
  readonly log: Logger;
  /** Milliseconds, with fractions. */
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  /** Of the requests that went well, how many in a hundred are logged. */
  readonly logSamplePercent: number;
}

interface Shared extends TelemetryParts {
  readonly requests: Counter;
  readonly fetchOutcomes: Counter;
  readonly requestDuration: Histogram;
  readonly stageDuration: Histogram;
  readonly fetchDuration: Histogram;
  /** Decides whether the line of a request that went well is written. */
  readonly isSampled: () => boolean;
}

/** Makes the telemetry of one gateway. */
export function createTelemetry(parts: TelemetryParts): Telemetry {
  const { metrics } = parts;
  const shared: Shared = {
    ...parts,
    log: leanLog(parts.log),
    requests: metrics.counter({
      name: 'c360_requests_total',
      help: 'Requests by the codes of their errors.',
      labels: ['code'],
    }),
    fetchOutcomes: metrics.counter({
      name: 'c360_fetches_total',
      help: 'Requests by how their fetches to a subgraph ended.',
      labels: ['subgraph', 'outcome'],
    }),
    requestDuration: metrics.histogram({
      name: 'c360_request_duration_seconds',
      help: 'Time from a request to its answer, by kind of operation.',
      labels: ['operation'],
    }),
    stageDuration: metrics.histogram({
      name: 'c360_stage_duration_seconds',
      help: 'Time spent in each stage of a request.',
      labels: ['stage'],
    }),
    fetchDuration: metrics.histogram({
      name: 'c360_fetch_duration_seconds',
      help: 'Time from sending a fetch to its answer.',
      labels: ['subgraph', 'outcome'],
    }),
    isSampled: sampler(parts.logSamplePercent),
  };
  return { begin: (origin = {}) => new Watch(shared, origin) };
}

const STAGE_LABELS = {
  receive: ['receive'],
  guard: ['guard'],
  plan: ['plan'],
  execute: ['execute'],
  respond: ['respond'],
} as const;
const OPERATION_LABELS = {
  [OperationTypeNode.QUERY]: ['query'],
  [OperationTypeNode.MUTATION]: ['mutation'],
  [OperationTypeNode.SUBSCRIPTION]: ['subscription'],
} as const;
const NO_OPERATION = ['none'] as const;
const FINE = ['OK'] as const;

class Watch implements RequestWatch {
  readonly fetches: TimedFetch[] = [];
  readonly #shared: Shared;
  readonly #keepsFetches: boolean;
  readonly #beganAt: number;
  readonly #traceparent: string | undefined;
  readonly #root: RecordedSpan | undefined;
  readonly stageMs: Partial<Record<Stage, number>> = {};
  /** The span of the stage that runs. */
  #stageSpan: RecordedSpan | undefined;

  constructor(shared: Shared, { traceparent, wantsPlan = false }: RequestOrigin) {
    this.#shared = shared;
    this.#keepsFetches = wantsPlan;
    this.#beganAt = shared.clock();
    const { recorded, traceparent: forwarded } = shared.tracing.beginRequest(traceparent);
    this.#root = recorded;
    this.#traceparent = forwarded;
  }

  stage<T>(name: Stage, work: () => T): T {
    const { clock, stageDuration, tracing } = this.#shared;
    const began = clock();
    const span = this.#root && tracing.begin(name, this.#root);
    this.#stageSpan = span;
    const done = (failure?: string): void => {
      const ms = clock() - began;
      this.stageMs[name] = ms;
      stageDuration.observe(STAGE_LABELS[name], ms / 1000);
      if (span) endSpan(span, failure);
    };
    try {
      const result = span ? inside(span, work) : work();
      if (!(result instanceof Promise)) {
        done();
        return result;
      }
      return result.then(
        (value) => {
          done();
          return value;
        },
        (error: unknown) => {
          done('refused');
          throw error;
        },
      ) as T;
    } catch (error) {
      done('refused');
      throw error;
    }
  }

  begin(fetch: FetchNode): WatchedFetch {
    const timed = { fetch, representations: 0, beganMs: this.elapsedMs() };
    if (this.#keepsFetches) this.fetches.push(timed);
    const span = this.#stageSpan ?? this.#root;
    return new FetchTimer(this.#shared, timed, this.#beganAt, this.#traceparent, span);
  }

  end({ requestId, operation, answer, fetches = {}, isEvent = false }: RequestSummary): void {
    const { requests, fetchOutcomes, requestDuration, log, isSampled } = this.#shared;
    const codes = codesOf(answer);
    for (const code of codes) requests.add([code]);
    for (const subgraph in fetches) fetchOutcomes.add([subgraph, fetches[subgraph] ?? '']);
    const kind = operation?.operation;
    requestDuration.observe(kind ? OPERATION_LABELS[kind] : NO_OPERATION, this.elapsedMs() / 1000);
    const isFine = codes === FINE;
    if (this.#root) {
      this.#root.span.setAttributes({ 'c360.request_id': requestId, ...(kind && { 'graphql.operation.type': kind }) });
      endSpan(this.#root, isFine ? undefined : codes[0]);
    }
    if (isFine && (isEvent || !isSampled())) return;
    const operationName = operation?.name?.value;
    log.info(
      {
        requestId,
        operationType: kind,
        operationName,
        codes: isFine ? [] : codes,
        fetches,
        stageMs: rounded(this.stageMs),
      },
      'request',
    );
  }

  elapsedMs(): number {
    return this.#shared.clock() - this.#beganAt;
  }
}

/** Times one fetch and makes its span, with one for each of its parts. */
class FetchTimer implements WatchedFetch {
  readonly #shared: Shared;
  readonly #timed: TimedFetch;
  readonly #beganAt: number;
  readonly #traceparent: string | undefined;
  readonly #hop: RecordedSpan | undefined;
  #part: RecordedSpan | undefined;
  #sentAt = 0;

  constructor(
    shared: Shared,
    timed: TimedFetch,
    beganAt: number,
    traceparent: string | undefined,
    parent: RecordedSpan | undefined,
  ) {
    this.#shared = shared;
    this.#timed = timed;
    this.#beganAt = beganAt;
    this.#traceparent = traceparent;
    this.#hop = parent && shared.tracing.begin(`hop ${timed.fetch.subgraph}`, parent);
    this.#next('represent');
  }

  send(representations: number): string | undefined {
    this.#sentAt = this.#shared.clock();
    this.#timed.sentMs = this.#sentAt - this.#beganAt;
    this.#timed.representations = representations;
    this.#next('fetch');
    return this.#part ? traceparentOf(this.#part.span) : this.#traceparent;
  }

  answered(outcome: FetchOutcome): void {
    const at = this.#shared.clock();
    this.#timed.answeredMs = at - this.#beganAt;
    this.#timed.outcome = outcome;
    this.#shared.fetchDuration.observe([this.#timed.fetch.subgraph, outcome], (at - this.#sentAt) / 1000);
    const failure = outcome === 'LIVE' ? undefined : outcome;
    this.#next('merge', failure);
    if (failure !== undefined) this.merged();
  }

  merged(): void {
    if (this.#timed.mergedMs !== undefined) return;
    this.#timed.mergedMs = this.#shared.clock() - this.#beganAt;
    if (this.#part) endSpan(this.#part);
    const { outcome } = this.#timed;
    if (this.#hop) endSpan(this.#hop, outcome === 'LIVE' ? undefined : outcome);
  }

  #next(name: 'represent' | 'fetch' | 'merge', failure?: string): void {
    if (!this.#hop) return;
    if (this.#part) endSpan(this.#part, failure);
    this.#part = this.#shared.tracing.begin(name, this.#hop);
    this.#part.span.setAttribute('c360.subgraph', this.#timed.fetch.subgraph);
  }
}

function codesOf(answer: Answer): readonly string[] {
  const errors = answer.body.errors;
  if (!errors || errors.length === 0) return FINE;
  return [...new Set(errors.map((error) => String(error.extensions?.['code'])))];
}

/** Says yes to so many in a hundred, evenly spread. */
function sampler(percent: number): () => boolean {
  let owed = 0;
  return () => {
    owed += percent;
    if (owed < 100) return false;
    owed -= 100;
    return true;
  };
}

function rounded(durations: Partial<Record<Stage, number>>): Record<string, number> {
  const result: Record<string, number> = {};
  for (const stage in durations) result[stage] = Math.round((durations[stage as Stage] ?? 0) * 100) / 100;
  return result;
}
