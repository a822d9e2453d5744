import { once } from 'node:events';
import fc from 'fast-check';
import type { ExecutionResult } from 'graphql';
import { CodedError } from '../../schema/errors.ts';
import type { SubgraphRequest } from '../../schema/subgraph-transport.ts';
import { type SmallAnswer, type SmallGraph, type SmallSubgraph, smallGraph } from '../support/subgraphs-of.ts';

type Answering = NonNullable<SmallSubgraph['answer']>;

/** What each subgraph answers instead of its resolvers, while a test wants it. */
let catalogueAnswers: Answering | undefined;
let pricesAnswer: Answering | undefined;

const item = (id: string, more: object = {}) => ({ id, ...more });
const graphs: Record<string, SmallSubgraph> = {
  catalogue: {
    sdl: `
      type Query { items: [Item]  strict: [Item!]!  item(id: ID!): Item  first: Item!  grid: [[Item!]!] }
      type Item @key(fields: "id") { id: ID!  name: String!  twin: Item  tags: [String!]  maker: Maker }
      type Maker { name: String!  address: Address }  type Address { city: String! }
    `,
    resolvers: {
      Query: {
        items: () => [item('1', { name: 'a' }), null, item('2', { name: 'b', twin: item('1') }), item('3')],
        strict: () => [item('1', { name: 'a' }), item('2', { name: 'b' })],
        item: (_: unknown, { id }: { id: string }) => item(id, { name: 'x', tags: ['t'] }),
        first: () => item('1', { name: 'a' }),
        grid: () => [[item('1')], [item('1'), item('2')]],
      },
    },
    answer: (request) => catalogueAnswers?.(request),
  },
  prices: {
    sdl: `
      type Query { currency: String  rate: Float!  vat: Int  level: Level  offer: Offer  any: Any }
      enum Level { LOW HIGH }  union Any = Offer
      type Item @key(fields: "id") { id: ID!  price: Int  cost: Int!  offers(first: Int): [Offer!] }
      type Offer { id: ID!  seller: String! }
    `,
    resolvers: {
      Query: { currency: () => 'EUR', rate: () => 1, vat: () => 19 },
      Item: {
        __resolveReference: ({ id }: { id: string }) => item(id),
        price: ({ id }: { id: string }) => {
          if (id === '2') throw new CodedError('NOT_FOUND', 'No price.', { hint: 'secret', url: 'http://10.0.0.1' });
          return Number(id);
        },
        cost: ({ id }: { id: string }) => (id === '2' ? null : 5),
        offers: () => [{ id: 'o', seller: 's' }],
      },
    },
    answer: (request) => pricesAnswer?.(request),
  },
};

let graph: SmallGraph;

beforeAll(async () => {
  graph = await smallGraph(graphs);
});

afterAll(() => graph.close());

beforeEach(() => {
  catalogueAnswers = undefined;
  pricesAnswer = undefined;
});

const pathsOf = ({ errors }: SmallAnswer) => errors?.map(({ path }) => path);
const down = () => Promise.reject(new CodedError('SUBGRAPH_DOWN', 'connect ECONNREFUSED 10.0.0.1:4000'));

describe('errors of subgraphs', () => {
  it('have the path of each place the entity stands at, whatever was skipped before it, under the client’s names', async () => {
    const answer = await graph.ask('{ things: items { twin { id } cheap: price } grid { id mine: price } }');
    expect(answer.data).toEqual({
      things: [{ twin: null, cheap: 1 }, null, { twin: { id: '1' }, cheap: null }, { twin: null, cheap: 3 }],
      grid: [
        [{ id: '1', mine: 1 }],
        [
          { id: '1', mine: 1 },
          { id: '2', mine: null },
        ],
      ],
    });
    const error = { message: 'No price.', extensions: { code: 'NOT_FOUND', subgraph: 'prices' } };
    expect(answer.errors).toHaveLength(2);
    expect(answer.errors).toContainEqual({ ...error, path: ['things', 2, 'cheap'] });
    expect(answer.errors).toContainEqual({ ...error, path: ['grid', 1, 1, 'mine'] });
  });

  it('carry message and code, and nothing else that a subgraph says', async () => {
    const errors = [
      { message: 'Too much.', path: ['vat'], extensions: { code: 'TEAPOT', stacktrace: ['at x'], url: 'u' } },
    ];
    pricesAnswer = () => ({ data: { vat: null }, errors: errors as never });
    expect((await graph.ask('{ vat }')).errors).toEqual([
      { message: 'Too much.', path: ['vat'], extensions: { code: 'TEAPOT', subgraph: 'prices' } },
    ]);
  });

  it('without a path are told once, without inventing one for several fields', async () => {
    pricesAnswer = () => ({ data: { vat: null, currency: null }, errors: [{ message: 'Odd.' }] as never });
    expect((await graph.ask('{ vat currency }')).errors).toEqual([
      { message: 'Odd.', extensions: { subgraph: 'prices' } },
    ]);
    pricesAnswer = () => ({ data: { _entities: [null] }, errors: [{ message: 'Odd.' }] as never });
    expect((await graph.ask('{ item(id: "1") { price } }')).errors).toEqual([
      { message: 'Odd.', path: ['item'], extensions: { subgraph: 'prices' } },
    ]);
  });
});

describe('a null where none may be', () => {
  it('takes the nearest nullable parent with it and is one error, as in graphql-js', async () => {
    const maker = { name: null, address: { city: null } };
    catalogueAnswers = () => ({ data: { first: { id: '1', maker, tags: ['a', null] } } });
    const answer = await graph.ask('{ first { id tags maker { address { city } name } } }');
    expect(answer.data).toEqual({ first: { id: '1', tags: null, maker: null } });
    expect(answer.errors?.map(({ message, path }) => [message, path])).toEqual([
      ['Cannot return null for non-nullable field Item.tags.', ['first', 'tags', 1]],
      ['Cannot return null for non-nullable field Address.city.', ['first', 'maker', 'address', 'city']],
      ['Cannot return null for non-nullable field Maker.name.', ['first', 'maker', 'name']],
    ]);
  });

  it('takes all data with it when nothing above may be null', async () => {
    catalogueAnswers = () => ({ data: { first: { name: null } } });
    const answer = await graph.ask('{ first { name } }');
    expect(answer.data).toBeNull();
    expect(pathsOf(answer)).toEqual([['first', 'name']]);
  });

  it('says no more when the subgraph has said why', async () => {
    const answer = await graph.ask('{ items { cost } }');
    expect(answer.data).toEqual({ items: [{ cost: 5 }, null, null, { cost: 5 }] });
    expect(pathsOf(answer)).toEqual([['items', 2, 'cost']]);
    expect(answer.errors?.[0]?.message).toBe('Cannot return null for non-nullable field Item.cost.');
  });

  it('says no more when the fetch that should have brought it failed', async () => {
    pricesAnswer = down;
    const answer = await graph.ask('{ strict { name cost } rate }');
    expect(answer.data).toBeNull();
    expect(answer.errors?.map(({ path, extensions }) => [path, extensions?.['code']])).toEqual(
      expect.arrayContaining([
        [['strict'], 'SUBGRAPH_DOWN'],
        [['rate'], 'SUBGRAPH_DOWN'],
      ]),
    );
    expect(answer.errors).toHaveLength(2);
  });

  it('is one when the value is not one of its type', async () => {
    pricesAnswer = () => ({
      data: { vat: 'nineteen', currency: ['EUR'], level: 'MIDDLE', offer: [1], any: { __typename: 'Odd' } },
    });
    const answer = await graph.ask('{ vat currency level offer { id } any { __typename } }');
    expect(answer.data).toEqual({ vat: null, currency: null, level: null, offer: null, any: null });
    expect(answer.errors?.map(({ message, path }) => [message, path])).toEqual([
      ['Int cannot represent the value that a subgraph gave.', ['vat']],
      ['String cannot represent the value that a subgraph gave.', ['currency']],
      ['Level cannot represent the value that a subgraph gave.', ['level']],
      ['Offer cannot represent the value that a subgraph gave.', ['offer']],
      ['Any cannot represent the value that a subgraph gave.', ['any']],
    ]);
  });
});

describe('a fetch without an answer', () => {
  it.each([
    ['SUBGRAPH_DOWN', down],
    ['SUBGRAPH_TIMEOUT', () => Promise.reject(new CodedError('SUBGRAPH_TIMEOUT', 'x'))],
    ['SUBGRAPH_RATE_LIMITED', () => Promise.reject(new CodedError('SUBGRAPH_RATE_LIMITED', 'x'))],
    ['SUBGRAPH_DOWN', () => Promise.reject(new Error('socket hang up at http://10.0.0.1'))],
    ['SUBGRAPH_DOWN', () => ({ data: null })],
    ['SUBGRAPH_DOWN', () => ({ data: {} })],
    ['SUBGRAPH_DOWN', () => ({}) as ExecutionResult],
  ] as [string, Answering][])('is %s with the subgraph, at each field it was for', async (code, answering) => {
    pricesAnswer = answering;
    const answer = await graph.ask('{ vat money: currency item(id: "1") { id } }');
    expect(answer.data).toEqual({ vat: null, money: null, item: { id: '1' } });
    const extensions = { code, subgraph: 'prices' };
    const message = expect.stringMatching(/^`prices` /);
    expect(answer.errors).toEqual([
      { message, path: ['vat'], extensions },
      { message, path: ['money'], extensions },
    ]);
    expect(JSON.stringify(answer)).not.toContain('10.0.0.1');
  });

  it.each([
    ['too few entities', { _entities: [] }],
    ['no list', { _entities: { price: 1 } }],
    ['nothing', {}],
  ])('because it holds %s is told at each path that the entities stand at', async (_what, data) => {
    pricesAnswer = () => ({ data });
    const answer = await graph.ask('{ items { twin { price } } item(id: "2") { price } first { price } }');
    expect(answer.data).toEqual({
      items: [{ twin: null }, null, { twin: { price: null } }, { twin: null }],
      item: { price: null },
      first: { price: null },
    });
    expect(pathsOf(answer)?.sort()).toEqual([['first'], ['item'], ['items']]);
  });

  it('is not gone on from: fields that @require it are not asked for in somebody else’s graph', async () => {
    const asked: SubgraphRequest[] = [];
    const chain = await smallGraph({
      a: {
        sdl: 'type Query { t: T }  type T @key(fields: "id") { id: ID! }',
        resolvers: { Query: { t: () => ({ id: 1 }) } },
      },
      b: { sdl: 'type T @key(fields: "id") { id: ID!  n: Int }', answer: down },
      c: {
        sdl: 'type T @key(fields: "id") { id: ID!  n: Int @external  m: Int @requires(fields: "n") }',
        answer(request) {
          asked.push(request);
          return undefined;
        },
      },
    });
    const answer = await chain.ask('{ t { m } }');
    await chain.close();
    expect(answer).toMatchObject({ data: { t: { m: null } }, errors: [{ path: ['t'] }] });
    expect(asked).toEqual([]);
  });
});

it('nothing that the graph’s own table of codes does not know passes to clients of our own graph', async () => {
  const own = await smallGraph(graphs, { passesSubgraphErrors: false });
  pricesAnswer = () => ({
    data: { vat: null, currency: null },
    errors: [
      { message: 'SELECT * FROM vat', path: ['vat'], extensions: { code: 'TEAPOT' } },
      { message: 'Not today.', path: ['currency'], extensions: { code: 'CONFLICT' } },
    ] as never,
  });
  const answer = await own.ask('{ vat currency }');
  await own.close();
  expect(answer.errors).toEqual([
    {
      message: expect.stringContaining('our side'),
      path: ['vat'],
      extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: 'r1' },
    },
    { message: 'Not today.', path: ['currency'], extensions: { code: 'CONFLICT', subgraph: 'prices' } },
  ]);
});

describe('a client that goes', () => {
  it('takes the fetches of its query with it, and no later one is sent', async () => {
    const leaving = new AbortController();
    let signal: AbortSignal | undefined;
    catalogueAnswers = (request) => {
      signal = request.signal;
      leaving.abort(new Error('gone'));
      return new Promise(() => {});
    };
    graph.asked.length = 0;
    const caller = { principal: { subject: 's', roles: [], scopes: [] }, requestId: 'r2', signal: leaving.signal };
    const answer = await graph.gateway.execute({ query: '{ item(id: "1") { price } }' }, caller);
    if (signal && !signal.aborted) await once(signal, 'abort');
    expect(signal?.reason).toMatchObject({ message: 'gone' });
    expect(answer.errors).toHaveLength(1);
    expect(graph.asked).toHaveLength(1);
  });
});

describe('whatever a subgraph answers', () => {
  const QUERY = '{ items { id name tags maker { name } cost offers { seller } } vat }';
  const isNull = (value: unknown) => value === null;
  const text = (value: unknown) => typeof value === 'string';
  const list = (item: (value: unknown) => boolean) => (value: unknown) => Array.isArray(value) && value.every(item);
  const either = (one: (value: unknown) => boolean) => (value: unknown) => isNull(value) || one(value);
  const object = (fields: Record<string, (value: unknown) => boolean>) => (value: unknown) =>
    typeof value === 'object' &&
    value !== null &&
    JSON.stringify(Object.keys(value)) === JSON.stringify(Object.keys(fields)) &&
    Object.entries(fields).every(([name, holds]) => holds((value as Record<string, unknown>)[name]));
  const isAnswer = object({
    items: either(
      list(
        either(
          object({
            id: text,
            name: text,
            tags: either(list(text)),
            maker: either(object({ name: text })),
            cost: Number.isInteger,
            offers: either(list(object({ seller: text }))),
          }),
        ),
      ),
    ),
    vat: either(Number.isInteger),
  });

  /** Something that is nearly an item, with anything in any of its places. */
  const odd = fc.jsonValue({ maxDepth: 3 });
  const nearly = (good: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight: 4, arbitrary: good }, { weight: 1, arbitrary: odd });
  const fields = (shape: Record<string, fc.Arbitrary<unknown>>) => fc.record(shape, { requiredKeys: [] });
  const items = nearly(
    fc.array(
      nearly(
        fields({
          __typename: nearly(fc.constant('Item')),
          id: nearly(fc.string()),
          name: nearly(fc.string()),
          tags: nearly(fc.array(nearly(fc.string()))),
          maker: nearly(fields({ name: nearly(fc.string()) })),
        }),
      ),
      { maxLength: 4 },
    ),
  );
  const entities = nearly(
    fc.array(
      nearly(
        fields({ cost: nearly(fc.nat()), offers: nearly(fc.array(nearly(fields({ seller: nearly(fc.string()) })))) }),
      ),
      { maxLength: 4 },
    ),
  );
  const path = nearly(fc.constantFrom(['items', 0], ['_entities', 0, 'cost'], ['_entities', 9], [], ['__proto__']));
  const errors = nearly(fc.array(fields({ message: nearly(fc.string()), path, extensions: odd }), { maxLength: 2 }));

  it('what the client gets is an answer to its question', async () => {
    const property = fc.asyncProperty(items, entities, odd, fc.option(errors), async (list1, list2, vat, faults) => {
      const result = (data: object) => ({ data, ...(faults !== null && { errors: faults }) }) as ExecutionResult;
      const clone = (data: object) => result(JSON.parse(JSON.stringify(data)));
      catalogueAnswers = () => clone({ items: list1 });
      pricesAnswer = ({ query }) => clone(query.includes('_entities') ? { _entities: list2 } : { vat });
      const answer = await graph.ask(QUERY);
      expect(answer.data === null || isAnswer(answer.data)).toBe(true);
    });
    await fc.assert(property, { numRuns: 150 });
  });
});
