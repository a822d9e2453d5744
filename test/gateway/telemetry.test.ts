import { context, trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import fc from 'fast-check';
import { createLog, leanLog } from '../../gateway/log.ts';
import { Metrics } from '../../gateway/metrics.ts';
import type { FetchNode } from '../../gateway/planner/plan.ts';
import { createTelemetry, type RequestSummary, type TelemetryParts } from '../../gateway/telemetry.ts';
import { Tracing } from '../../gateway/tracing.ts';

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const FETCH: FetchNode = {
  kind: 'fetch',
  subgraph: 'shop',
  operationKind: 'query',
  operation: '{ orders { id } }',
  variableUsages: [],
  path: [],
  outputRewrites: [],
};
const FINE = { requestId: 'r-1', operation: undefined, answer: { body: { data: {} }, status: 200, headers: {} } };

/** Telemetry over a clock that goes on by a millisecond whenever it is looked at. */
function begin(parts: Partial<TelemetryParts> = {}) {
  const lines: Record<string, unknown>[] = [];
  const metrics = new Metrics();
  let now = 0;
  const telemetry = createTelemetry({
    log: createLog('info', { write: (line) => lines.push(JSON.parse(line)) }),
    clock: () => {
      now += 1;
      return now;
    },
    metrics,
    tracing: new Tracing(trace.getTracer('test')),
    logSamplePercent: 100,
    ...parts,
  });
  return { telemetry, metrics, lines };
}

function recorder() {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  return { tracing: new Tracing(provider.getTracer('test')), exporter };
}

describe('spans', () => {
  it('are named after the stages and hang on the trace of the caller', () => {
    const { tracing, exporter } = recorder();
    const watch = begin({ tracing }).telemetry.begin({ traceparent: PARENT });
    watch.stage('guard', () => 'guarded');
    const sent = watch.stage('execute', () => {
      const fetch = watch.begin(FETCH);
      const traceparent = fetch.send(2);
      fetch.answered('LIVE');
      fetch.merged();
      return traceparent;
    });
    watch.end(FINE);
    const spans = exporter.getFinishedSpans();
    const nameOf = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
    const tree = spans.map((span) => `${nameOf.get(span.parentSpanContext?.spanId ?? '') ?? 'caller'} > ${span.name}`);
    expect(tree).toEqual([
      'request > guard',
      'hop shop > represent',
      'hop shop > fetch',
      'hop shop > merge',
      'execute > hop shop',
      'request > execute',
      'caller > request',
    ]);
    expect(new Set(spans.map((span) => span.spanContext().traceId))).toEqual(new Set([PARENT.split('-')[1]]));
    expect(spans.at(-1)?.parentSpanContext?.spanId).toBe(PARENT.split('-')[2]);
    const fetchSpan = spans.find(({ name }) => name === 'fetch')?.spanContext();
    expect(sent).toBe(`00-${fetchSpan?.traceId}-${fetchSpan?.spanId}-01`);
  });

  it('of a failed fetch end as errors with its outcome, without a merge', () => {
    const { tracing, exporter } = recorder();
    const watch = begin({ tracing }).telemetry.begin();
    const fetch = watch.begin(FETCH);
    fetch.send(0);
    fetch.answered('TIMEOUT');
    watch.end({ ...FINE, answer: { ...FINE.answer, body: { errors: [{ message: '', extensions: { code: 'X' } }] } } });
    const failed = exporter.getFinishedSpans().filter(({ status }) => status.code === 2);
    expect(failed.map(({ name, status }) => `${name} ${status.message}`)).toEqual([
      'fetch TIMEOUT',
      'hop shop TIMEOUT',
      'request X',
    ]);
  });

  it('are not made without an SDK, and the context of the caller is handed on as it came', () => {
    const { telemetry } = begin();
    const sent = telemetry.begin({ traceparent: PARENT }).begin(FETCH).send(0);
    expect(sent).toBe(PARENT);
    expect(telemetry.begin({ traceparent: 'nonsense' }).begin(FETCH).send(0)).toBeUndefined();
    expect(telemetry.begin().begin(FETCH).send(0)).toBeUndefined();
    expect(trace.getSpan(context.active())).toBeUndefined();
  });
});

describe('the log', () => {
  it('has one line a request with its stages', async () => {
    const { telemetry, lines } = begin();
    const watch = telemetry.begin();
    await watch.stage('execute', async () => 'executed');
    expect(() => watch.stage('guard', () => raise())).toThrow('refused');
    watch.end({ ...FINE, fetches: { shop: 'DOWN' } });
    expect(lines).toMatchObject([{ requestId: 'r-1', codes: [], fetches: { shop: 'DOWN' }, stageMs: { execute: 1 } }]);
  });

  it.each([0, 25, 100])('has %i of a hundred requests that went well, and every other one', (percent) => {
    const { telemetry, lines } = begin({ logSamplePercent: percent });
    for (let turn = 0; turn < 200; turn += 1) telemetry.begin().end(FINE);
    expect(lines.length).toBe(percent * 2);
    const body = { errors: [{ message: '', extensions: { code: 'BAD_REQUEST' } }] };
    for (let turn = 0; turn < 7; turn += 1) telemetry.begin().end({ ...FINE, answer: { ...FINE.answer, body } });
    expect(lines.length).toBe(percent * 2 + 7);
  });

  it('has no line for an event of a subscription that went well, and one for any other', () => {
    const { telemetry, lines, metrics } = begin();
    for (let turn = 0; turn < 100; turn += 1) telemetry.begin().end({ ...FINE, isEvent: true });
    expect(lines).toEqual([]);
    expect(metrics.text()).toContain('c360_requests_total{code="OK"} 100');
    const body = { errors: [{ message: '', extensions: { code: 'SUBGRAPH_DOWN' } }] };
    telemetry.begin().end({ ...FINE, isEvent: true, answer: { ...FINE.answer, body } });
    expect(lines).toMatchObject([{ requestId: 'r-1', codes: ['SUBGRAPH_DOWN'] }]);
  });

  it('keeps secrets to itself, in depth and in lines of requests', () => {
    const lines: string[] = [];
    const log = createLog('info', { write: (line) => lines.push(line) });
    for (const field of ['authorization', 'cookie', 'variables', 'password', 'query', 'token']) {
      log.warn(
        { [field]: 'geheim', headers: { [field]: 'geheim' }, request: { headers: { [field]: 'geheim' } } },
        'odd',
      );
      leanLog(log).info({ [field]: 'geheim' }, 'request');
    }
    expect(lines).toHaveLength(12);
    expect(lines.join('')).not.toContain('geheim');
  });
});

describe('metrics', () => {
  it('count requests, stages and fetches', () => {
    const { telemetry, metrics } = begin();
    const watch = telemetry.begin();
    watch.stage('plan', () => 'planned');
    const fetch = watch.begin(FETCH);
    fetch.send(3);
    fetch.answered('LIVE');
    fetch.merged();
    watch.end({ ...FINE, operation: { operation: 'query' } as RequestSummary['operation'], fetches: { shop: 'LIVE' } });
    const text = metrics.text();
    for (const sample of [
      'c360_requests_total{code="OK"} 1',
      'c360_fetches_total{subgraph="shop",outcome="LIVE"} 1',
      'c360_stage_duration_seconds_count{stage="plan"} 1',
      'c360_stage_duration_seconds_bucket{stage="plan",le="0.001"} 1',
      'c360_fetch_duration_seconds_count{subgraph="shop",outcome="LIVE"} 1',
      'c360_request_duration_seconds_count{operation="query"} 1',
      '# TYPE c360_request_duration_seconds histogram',
    ])
      expect(text.split('\n')).toContain(sample);
  });

  it('keep a bounded number of series, and the sum right', () => {
    const metrics = new Metrics();
    const counter = metrics.counter({ name: 'many_total', help: 'Many.', labels: ['name', 'kind'] });
    for (let index = 0; index < 2000; index += 1) counter.add([`name ${index}`, 'x']);
    const samples = metrics
      .text()
      .split('\n')
      .filter((line) => line.startsWith('many_total'));
    expect(samples).toHaveLength(501);
    expect(samples.at(-1)).toBe('many_total{name="other",kind="other"} 1500');
  });

  it('keep to the text format whatever a label holds, and buckets never fall', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.array(fc.double({ min: 0, max: 20, noNaN: true })),
        (label, values) => {
          const metrics = new Metrics();
          const histogram = metrics.histogram({ name: 'some_seconds', help: 'Some.', labels: ['of'] });
          for (const value of values) histogram.observe([label], value);
          const samples = metrics.text().trimEnd().split('\n').slice(2);
          for (const sample of samples)
            expect(sample).toMatch(/^some_seconds_\w+\{of="(?:[^"\\\n]|\\.)*"(?:,le="[^"]+")?\} [\d.e+-]+$/);
          const buckets = samples
            .filter((sample) => sample.includes('_bucket'))
            .map((sample) => Number(sample.split('} ')[1]));
          expect(buckets).toEqual([...buckets].sort((a, b) => a - b));
          if (values.length > 0) expect(buckets.at(-1)).toBe(values.length);
        },
      ),
      { numRuns: 100 },
    );
  });
});

function raise(): never {
  throw new Error('refused');
}
