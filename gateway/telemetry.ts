import type { OperationDefinitionNode } from 'graphql';
import type { Logger } from 'pino';
import type { Clock } from '../schema/clock.ts';
import type { FetchOutcome } from '../schema/subgraph-transport.ts';
import type { Answer } from './stages/respond.ts';

/** Stages of a request, in their order: also file names, log fields and metric labels. */
export type Stage = 'receive' | 'guard' | 'plan' | 'execute' | 'respond';

/** Watches one request on its way. */
export interface RequestWatch {
  /** Runs a stage and takes its time, whether or not it throws. */
  stage<T>(name: Stage, work: () => T): T;
  /** Writes the request's line in the log and counts it. */
  end(summary: RequestSummary): void;
}

/** What is known of a request when it is over. Only what the log names below is taken of it. */
export interface RequestSummary {
  readonly requestId: string;
  readonly operation: OperationDefinitionNode | undefined;
  readonly answer: Answer;
  readonly fetches?: Readonly<Record<string, FetchOutcome>>;
}

/** Counts and times requests. */
export interface Telemetry {
  begin(): RequestWatch;
  /** Everything counted so far, in Prometheus' text format. */
  metrics(): string;
}

/** Makes the telemetry of one server. The clock's fractions of milliseconds count. */
export function createTelemetry(log: Logger, clock: Clock): Telemetry {
  const requests = new Map<string, number>();
  const stages = new Map<Stage, { seconds: number; count: number }>();
  const fetches = new Map<string, number>();

  function begin(): RequestWatch {
    const durations: Partial<Record<Stage, number>> = {};
    return {
      stage: (name, work) =>
        timed(clock, work, (ms) => {
          durations[name] = ms;
        }),
      end({ requestId, operation, answer, fetches: outcomes = {} }) {
        const codes = [...new Set(answer.body.errors?.map((error) => String(error.extensions?.['code'])))];
        for (const code of codes.length > 0 ? codes : ['OK']) add(requests, `code="${code}"`);
        for (const [subgraph, outcome] of Object.entries(outcomes)) {
          add(fetches, `subgraph="${subgraph}",outcome="${outcome}"`);
        }
        for (const [stage, ms] of Object.entries(durations) as [Stage, number][]) {
          const total = stages.get(stage) ?? { seconds: 0, count: 0 };
          stages.set(stage, { seconds: total.seconds + ms / 1000, count: total.count + 1 });
        }
        const { operation: operationType, name } = operation ?? {};
        const stageMs = rounded(durations);
        log.info(
          { requestId, operationType, operationName: name?.value, codes, fetches: outcomes, stageMs },
          'request',
        );
      },
    };
  }

  function metrics(): string {
    const durations = [...stages].flatMap(([stage, { seconds, count }]) => [
      `c360_stage_duration_seconds_sum{stage="${stage}"} ${seconds.toFixed(6)}`,
      `c360_stage_duration_seconds_count{stage="${stage}"} ${count}`,
    ]);
    return [
      ...counter('c360_requests_total', 'Requests by the codes of their errors.', requests),
      ...counter('c360_fetches_total', 'Requests by how their fetches to a subgraph ended.', fetches),
      '# HELP c360_stage_duration_seconds Time spent in each stage of a request.',
      '# TYPE c360_stage_duration_seconds summary',
      ...durations,
      '',
    ].join('\n');
  }

  return { begin, metrics };
}

function timed<T>(clock: Clock, work: () => T, onDone: (ms: number) => void): T {
  const began = clock();
  const done = () => onDone(clock() - began);
  try {
    const result = work();
    if (result instanceof Promise) return result.finally(done) as T;
    done();
    return result;
  } catch (error) {
    done();
    throw error;
  }
}

function add(counts: Map<string, number>, labels: string): void {
  counts.set(labels, (counts.get(labels) ?? 0) + 1);
}

function counter(name: string, help: string, counts: ReadonlyMap<string, number>): string[] {
  const samples = [...counts].map(([labels, count]) => `${name}{${labels}} ${count}`);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} counter`, ...samples];
}

function rounded(durations: Partial<Record<Stage, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(durations).map(([stage, ms]) => [stage, Math.round(ms * 100) / 100]));
}
