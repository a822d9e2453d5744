import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readiness } from '../../gateway/health.ts';
import { CliProcesses, originOf, type Started } from '../support/cli-process.ts';
import { composeTiny, type ServedTiny, serveTiny, TINY_SDL, TinyWorld } from '../support/tiny-supergraph.ts';
import { ask } from '../support/whole.ts';

const folder = mkdtempSync(join(tmpdir(), 'c360-gateway-'));
const processes = new CliProcesses(folder);
const world = new TinyWorld();
const supergraph = join(folder, 'super.graphql');
const PERSON = '{ person(id: "1") { name } }';
let subgraphs: Record<'hub' | 'shop' | 'desk', ServedTiny>;

beforeAll(async () => {
  subgraphs = {
    hub: await serveTiny('hub', world),
    shop: await serveTiny('shop', world),
    desk: await serveTiny('desk', world),
  };
});
afterAll(async () => {
  processes.killAll();
  await Promise.all(Object.values(subgraphs).map((subgraph) => subgraph.stop()));
  rmSync(folder, { recursive: true, force: true });
});

function sdl(): string {
  return composeTiny({ hub: subgraphs.hub.url, shop: subgraphs.shop.url, desk: subgraphs.desk.url });
}

async function becomes(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error('It did not become so within twenty seconds.');
    await new Promise(setImmediate);
  }
}

async function stop({ child, ended }: Started): Promise<number> {
  const began = performance.now();
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  return performance.now() - began;
}

describe('c360 gateway', () => {
  it('follows its file, keeps what is good, and stops at once when nobody asks', async () => {
    writeFileSync(supergraph, sdl());
    const gateway = processes.start(['gateway', '--supergraph', supergraph, '--port', '0']);
    const origin = await originOf(gateway);
    const readiness = async () => (await (await fetch(`${origin}/health/ready`)).json()) as Readiness;
    const subgraphs = { hub: 'ready', shop: 'ready', desk: 'ready' };
    expect(await readiness()).toEqual({ status: 'ready', supergraph: 'loaded', subgraphs });
    expect(await ask(origin, PERSON)).toEqual({ data: { person: { name: 'Shop 1' } } });

    writeFileSync(supergraph, 'type Query {');
    await becomes(async () => (await readiness()).supergraph === 'outdated');
    expect(await ask(origin, PERSON)).toEqual({ data: { person: { name: 'Shop 1' } } });
    expect(gateway.errors()).toContain('The supergraph is not valid');

    const [, joinedTo] = /enum join__Graph \{[^}]*?(\w+) @join__graph\(name: "desk"/.exec(sdl()) ?? [];
    writeFileSync(
      supergraph,
      sdl().replace('ticket(id: ID!)', `extra: Int @join__field(graph: ${joinedTo})\n  ticket(id: ID!)`),
    );
    await becomes(async () => (await readiness()).supergraph === 'loaded');
    const fields = await ask(origin, '{ __type(name: "Query") { fields { name } } }');
    expect(fields.data.__type.fields).toContainEqual({ name: 'extra' });
    const metrics = await (await fetch(`${origin}/metrics`)).text();
    expect(metrics).toMatch(/c360_reloads_total\{outcome="swapped"\} 1/);
    expect(metrics).toMatch(/process_resident_memory_bytes \d+/);
    expect(await stop(gateway)).toBeLessThan(1500);
  });

  it('composes the subgraphs of a list, as each says of itself', async () => {
    writeFileSync(join(folder, 'desk.graphql'), TINY_SDL.desk);
    const listed = [
      { name: 'hub', url: subgraphs.hub.url },
      { name: 'shop', url: subgraphs.shop.url },
      { name: 'desk', url: subgraphs.desk.url, sdl: 'desk.graphql' },
    ];
    writeFileSync(join(folder, 'list.json'), JSON.stringify(listed));
    const composed = await processes.run(['compose', '--subgraphs', 'list.json']);
    expect([composed.code, composed.output]).toEqual([0, expect.stringContaining('DESK @join__graph(name: "desk"')]);
    const gateway = processes.start(['gateway', '--subgraphs', 'list.json', '--port', '0']);
    const origin = await originOf(gateway);
    expect(await ask(origin, PERSON)).toEqual({ data: { person: { name: 'Shop 1' } } });
    writeFileSync(join(folder, 'desk.graphql'), TINY_SDL.desk.replace('tickets(first: Int)', 'papers'));
    await becomes(async () =>
      (await ask(origin, '{ __type(name: "Person") { fields { name } } }')).data.__type.fields.some(
        ({ name }: { name: string }) => name === 'papers',
      ),
    );
    await stop(gateway);
  });

  it('answers what it has taken before it stops', async () => {
    writeFileSync(supergraph, sdl());
    const gateway = processes.start(['gateway', '--supergraph', supergraph, '--port', '0'], {
      SUBGRAPH_TIMEOUT_MS: '300',
    });
    const origin = await originOf(gateway);
    subgraphs.desk.misbehave('silence');
    const asked = world.asked.length;
    const slow = ask(origin, '{ ticket(id: "1") order(id: "1") { total } }');
    await becomes(() => world.asked.slice(asked).some(({ name }) => name === 'desk'));
    await stop(gateway);
    expect(await slow).toMatchObject({
      data: { ticket: null, order: { total: 10 } },
      errors: [{ extensions: { code: 'SUBGRAPH_TIMEOUT', subgraph: 'desk' } }],
    });
    subgraphs.desk.misbehave(undefined);
  });

  it.each([
    [['--supergraph', 'a.graphql', '--subgraphs', 'b.json'], '--supergraph and --subgraphs exclude each other'],
    [['--supergraph', 'a.graphql', '--poll-seconds', 'often'], '--poll-seconds must be a whole number'],
    [['--subgraphs', 'nowhere.json'], 'The list of subgraphs cannot be read from nowhere.json'],
  ])('refuses %j with 78', async (args, reason) => {
    const { code, errors } = await processes.run(['gateway', ...args]);
    expect([code, errors]).toEqual([78, expect.stringContaining(reason)]);
    expect(errors).not.toContain('    at ');
  });
});
