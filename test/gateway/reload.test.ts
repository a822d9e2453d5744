import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway, type Gateway, type GatewayOptions } from '../../gateway/gateway.ts';
import { Generations } from '../../gateway/generations.ts';
import { createLog } from '../../gateway/log.ts';
import { Metrics } from '../../gateway/metrics.ts';
import { composedSource } from '../../gateway/supergraph/composed.ts';
import { fileSource } from '../../gateway/supergraph/file.ts';
import { followSupergraph } from '../../gateway/supergraph/follow.ts';
import { type Every, SupergraphInvalid, type SupergraphSource } from '../../gateway/supergraph/source.ts';
import { urlSource } from '../../gateway/supergraph/url.ts';
import { createHttpTransport } from '../../gateway/transport/http.ts';
import { createInProcessTransport } from '../../gateway/transport/in-process.ts';
import { composeSupergraph } from '../../schema/compose.ts';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import type { SubgraphTransport } from '../../schema/subgraph-transport.ts';
import { composeTiny, localTiny, serveTiny, TINY_SDL, type TinyName, TinyWorld } from '../support/tiny-supergraph.ts';

const folder = mkdtempSync(join(tmpdir(), 'c360-reload-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const QUERY = { query: '{ person(id: "1") { name orders { total } } }' };
const ANSWER = { data: { person: { name: 'Shop 1', orders: [{ total: 10 }] } } };
const caller = { principal: LOCAL_ADMINISTRATOR, requestId: 'reload' };

function sdlAt(place: string, hub = 'hub'): string {
  return composeTiny({ hub: `http://${hub}.invalid`, shop: `http://${place}.invalid`, desk: 'http://desk.invalid' });
}

/** A gateway over local subgraphs that remembers which ways to them it has made and closed. */
async function begin(
  options: Partial<GatewayOptions> = {},
  transportOf = (name: TinyName, world: TinyWorld): SubgraphTransport =>
    createInProcessTransport(localTiny(name, world)),
) {
  const world = new TinyWorld();
  const log: Record<string, unknown>[] = [];
  const made: string[] = [];
  const closed: string[] = [];
  const metrics = new Metrics();
  const gateway = await createGateway({
    supergraphSdl: sdlAt('shop'),
    log: createLog('info', { write: (line) => log.push(JSON.parse(line)) }),
    metrics,
    transportTo({ name, url }) {
      made.push(url);
      const close = async (): Promise<void> => {
        closed.push(url);
      };
      return { ...transportOf(name as TinyName, world), close };
    },
    ...options,
  });
  return { gateway, world, log, made, closed, metrics };
}

/** Each call of `tick` is the moment at which what is done every so often is done. */
function manualTimer(): { readonly every: Every; tick(): void } {
  const works = new Set<() => void>();
  return {
    every: (_ms, work) => {
      works.add(work);
      return () => works.delete(work);
    },
    tick: () => {
      for (const work of works) work();
    },
  };
}

async function becomes(isSo: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!isSo()) {
    if (performance.now() > end) throw new Error('It did not become so within twenty seconds.');
    await new Promise(setImmediate);
  }
}

describe('a reload', () => {
  it('a hundred times under load loses no request', async () => {
    const { gateway, closed } = await begin();
    const server = await gateway.listen({ host: '127.0.0.1', port: 0 });
    let isOver = false;
    const answers: unknown[] = [];
    const clients = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const response = await fetch(`${server.origin}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(QUERY),
        });
        answers.push(await response.json());
      }
    });
    const [one, other] = [sdlAt('shop'), sdlAt('moved')];
    for (let turn = 1; turn <= 100; turn += 1) {
      expect(await gateway.reload(turn % 2 ? other : one)).toBe(true);
      const answered = answers.length;
      await becomes(() => answers.length >= answered + 3);
    }
    isOver = true;
    await Promise.all(clients);
    expect(answers.length).toBeGreaterThan(300);
    expect(answers.filter((answer) => JSON.stringify(answer) !== JSON.stringify(ANSWER))).toEqual([]);
    expect(closed).toHaveLength(100);
    await server.drain(1000);
    await gateway.close();
  });

  it('serves what is new, and hands on the ways to what did not change', async () => {
    const { gateway, made, closed } = await begin();
    expect(made).toEqual(['http://desk.invalid', 'http://hub.invalid', 'http://shop.invalid']);
    expect(await gateway.reload(sdlAt('shop'))).toBe(false);
    expect(await gateway.reload(sdlAt('moved'))).toBe(true);
    expect(made.slice(3)).toEqual(['http://moved.invalid']);
    expect(closed).toEqual(['http://shop.invalid']);
    const sdl = sdlAt('moved').replace('ticket(id: ID!)', 'renamed(id: ID!)');
    expect(await gateway.reload(sdl)).toBe(true);
    const before = await gateway.execute({ query: '{ ticket(id: "1") }' }, caller);
    expect(before.errors?.[0]?.extensions).toMatchObject({ code: 'GRAPHQL_VALIDATION_FAILED' });
    await gateway.close();
    expect(closed.sort()).toEqual([...made].sort());
  });

  it('a broken one is refused, told, and forgotten once a good one comes', async () => {
    const { gateway, log, metrics, closed } = await begin();
    const server = await gateway.listen({ host: '127.0.0.1', port: 0 });
    const readiness = async () => (await fetch(`${server.origin}/health/ready`)).json();
    await expect(gateway.reload('type Query {')).rejects.toThrow(SupergraphInvalid);
    await expect(gateway.reload('type Query { a: Int }')).rejects.toThrow(SupergraphInvalid);
    expect(await gateway.execute(QUERY, caller)).toEqual(ANSWER);
    expect(await readiness()).toMatchObject({ status: 'ready', supergraph: 'outdated' });
    const refused = log.filter(({ msg }) => msg === 'a new supergraph was refused, the one before stays');
    expect(refused.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('The supergraph is not valid'),
      expect.stringContaining('The supergraph is not valid'),
    ]);
    expect(closed).toEqual([]);
    await gateway.reload(sdlAt('good'));
    expect(await readiness()).toMatchObject({ status: 'ready', supergraph: 'loaded' });
    expect(metrics.text()).toContain('c360_reloads_total{outcome="refused"} 2');
    expect(metrics.text()).toContain('c360_reloads_total{outcome="swapped"} 1');
    await server.drain(1000);
    await gateway.close();
  });
});

describe('generations', () => {
  const transportTo =
    (closed: string[]) =>
    ({ url }: { name: string; url: string }) =>
      ({ close: async () => void closed.push(url) }) as unknown as SubgraphTransport;

  it('keep the ways of the one that is still worked with, and close them with its last work', async () => {
    const closed: string[] = [];
    const generations = await Generations.begin('a', {
      create: (sdl, to) => to({ name: 'shop', url: sdl }),
      transportTo: transportTo(closed),
    });
    const [first, second] = [generations.lease(), generations.lease()];
    await generations.reload('b');
    first.release();
    expect([closed, generations.count]).toEqual([[], 2]);
    second.release();
    expect([closed, generations.count]).toEqual([['a'], 1]);
    await generations.close();
    expect(closed).toEqual(['a', 'b']);
  });

  it('let go of a thousand of them', async () => {
    const collected: string[] = [];
    const registry = new FinalizationRegistry<string>((sdl) => collected.push(sdl));
    const generations = await Generations.begin('0', {
      create(sdl, to) {
        const generation = { sdl, transport: to({ name: 'shop', url: 'same' }) };
        registry.register(generation, sdl);
        return generation;
      },
      transportTo: transportTo([]),
    });
    for (let turn = 1; turn <= 1000; turn += 1) {
      const lease = generations.lease();
      await generations.reload(String(turn));
      lease.release();
    }
    expect(generations.count).toBe(1);
    const { setFlagsFromString } = await import('node:v8');
    const { runInNewContext } = await import('node:vm');
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    collect();
    await becomes(() => collected.length >= 999);
    await generations.close();
  });

  it('close what a refused one had opened, and nothing else', async () => {
    const closed: string[] = [];
    const generations = await Generations.begin('a', {
      create(sdl, to) {
        to({ name: 'shop', url: 'shared' });
        to({ name: 'desk', url: sdl });
        if (sdl === 'broken') throw new SupergraphInvalid('No.');
        return sdl;
      },
      transportTo: transportTo(closed),
    });
    await expect(generations.reload('broken')).rejects.toThrow('No.');
    expect([closed, generations.current]).toEqual([['broken'], 'a']);
  });
});

describe('a supergraph that is followed', () => {
  let gateway: Gateway;
  let unfollow: () => Promise<void>;
  afterEach(async () => {
    await unfollow();
    await gateway.close();
  });

  async function follow(source: SupergraphSource) {
    const begun = await begin({ supergraphSdl: await source.read() });
    gateway = begun.gateway;
    unfollow = followSupergraph(source, (read) => gateway.reload(read));
    return begun;
  }

  it('in a file: written, replaced, removed and there again', async () => {
    const path = join(folder, 'super.graphql');
    writeFileSync(path, sdlAt('first'));
    const { made, log } = await follow(fileSource(path, { pollMs: 60_000 }));
    writeFileSync(path, sdlAt('second'));
    await becomes(() => made.includes('http://second.invalid'));
    writeFileSync(`${path}.new`, sdlAt('third'));
    renameSync(`${path}.new`, path);
    await becomes(() => made.includes('http://third.invalid'));
    rmSync(path);
    await becomes(() => log.some(({ reason }) => /cannot be read from .*super\.graphql/.test(String(reason))));
    writeFileSync(path, sdlAt('fourth'));
    await becomes(() => made.includes('http://fourth.invalid'));
  });

  it('at a URL: asked with its ETag, taken when it has changed, kept when the server fails', async () => {
    let served = { status: 200, sdl: sdlAt('first'), tag: '"1"' };
    const statuses: number[] = [];
    const server = createServer((request, response) => {
      const isKnown = served.status === 200 && request.headers['if-none-match'] === served.tag;
      const status = isKnown ? 304 : served.status;
      statuses.push(status);
      response.writeHead(status, { etag: served.tag }).end(isKnown ? undefined : served.sdl);
    }).listen(0, '127.0.0.1');
    await becomes(() => server.listening);
    const { every, tick } = manualTimer();
    const url = `http://reader:geheim@127.0.0.1:${(server.address() as AddressInfo).port}/super?key=geheim`;
    const { made, log } = await follow(urlSource(url, { pollMs: 1, every }));
    tick();
    await becomes(() => statuses.length === 2);
    served = { status: 200, sdl: sdlAt('second'), tag: '"2"' };
    tick();
    await becomes(() => made.includes('http://second.invalid'));
    served = { ...served, status: 500 };
    tick();
    await becomes(() => log.some(({ reason }) => String(reason).includes('the server answered 500')));
    expect(statuses).toEqual([200, 304, 200, 500]);
    expect(JSON.stringify(log)).not.toContain('geheim');
    expect(await gateway.execute(QUERY, caller)).toEqual(ANSWER);
    server.close();
    server.closeAllConnections();
  });

  it('composed: from files and from what subgraphs say of themselves, again when one changes', async () => {
    const world = new TinyWorld();
    const hub = await serveTiny('hub', world);
    writeFileSync(join(folder, 'shop.graphql'), TINY_SDL.shop);
    writeFileSync(join(folder, 'desk.graphql'), TINY_SDL.desk);
    const list = join(folder, 'subgraphs.json');
    const entries = [
      { name: 'hub', url: hub.url },
      { name: 'shop', url: 'http://shop.invalid', sdl: 'shop.graphql' },
      { name: 'desk', url: 'http://desk.invalid', sdl: 'desk.graphql' },
    ];
    writeFileSync(list, JSON.stringify(entries));
    let compositions = 0;
    const warnings: string[] = [];
    const { every, tick } = manualTimer();
    const source = composedSource(list, {
      pollMs: 1,
      every,
      compose: async (subgraphs) => {
        compositions += 1;
        return composeSupergraph(subgraphs).supergraphSdl;
      },
      transportTo: ({ name, url }) => createHttpTransport({ subgraph: name, url, timeoutMs: 2000 }),
      onWarning: (message) => warnings.push(message),
    });
    const { log } = await follow(source);
    expect(await gateway.execute(QUERY, caller)).toEqual(ANSWER);
    const asked = world.asked.length;
    tick();
    await becomes(() => world.asked.length > asked);
    writeFileSync(join(folder, 'desk.graphql'), TINY_SDL.desk.replace('tickets(', 'papers('));
    await becomes(() => compositions === 2 && log.some(({ msg }) => msg === 'a new supergraph is served'));
    writeFileSync(join(folder, 'desk.graphql'), TINY_SDL.desk.replace('deskName: String', 'deskName: Int'));
    await becomes(() => log.some(({ reason }) => /do not compose:\n- .*deskName/s.test(String(reason))));
    await hub.stop();
    tick();
    await becomes(() => warnings.some((warning) => warning.startsWith('`hub` did not give its SDL')));
    expect(await gateway.execute({ query: '{ person(id: "1") { papers } }' }, caller)).toMatchObject({ errors: [{}] });
  });

  it('tells every fault of a list of subgraphs', async () => {
    const { gateway: served } = await begin();
    gateway = served;
    const list = join(folder, 'faulty.json');
    writeFileSync(list, JSON.stringify([{ name: 'hub' }, { url: 'nowhere', sdl: 1 }]));
    const parts = { pollMs: 1, compose: async () => '', onWarning: () => {} };
    const source = composedSource(list, { ...parts, transportTo: () => ({}) as SubgraphTransport });
    await expect(source.read()).rejects.toThrow(/entry 1: `url`.*entry 2: `name`.*entry 2: `url`.*entry 2: `sdl`/s);
    unfollow = async () => {};
  });
});
