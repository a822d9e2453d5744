import { createGateway, type Gateway } from '../../gateway/gateway.ts';
import { createLog } from '../../gateway/log.ts';
import { createInProcessTransport } from '../../gateway/transport/in-process.ts';
import { CodedError } from '../../schema/errors.ts';
import type { Principal } from '../../schema/principal.ts';
import type { SubgraphRequest } from '../../schema/subgraph-transport.ts';
import { executeSubgraph, subscribeSubgraph } from '../../subgraphs/execute.ts';
import { EventLog } from '../support/event-log.ts';
import { archiveSubgraph, composeLive, localTransport, newsSubgraph } from '../support/live-graph.ts';
import { principalNamed } from '../support/live-server.ts';

const STORIES = `subscription ($since: Cursor, $topic: String, $isLong: Boolean! = true) {
  storyChanged(since: $since, topic: $topic) { cursor story { id title readers @include(if: $isLong) } } }`;
const SUPERGRAPH = composeLive();

const gateways: Gateway[] = [];
afterEach(async () => {
  for (let gateway = gateways.pop(); gateway; gateway = gateways.pop()) await gateway.close();
});

/** News and an archive of which is noted what it is asked; `fails` says whether it answers nothing. */
class World {
  readonly log = new EventLog();
  readonly requests: SubgraphRequest[] = [];
  fails: () => boolean = () => false;
  #gateway: Gateway | undefined;

  async begin(): Promise<void> {
    const archive = archiveSubgraph([]);
    const transports = {
      news: localTransport(newsSubgraph(this.log)),
      archive: createInProcessTransport({
        execute: async (request) => {
          this.requests.push(request);
          if (this.fails()) throw new CodedError('SUBGRAPH_DOWN', 'The archive burns.');
          return executeSubgraph(archive, request);
        },
        subscribe: (request) => subscribeSubgraph(archive, request),
      }),
    };
    this.#gateway = await createGateway({
      supergraphSdl: SUPERGRAPH,
      transportTo: ({ name }) => transports[name as keyof typeof transports],
      joinsEventFetches: true,
      asksDespiteFailures: true,
      log: createLog('silent'),
    });
    gateways.push(this.#gateway);
  }

  follow(variables: Record<string, unknown>, principal: Principal = principalNamed('ann')) {
    const answers = this.#gateway?.subscribe({ query: STORIES, variables }, { principal, requestId: 'r' });
    if (!answers) throw new Error('Nothing was begun.');
    return answers;
  }

  /** What each of some followers, one for each topic, is told of the next event of their topic. */
  async tell(topics: readonly string[], followers: readonly AsyncIterableIterator<unknown>[]): Promise<unknown[]> {
    const answers = followers.map((each) => each.next());
    while (this.log.subscribers < topics.length) await new Promise(setImmediate);
    for (const topic of topics) this.log.append(topic, topic);
    return Promise.all(answers.map(async (answer) => (await answer).value));
  }

  /** Representations of each request, by id. */
  get asked(): unknown[][] {
    return this.requests.map(({ variables }) =>
      Object.values(variables ?? {}).flatMap((value) => (Array.isArray(value) ? value.map(({ id }) => id) : [])),
    );
  }
}

const storyOf = (id: string, cursor: number) => ({
  data: { storyChanged: { cursor: String(cursor), story: { id, title: `Story ${id}`, readers: 7 } } },
});

describe('events that come together', () => {
  it('are asked for in one fetch, and each follower is told of their own', async () => {
    const world = new World();
    await world.begin();
    const topics = Array.from({ length: 40 }, (_, index) => `t${index}`);
    const told = await world.tell(
      topics,
      topics.map((topic) => world.follow({ topic })),
    );
    expect(told).toEqual(topics.map((topic, index) => storyOf(topic, index + 1)));
    expect(world.asked).toEqual([topics]);
  });

  it('are one read for those that are about the same, which shares nothing between the answers', async () => {
    const world = new World();
    await world.begin();
    for (let count = 0; count < 50; count += 1) world.log.append('same');
    const told: unknown[] = [];
    for await (const answer of world.follow({ since: '0' })) {
      told.push(answer);
      if (told.length === 50) break;
    }
    expect(told).toEqual(Array.from({ length: 50 }, (_, index) => storyOf('same', index + 1)));
    for (const asked of world.asked) expect(asked).toEqual(['same']);
    expect(world.asked.length).toBeLessThan(10);
  });

  it('are not asked for together with those of another principal, or other conditions', async () => {
    const world = new World();
    await world.begin();
    const told = await world.tell(
      ['a', 'b', 'c'],
      [
        world.follow({ topic: 'a' }),
        world.follow({ topic: 'b' }, principalNamed('bob')),
        world.follow({ topic: 'c', isLong: false }),
      ],
    );
    expect(told).toEqual([
      storyOf('a', 1),
      storyOf('b', 2),
      { data: { storyChanged: { cursor: '3', story: { id: 'c', title: 'Story c' } } } },
    ]);
    const asked = world.requests.map(({ principal }, index) => [principal.subject, world.asked[index]]);
    expect(asked).toEqual(expect.arrayContaining([['bob', ['b']]]));
    expect(asked.filter(([, ids]) => JSON.stringify(ids).includes('"b"'))).toEqual([['bob', ['b']]]);
    expect(world.asked).not.toContainEqual(['a', 'c']);
  });

  it('whose answer has an error are each told their own', async () => {
    const world = new World();
    await world.begin();
    const topics = ['a', 'lost', 'b'];
    const told = await world.tell(
      topics,
      topics.map((topic) => world.follow({ topic })),
    );
    expect([told[0], told[2]]).toEqual([storyOf('a', 1), storyOf('b', 3)]);
    expect(told[1]).toMatchObject({
      data: { storyChanged: { cursor: '2', story: { id: 'lost', title: null, readers: 7 } } },
      errors: [{ path: ['storyChanged', 'story', 'title'], extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
    });
  });

  it('are all told so when the subgraph is down, and whole when it is back', async () => {
    const world = new World();
    await world.begin();
    let isDown = true;
    world.fails = () => isDown;
    const topics = ['a', 'b'];
    const followers = topics.map((topic) => world.follow({ topic }));
    for (const answer of await world.tell(topics, followers)) {
      expect(answer).toMatchObject({ data: null, errors: [{ extensions: { code: 'SUBGRAPH_DOWN' } }] });
    }
    isDown = false;
    expect(await world.tell(topics, followers)).toEqual([storyOf('a', 3), storyOf('b', 4)]);
  });
});
