import { OPERATIONS } from './gateways/workload.ts';
import { ask, serveWorkload } from './served-workload.ts';

const RELOADS = 100;
const REQUESTS_PER_SECOND = 300;
const QUIET_SECONDS = 5;

/** Measures what reloads cost those who ask meanwhile: requests at a fixed rate, first without reloads, then with a hundred. */
async function measureReloads(): Promise<void> {
  const served = await serveWorkload();
  const reloadAll = async (): Promise<void> => {
    for (let number = 1; number <= RELOADS; number += 1) await served.reload(number);
  };
  const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, QUIET_SECONDS * 1000));
  const phases = { 'warm-up': wait, 'no reload': wait, [`${RELOADS} reloads`]: reloadAll };
  console.log('               requests   failed   per second   p50 ms   p99 ms   max ms');
  for (const [name, work] of Object.entries(phases)) {
    const { requests, failed, seconds, tookMs } = await askWhile(() => ask(served.pool, OPERATIONS['one-fetch']), work);
    const at = (share: number): string =>
      (tookMs[Math.min(Math.floor(tookMs.length * share), tookMs.length - 1)] ?? 0).toFixed(2);
    const columns = [requests, failed, Math.round(requests / seconds), at(0.5), at(0.99), at(1)];
    console.log(
      name.padEnd(12) +
        columns.map((column, index) => String(column).padStart([11, 9, 13, 9, 9, 9][index] ?? 0)).join(''),
    );
  }
  await served.stop();
}

/** Sends requests at the fixed rate, whether or not earlier ones are answered, until the work is done. */
async function askWhile(send: () => Promise<void>, work: () => Promise<void>) {
  const tookMs: number[] = [];
  const open = new Set<Promise<void>>();
  let failed = 0;
  let sent = 0;
  const began = performance.now();
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - began) / 1000) * REQUESTS_PER_SECOND);
    for (; sent < due; sent += 1) {
      const sentAt = performance.now();
      const answered = send().then(
        () => void tookMs.push(performance.now() - sentAt),
        () => {
          failed += 1;
        },
      );
      open.add(answered);
      answered.finally(() => open.delete(answered));
    }
  }, 1);
  await work();
  clearInterval(timer);
  const seconds = (performance.now() - began) / 1000;
  await Promise.all(open);
  return { requests: sent, failed, seconds, tookMs: tookMs.sort((a, b) => a - b) };
}

measureReloads().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
