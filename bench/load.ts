import type { MeasuredProcess } from './measured-process.ts';

/** What a series of requests cost. */
export interface Measured {
  readonly requests: number;
  readonly cpuMsPerRequest: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly statementsPerRequest: number;
  readonly peakMebibytes: number;
}

/** One request to come: the query and its variables. */
export interface Request {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** Sends one request. Rejects when the answer carries an error: a figure of wrong answers is worth nothing. */
export async function ask(origin: string, request: Request): Promise<Record<string, unknown>> {
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
  const { data, errors } = (await response.json()) as { data?: Record<string, unknown>; errors?: unknown };
  if (errors !== undefined || !data) throw new Error(`An answer carries errors: ${JSON.stringify(errors)}`);
  return data;
}

/** Sends requests one after the other, after a warm-up, and gives what they cost the measured process. */
export async function measure(
  process: MeasuredProcess,
  requests: readonly Request[],
  warmUp: number,
): Promise<Measured> {
  for (let index = 0; index < warmUp; index += 1) await ask(process.origin, at(requests, index));
  const before = await process.sample();
  const tookMs: number[] = [];
  for (const request of requests) {
    const began = performance.now();
    await ask(process.origin, request);
    tookMs.push(performance.now() - began);
  }
  const after = await process.sample();
  const count = (statements: Readonly<Record<string, number>>) =>
    Object.values(statements).reduce((sum, n) => sum + n, 0);
  tookMs.sort((a, b) => a - b);
  return {
    requests: requests.length,
    cpuMsPerRequest: (after.cpuMs - before.cpuMs) / requests.length,
    p50Ms: at(tookMs, Math.floor(tookMs.length * 0.5)),
    p99Ms: at(tookMs, Math.floor(tookMs.length * 0.99)),
    statementsPerRequest: (count(after.statements) - count(before.statements)) / requests.length,
    peakMebibytes: Math.round(after.peakBytes / 2 ** 20),
  };
}

function at<T>(list: readonly T[], index: number): T {
  const element = list[index % list.length];
  if (element === undefined) throw new Error('Nothing to measure.');
  return element;
}
