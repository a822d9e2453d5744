import { once } from 'node:events';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { createInProcessTransport } from '../../gateway/transport/in-process.ts';
import { startTinyGateway, type TinyGateway } from '../support/tiny-gateway.ts';
import { localTiny, TinyWorld } from '../support/tiny-supergraph.ts';

const QUERY = '{ person(id: "1") { name } }';
const world = new TinyWorld();
let tiny: TinyGateway;

beforeEach(async () => {
  const transports = {
    hub: createInProcessTransport(localTiny('hub', world)),
    shop: createInProcessTransport(localTiny('shop', world)),
    desk: createInProcessTransport(localTiny('desk', world)),
  };
  tiny = await startTinyGateway({ transports });
});
afterEach(() => tiny.gateway.close());

/** Asks with a connection for each request, from a thread of its own, until it is told to stop; then it tells how each went. */
const CLIENTS = `
  const { request } = require('node:http');
  const { parentPort, workerData } = require('node:worker_threads');
  const outcomes = [];
  let isOver = false;
  const askOnce = () => new Promise((resolve) => {
    const headers = { 'content-type': 'application/json' };
    const asked = request(workerData.origin + '/graphql', { method: 'POST', agent: false, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
      response.on('error', (error) => resolve(error.code));
    });
    asked.on('error', (error) => resolve(error.code));
    asked.end(JSON.stringify({ query: workerData.query }));
  });
  parentPort.on('message', () => { isOver = true; });
  const client = async () => {
    while (!isOver) {
      outcomes.push(await askOnce());
      if (outcomes.length === 50) parentPort.postMessage('under way');
    }
  };
  Promise.all(Array.from({ length: 8 }, client)).then(() => {
    parentPort.postMessage(outcomes);
    parentPort.close();
  });
`;

describe('a server that is being stopped', () => {
  it('answers whoever still comes with a connection each, and loses nobody', async () => {
    const { origin } = tiny.server;
    const clients = new Worker(CLIENTS, { eval: true, workerData: { origin, query: QUERY } });
    await once(clients, 'message');
    await tiny.server.drain(5000, 150);
    clients.postMessage('stop');
    const [outcomes] = (await once(clients, 'message')) as [unknown[]];
    expect(outcomes.filter((outcome) => outcome !== 200 && outcome !== 'ECONNREFUSED')).toEqual([]);
    expect(outcomes.filter((outcome) => outcome === 200).length).toBeGreaterThan(50);
  });

  it('says that it drains while it still answers, and asks for the connection back', async () => {
    const { origin } = tiny.server;
    await tiny.post(QUERY);
    const drained = tiny.server.drain(5000, 1000);
    const readiness = await fetch(`${origin}/health/ready`);
    expect([readiness.status, await readiness.json()]).toMatchObject([503, { status: 'draining' }]);
    expect(readiness.headers.get('connection')).toBe('close');
    const late = await fetch(`${origin}/graphql?query=${encodeURIComponent(QUERY)}`);
    expect([late.status, late.headers.get('connection')]).toEqual([200, 'close']);
    await drained;
    await expect(fetch(`${origin}/health/live`)).rejects.toThrow();
  });

  it('does not wait when nobody comes, also not for idle connections', async () => {
    const idle = connect(Number(new URL(tiny.server.origin).port), '127.0.0.1');
    await new Promise((resolve) => idle.once('connect', resolve));
    const began = performance.now();
    await tiny.server.drain(5000, 2000);
    // Who has just connected is given a second to ask: neither the grace nor the limit is waited for.
    expect(performance.now() - began).toBeLessThan(1900);
    idle.destroy();
  });
});
