import type { KeptProcess } from './killed-processes.ts';

/** What asking again may mend. */
const PASSING: readonly unknown[] = [
  'SUBGRAPH_DOWN',
  'SUBGRAPH_TIMEOUT',
  'OPERATION_TIMEOUT',
  'CONFLICT',
  'STORE_UNAVAILABLE',
];
/** Both gateways may be starting, on a machine that has much else to do. */
const PATIENCE_MS = 600_000;

interface Answer<T> {
  readonly data?: T;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

/** Asks whichever gateway answers, again and again; a mutation has a key, so that this does it once. */
export async function ask<T>(gateways: readonly KeptProcess[], query: string, variables: object = {}): Promise<T> {
  let said = 'No gateway answered.';
  const untilMs = Date.now() + PATIENCE_MS;
  for (let turn = 0; Date.now() < untilMs; turn += 1) {
    const answer = await askOnce<T>(gateways[turn % gateways.length], query, variables);
    const [error] = answer?.errors ?? [];
    if (answer?.data && !error) return answer.data;
    if (error) said = `${error.extensions?.code}: ${error.message}`;
    if (error && !PASSING.includes(error.extensions?.code)) throw new Error(said);
    await pause(200);
  }
  throw new Error(said);
}

/** Null when the gateway does not answer. */
async function askOnce<T>(
  gateway: KeptProcess | undefined,
  query: string,
  variables: object,
): Promise<Answer<T> | null> {
  try {
    const response = await fetch(`${gateway?.origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(10_000),
    });
    return (await response.json()) as Answer<T>;
  } catch {
    return null;
  }
}

/** Waits so many milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
