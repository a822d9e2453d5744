import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startSubgraphServer } from '../../subgraphs/server.ts';
import { createFeed, type Feed } from './feed.ts';
import type { GatewaySample } from './gateway.ts';
import type { LoadOrder, LoadReport } from './load.ts';

const QUIET = { info() {}, warn() {}, error() {} };
/** Events are told in so many turns a second. */
const TURNS_PER_SECOND = 100;

/**
 * Measures live clients: memory of an idle socket, and how long an event takes from a remote subgraph through the gateway (one entity
 * fetch for each) to the client. The subgraph is in this process, the gateway and the clients in one each.
 *   node dist/bench/subscriptions/run.js [--sockets 5000] [--topics 50] [--deliveries 1000] [--seconds 20]
 * `--topics` tells how many different subscriptions the sockets share; `--deliveries` is for all clients together, each second.
 */
async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      sockets: { type: 'string', default: '5000' },
      topics: { type: 'string', default: '50' },
      deliveries: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '20' },
    },
  });
  const [sockets, topics, deliveries] = [Number(values.sockets), Number(values.topics), Number(values.deliveries)];
  const feed = createFeed();
  const subgraph = await startSubgraphServer(feed.subgraph, { port: 0, log: QUIET });
  const feedUrl = `http://127.0.0.1:${subgraph.port}`;
  const gateway = fork(join(__dirname, 'gateway.js'), [feedUrl], { execArgv: ['--expose-gc'] });
  const { origin } = await nextFrom<{ origin: string }>(gateway);
  const load = fork(join(__dirname, 'load.js'));
  const tell = <T>(order: LoadOrder): Promise<T> => ask<T>(load, order);

  // The first sockets bring code and buffers that the others share.
  await tell({ kind: 'connect', origin, sockets: 100 });
  const before = await ask<GatewaySample>(gateway, 'sample');
  await tell({ kind: 'connect', origin, sockets: sockets - 100 });
  const idle = await ask<GatewaySample>(gateway, 'sample');
  await tell({ kind: 'subscribe', topics });
  while (feed.subscribers() < topics) await pause(50);
  const subscribed = await ask<GatewaySample>(gateway, 'sample');

  const upstreamPerSecond = (deliveries * topics) / sockets;
  await emit(feed, topics, upstreamPerSecond, 3);
  await pause(2000);
  const cpuBefore = await ask<GatewaySample>(gateway, 'sample');
  await tell({ kind: 'begin' });
  const emitted = await emit(feed, topics, upstreamPerSecond, Number(values.seconds));
  await pause(1000);
  const report = await tell<LoadReport>({ kind: 'report' });
  const after = await ask<GatewaySample>(gateway, 'sample');
  const perSocket = (sample: GatewaySample, key: 'rssBytes' | 'heapBytes'): string =>
    ((sample[key] - before[key]) / 1024 / (sockets - 100)).toFixed(1);
  console.log(`sockets ${sockets}, different subscriptions ${topics}, upstream events ${emitted}`);
  console.log(
    `idle socket: ${perSocket(idle, 'rssBytes')} KB of the process, ${perSocket(idle, 'heapBytes')} KB of its heap`,
  );
  console.log(
    `with a subscription: ${perSocket(subscribed, 'rssBytes')} KB, ${perSocket(subscribed, 'heapBytes')} KB of heap`,
  );
  console.log(
    `deliveries ${report.events} of ${(emitted * sockets) / topics}: p50 ${report.p50Ms.toFixed(1)} ms, p95 ${report.p95Ms.toFixed(1)} ms, p99 ${report.p99Ms.toFixed(1)} ms, max ${report.maxMs.toFixed(1)} ms; sockets closed ${report.closed}`,
  );
  const cpu = (after.cpuMs - cpuBefore.cpuMs) / report.events;
  console.log(`CPU of the gateway: ${cpu.toFixed(3)} ms a delivery`);
  gateway.disconnect();
  load.disconnect();
  await subgraph.close();
}

/** Tells events evenly, topic by topic. Gives how many. */
async function emit(feed: Feed, topics: number, perSecond: number, seconds: number): Promise<number> {
  const began = performance.now();
  let told = 0;
  for (let turn = 1; turn <= seconds * TURNS_PER_SECOND; turn += 1) {
    const due = Math.floor((turn * perSecond) / TURNS_PER_SECOND);
    for (; told < due; told += 1) feed.move(String(told % topics));
    const waitMs = began + (turn * 1000) / TURNS_PER_SECOND - performance.now();
    if (waitMs > 0) await pause(waitMs);
  }
  return told;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function ask<T>(child: ChildProcess, order: LoadOrder | 'sample'): Promise<T> {
  const answered = nextFrom<T & { error?: string }>(child);
  child.send(order);
  const answer = await answered;
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer;
}

async function nextFrom<T>(child: ChildProcess): Promise<T> {
  const ended = new AbortController();
  const onExit = () => ended.abort(new Error('A process of the measurement ended.'));
  child.once('exit', onExit);
  try {
    const [message] = await once(child, 'message', { signal: ended.signal });
    return message as T;
  } finally {
    child.off('exit', onExit);
  }
}

run().catch((error: unknown) => {
  console.error(String(error));
  process.exit(1);
});
