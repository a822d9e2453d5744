import { Client } from 'undici';
import type { Request } from '../load.ts';

/** What the parent asks of this process. */
export interface LoadOrder {
  readonly origin: string;
  readonly request: Request;
  readonly connections: number;
  readonly requests: number;
}

/** What came of it. */
export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** Length of an answer. */
  readonly answerBytes: number;
}

/** A process that sends one request again and again over a number of connections, and reads every answer whole. */
process.on('message', (order: LoadOrder) => {
  run(order).then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));

async function run({ origin, request, connections, requests }: LoadOrder): Promise<LoadResult> {
  const body = JSON.stringify(request);
  const tookMs: number[] = [];
  let left = requests;
  let answerBytes = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const client = new Client(origin);
      while (left > 0) {
        left -= 1;
        const sentAt = performance.now();
        const text = await post(client, body);
        tookMs.push(performance.now() - sentAt);
        // A figure of wrong answers is worth nothing.
        if (!text.startsWith('{"data":{') || text.includes('"errors":'))
          throw new Error(`a wrong answer: ${text.slice(0, 200)}`);
        answerBytes = text.length;
      }
      await client.close();
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  tookMs.sort((a, b) => a - b);
  const at = (share: number): number => tookMs[Math.floor(tookMs.length * share)] ?? Number.NaN;
  return { requestsPerSecond: requests / seconds, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99), answerBytes };
}

async function post(client: Client, body: string): Promise<string> {
  const { statusCode, body: answer } = await client.request({
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body,
  });
  const text = await answer.text();
  if (statusCode !== 200) throw new Error(`status ${statusCode}: ${text.slice(0, 200)}`);
  return text;
}
