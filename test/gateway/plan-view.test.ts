import type { PlanView } from '../../gateway/plan-view.ts';
import { createInProcessTransport } from '../../gateway/transport/in-process.ts';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import { startTinyGateway, type TinyGateway } from '../support/tiny-gateway.ts';
import { localTiny, TinyWorld } from '../support/tiny-supergraph.ts';

const QUERY = '{ person(id: "1") { name orders { total } } }';
const world = new TinyWorld();
let isDeskDown = false;
let tiny: TinyGateway;

beforeAll(async () => {
  const fail = async () => {
    if (isDeskDown) throw new Error('down');
    return undefined;
  };
  const transports = {
    hub: createInProcessTransport(localTiny('hub', world)),
    shop: createInProcessTransport(localTiny('shop', world)),
    desk: createInProcessTransport(localTiny('desk', world, fail)),
  };
  tiny = await startTinyGateway({ transports });
});
afterAll(() => tiny.close());

async function askForPlan(query: string): Promise<PlanView> {
  const response = await fetch(`${tiny.server.origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'c360-debug': 'plan' },
    body: JSON.stringify({ query }),
  });
  return ((await response.json()) as { extensions: { c360: PlanView } }).extensions.c360;
}

/** The fetches of a view, in the order of the plan. */
function fetchesOf(node: PlanView['plan']): Extract<NonNullable<PlanView['plan']>, { kind: 'fetch' }>[] {
  if (!node) return [];
  return node.kind === 'fetch' ? [node] : node.nodes.flatMap(fetchesOf);
}

describe('the view of a plan', () => {
  it('comes when it is asked for, with each fetch, when it ran and how it ended', async () => {
    const view = await askForPlan(QUERY);
    const fetches = fetchesOf(view.plan);
    expect([fetches[0], fetches.at(-1)]).toMatchObject([
      { subgraph: 'hub', path: '' },
      { subgraph: 'hub', path: 'person' },
    ]);
    expect(fetches.map(({ subgraph }) => subgraph).sort()).toEqual(['desk', 'hub', 'hub', 'shop']);
    for (const { operation, runs, path } of fetches) {
      expect(operation).toContain('{\n');
      expect(runs).toMatchObject([{ outcome: 'LIVE', representations: path === '' ? 0 : 1 }]);
      const [{ beganMs, sentMs = 0, answeredMs = 0, mergedMs = 0 } = { beganMs: -1 }] = runs;
      const times = [0, beganMs, sentMs, answeredMs, mergedMs, view.totalMs];
      expect(times).toEqual([...times].sort((a, b) => a - b));
    }
    expect(Object.keys(view.stageMs)).toEqual(['receive', 'guard', 'plan', 'execute']);
  });

  it('names the outcome of a fetch that failed, and nothing of why', async () => {
    isDeskDown = true;
    const fetches = fetchesOf((await askForPlan('{ person(id: "2") { name } }')).plan);
    isDeskDown = false;
    expect(fetches.find(({ subgraph }) => subgraph === 'desk')?.runs).toMatchObject([{ outcome: 'DOWN' }]);
  });

  it('does not come unasked, nor to who is no administrator', async () => {
    expect(await tiny.post(QUERY)).not.toHaveProperty('extensions');
    const asked = { principal: { ...LOCAL_ADMINISTRATOR, roles: ['app' as const] }, requestId: 'r', wantsPlan: true };
    expect(await tiny.gateway.execute({ query: QUERY }, asked)).not.toHaveProperty('extensions');
    const administrator = { ...asked, principal: LOCAL_ADMINISTRATOR };
    expect(await tiny.gateway.execute({ query: QUERY }, administrator)).toHaveProperty('extensions.c360.plan');
  });
});
