import { createGateway } from '../../gateway/gateway.ts';
import { createInProcessTransport } from '../../gateway/transport/in-process.ts';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import type { SubgraphTransport } from '../../schema/subgraph-transport.ts';
import { composeLive } from '../support/live-graph.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { startTinyGateway, type TinyAnswer, type TinyGateway } from '../support/tiny-gateway.ts';
import { localTiny, type TinyName, TinyWorld } from '../support/tiny-supergraph.ts';

const OPERATION_MS = 1000;
const SUBGRAPH_MS = 400;
const CUSTOMER = '{ person(id: "1") { id name fetches orders { id } tickets } }';
const clock = createManualClock();
const world = new TinyWorld();
/** What a subgraph does when it is asked, before it answers. */
let whenAsked: Partial<Record<TinyName, () => Promise<undefined>>> = {};
let tiny: TinyGateway;

const local = (name: TinyName): SubgraphTransport =>
  createInProcessTransport(localTiny(name, world, async () => whenAsked[name]?.()));
const nothing = (): Promise<never> => new Promise(() => {});
const pass = (ms: number) => async (): Promise<undefined> => {
  clock.advance(ms);
  return undefined;
};

beforeAll(async () => {
  tiny = await startTinyGateway({
    transports: { hub: local('hub'), shop: local('shop'), desk: local('desk') },
    subgraphTimeoutMs: SUBGRAPH_MS,
    gateway: { operationTimeoutMs: OPERATION_MS, clock: clock.now },
  });
});

beforeEach(() => {
  whenAsked = {};
  world.asked.length = 0;
});

afterAll(() => tiny.close());

const asked = (): string[] => world.asked.map(({ name }) => name);
const codesOf = (answer: TinyAnswer): unknown[] =>
  (answer.errors ?? []).map(({ path, extensions }) => [path?.join('.'), extensions['subgraph'], extensions['code']]);

describe('an operation whose time is over', () => {
  it('sends no further fetch, and answers with what it has and a code for each part that is missing', async () => {
    whenAsked = { hub: pass(OPERATION_MS) };
    const answer = await tiny.post(CUSTOMER);
    expect(asked()).toEqual(['hub']);
    expect(answer.data).toEqual({ person: { id: '1', name: null, fetches: null, orders: null, tickets: null } });
    expect(codesOf(answer)).toEqual(
      expect.arrayContaining([
        ['person', 'shop', 'OPERATION_TIMEOUT'],
        ['person', 'desk', 'OPERATION_TIMEOUT'],
      ]),
    );
  });

  it('ends the fetch that is under way, whose own time is not over', async () => {
    const hanging = new Promise<void>((begun) => {
      whenAsked = {
        hub: pass(OPERATION_MS - SUBGRAPH_MS / 2),
        shop: () => {
          begun();
          return nothing();
        },
      };
    });
    const answer = tiny.post(CUSTOMER);
    await hanging;
    clock.advance(SUBGRAPH_MS / 2);
    expect((await answer).data).toMatchObject({ person: { id: '1', orders: null, tickets: ['T-1'] } });
    expect(codesOf(await answer)).toContainEqual(['person', 'shop', 'OPERATION_TIMEOUT']);
    expect(world.asked.find(({ name }) => name === 'shop')?.request.signal?.aborted).toBe(true);
  });

  it('has begun with the run: the next one has all its time', async () => {
    expect(await tiny.post(CUSTOMER)).toMatchObject({ data: { person: { name: 'Shop 1', tickets: ['T-1'] } } });
  });
});

it('a fetch whose own time is over first is said to be late itself', async () => {
  const hanging = new Promise<void>((begun) => {
    whenAsked = {
      shop: () => {
        begun();
        return nothing();
      },
    };
  });
  const answer = tiny.post(CUSTOMER);
  await hanging;
  clock.advance(SUBGRAPH_MS);
  expect(codesOf(await answer)).toEqual([['person', 'shop', 'SUBGRAPH_TIMEOUT']]);
  expect((await answer).data).toMatchObject({
    person: { name: 'Desk 1', fetches: expect.arrayContaining(['shop TIMEOUT']) },
  });
});

it('leaves a field that takes long all the time of the operation', async () => {
  const patient = await startTinyGateway({
    transports: { hub: local('hub'), shop: local('shop'), desk: local('desk') },
    subgraphTimeoutMs: SUBGRAPH_MS,
    gateway: { operationTimeoutMs: OPERATION_MS, clock: clock.now, longFields: new Set(['moment']) },
  });
  let answerLate: (nothing: undefined) => void = () => {};
  const late = new Promise<undefined>((resolve) => {
    answerLate = resolve;
  });
  let waiting = 0;
  const bothWait = new Promise<void>((begun) => {
    const wait = (answer: Promise<undefined>) => () => {
      waiting += 1;
      if (waiting === 2) begun();
      return answer;
    };
    whenAsked = { hub: wait(late), desk: wait(nothing()) };
  });
  const long = patient.post('{ later: moment(at: "2026-01-02T03:04:05.000Z") }');
  const short = patient.post('{ ticket(id: "T-1") }');
  await bothWait;
  clock.advance(SUBGRAPH_MS);
  // Both were looked at: the one that is over says so.
  expect(codesOf(await short)).toEqual([['ticket', 'desk', 'SUBGRAPH_TIMEOUT']]);
  answerLate(undefined);
  expect(await long).toEqual({ data: { later: null } });
  await patient.close();
});

it('tells each fetch until when it is waited for', async () => {
  const beganAt = clock.now();
  whenAsked = { hub: pass(300) };
  await tiny.post(CUSTOMER);
  const deadlines = world.asked.map(({ request: { deadline } }) => deadline);
  expect(deadlines.length).toBeGreaterThan(3);
  expect(new Set(deadlines)).toEqual(new Set([beganAt + OPERATION_MS]));
});

it('begins anew with each event of a subscription', async () => {
  const stories = ['late', 'in time'];
  const gateway = await createGateway({
    supergraphSdl: composeLive(),
    operationTimeoutMs: OPERATION_MS,
    clock: clock.now,
    transportTo: ({ name }) => ({
      async *subscribe() {
        for (const id of stories) yield { data: { storyChanged: { story: { __typename: 'Story', id } } } };
      },
      async execute({ variables = {} }) {
        expect(name).toBe('archive');
        const [{ id }] = variables['representations'] as [{ id: string }];
        clock.advance(id === 'late' ? OPERATION_MS : OPERATION_MS / 2);
        return id === 'late' ? nothing() : { data: { _entities: [{ __typename: 'Story', title: id }] } };
      },
      close: async () => {},
    }),
  });
  const answers: unknown[] = [];
  const asking = { principal: LOCAL_ADMINISTRATOR, requestId: 'r' };
  for await (const answer of gateway.subscribe(
    { query: 'subscription { storyChanged { story { title } } }' },
    asking,
  )) {
    answers.push(answer);
  }
  expect(answers).toEqual([
    {
      data: { storyChanged: { story: { title: null } } },
      errors: [expect.objectContaining({ extensions: { code: 'OPERATION_TIMEOUT', subgraph: 'archive' } })],
    },
    { data: { storyChanged: { story: { title: 'in time' } } } },
  ]);
  await gateway.close();
});
