import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import { type SmallSubgraph, smallGraph } from '../support/subgraphs-of.ts';

/** Asks once, and says what each subgraph was asked. */
async function ask(subgraphs: Record<string, SmallSubgraph>, query: string, variables?: Record<string, unknown>) {
  const graph = await smallGraph(subgraphs);
  const answer = await graph.ask(query, variables);
  await graph.close();
  return { answer, asked: graph.asked.map(({ name, request }) => ({ name, ...request })) };
}

const byId = (items: readonly { id: unknown }[]) => ({
  __resolveReference: ({ id }: { id: unknown }) => items.find((item) => item.id === id) ?? null,
});

it('@requires hands the fields of another subgraph over, with arguments and below objects and lists', async () => {
  const { answer, asked } = await ask(
    {
      stock: {
        sdl: `type Query { parcels: [Parcel!]! }
          type Parcel @key(fields: "id") { id: ID!  weight(unit: String!): Float  size: Size  parts: [Part!] }
          type Size { width: Int  depth: Int }  type Part { name: String }`,
        resolvers: {
          Query: { parcels: () => [{ id: 'a' }, { id: 'b' }] },
          Parcel: {
            weight: (_: unknown, { unit }: { unit: string }) => (unit === 'kg' ? 2 : 2000),
            size: ({ id }: { id: string }) => (id === 'a' ? { width: 3, depth: 4 } : null),
            parts: () => [{ name: 'lid' }, { name: 'box' }],
          },
        },
      },
      post: {
        sdl: `type Parcel @key(fields: "id") { id: ID!  weight(unit: String!): Float @external  size: Size @external
            parts: [Part!] @external  postage: String @requires(fields: "weight(unit: \\"kg\\") size { width depth } parts { name }") }
          type Size { width: Int @external  depth: Int @external }  type Part { name: String @external }`,
        resolvers: {
          Parcel: {
            __resolveReference: (parcel: object) => parcel,
            postage: (parcel: object) => JSON.stringify(parcel),
          },
        },
      },
    },
    '{ parcels { weight(unit: "g") postage } }',
  );
  const parts = [{ name: 'lid' }, { name: 'box' }];
  const representation = (id: string, size: object | null) => ({ __typename: 'Parcel', id, weight: 2, size, parts });
  expect(answer.errors).toBeUndefined();
  const received = (answer.data as { parcels: { weight: number; postage: string }[] }).parcels;
  expect(received.map(({ weight }) => weight)).toEqual([2000, 2000]);
  expect(received.map(({ postage }) => JSON.parse(postage))).toEqual([
    representation('a', { width: 3, depth: 4 }),
    representation('b', null),
  ]);
  expect(asked.map(({ name }) => name)).toEqual(['stock', 'post']);
});

it('@provides saves the fetch', async () => {
  const { answer, asked } = await ask(
    {
      shop: {
        sdl: `type Query { sale: Sale }  type Sale { buyer: Buyer @provides(fields: "name") }
          type Buyer @key(fields: "id") { id: ID!  name: String @external }`,
        resolvers: { Query: { sale: () => ({ buyer: { id: '1', name: 'Ada' } }) } },
      },
      crm: { sdl: 'type Buyer @key(fields: "id") { id: ID!  name: String @shareable  age: Int }', resolvers: {} },
    },
    '{ sale { buyer { name } } }',
  );
  expect(answer).toEqual({ data: { sale: { buyer: { name: 'Ada' } } } });
  expect(asked).toHaveLength(1);
});

it('a null of a second @shareable subgraph does not take away what the first one gave', async () => {
  const { answer } = await ask(
    {
      first: {
        sdl: `type Query { product: Product }
          type Product @key(fields: "id") { id: ID!  maker: Maker @shareable }  type Maker { name: String }`,
        resolvers: { Query: { product: () => ({ id: '1', maker: { name: 'ACME' } }) } },
      },
      second: {
        sdl: `type Product @key(fields: "id") { id: ID!  maker: Maker @shareable  price: Int }  type Maker { country: String }`,
        resolvers: { Product: { __resolveReference: ({ id }: { id: string }) => ({ id, maker: null, price: 0 }) } },
      },
    },
    '{ product { maker { name country } price } }',
  );
  expect(answer).toEqual({ data: { product: { maker: { name: 'ACME', country: null }, price: 0 } } });
});

it('a key that the plan renames may be 0', async () => {
  const { answer } = await ask(
    {
      list: {
        sdl: `type Query { items: [Item] }  union Item = Book | Film
          type Book @key(fields: "id") { id: Int! }  type Film @key(fields: "id") { id: String! }`,
        resolvers: {
          Query: {
            items: () => [
              { __typename: 'Book', id: 0 },
              { __typename: 'Film', id: '' },
              { __typename: 'Book', id: 7 },
            ],
          },
        },
      },
      names: {
        sdl: 'type Book @key(fields: "id") { id: Int!  name: String }  type Film @key(fields: "id") { id: String!  name: String }',
        resolvers: {
          Book: { __resolveReference: ({ id }: { id: number }) => ({ id, name: `Book ${id}` }) },
          Film: { __resolveReference: ({ id }: { id: string }) => ({ id, name: `Film ${id}` }) },
        },
      },
    },
    '{ items { ... on Book { name } ... on Film { name } } }',
  );
  expect(answer).toEqual({ data: { items: [{ name: 'Book 0' }, { name: 'Film ' }, { name: 'Book 7' }] } });
});

describe('@interfaceObject', () => {
  const media: SmallSubgraph = {
    sdl: `type Query { media: [Media!]! }
      interface Media @key(fields: "id") { id: ID!  title: String }
      type Book implements Media @key(fields: "id") { id: ID!  title: String  pages: Int }
      type Film implements Media @key(fields: "id") { id: ID!  title: String }`,
    resolvers: {
      Query: { media: () => MEDIA },
      Media: { __resolveReference: ({ id }: { id: string }) => MEDIA.find((item) => item.id === id) },
      Book: byId([]),
    },
  };
  const MEDIA = [
    { __typename: 'Book', id: '1', title: 'Emma', pages: 300 },
    { __typename: 'Film', id: '2', title: 'Alien' },
  ];
  const ratings: SmallSubgraph = {
    sdl: `type Query { rated: [Media!]! }  type Media @interfaceObject @key(fields: "id") { id: ID!  stars: Int! }`,
    resolvers: {
      Query: { rated: () => [{ id: '2' }, { id: '1' }] },
      Media: {
        __resolveReference: ({ id }: { id: string }) => ({ id }),
        stars: ({ id }: { id: string }) => Number(id),
      },
    },
  };

  it('is asked by the interface’s name for objects whose type is known', async () => {
    const { answer, asked } = await ask({ media, ratings }, '{ media { __typename stars ... on Book { pages } } }');
    expect(answer).toEqual({
      data: {
        media: [
          { __typename: 'Book', stars: 1, pages: 300 },
          { __typename: 'Film', stars: 2 },
        ],
      },
    });
    expect(asked.at(-1)?.variables).toEqual({
      representations: [
        { __typename: 'Media', id: '1' },
        { __typename: 'Media', id: '2' },
      ],
    });
  });

  it('gives objects whose type comes with a later fetch, or is never asked for', async () => {
    const { answer } = await ask({ media, ratings }, '{ rated { stars __typename ... on Book { pages title } } }');
    expect(answer).toEqual({
      data: {
        rated: [
          { stars: 2, __typename: 'Film' },
          { stars: 1, __typename: 'Book', pages: 300, title: 'Emma' },
        ],
      },
    });
    const { answer: plain, asked } = await ask({ media, ratings }, '{ rated { stars id } }');
    expect(plain).toEqual({
      data: {
        rated: [
          { stars: 2, id: '2' },
          { stars: 1, id: '1' },
        ],
      },
    });
    expect(asked).toHaveLength(1);
  });
});

it('@fromContext arguments have the value of the object’s own surroundings', async () => {
  const { answer, asked } = await ask(
    {
      users: {
        sdl: `type Query { users: [User!]! }
          type User @key(fields: "id") @context(name: "user") { id: ID!  locale: String  posts: [Post!]! }
          type Post @key(fields: "id") { id: ID! }`,
        resolvers: {
          Query: {
            users: () => [
              { id: '1', locale: 'de', posts: [{ id: 'a' }, { id: 'b' }] },
              { id: '2', locale: 'en', posts: [{ id: 'a' }] },
              { id: '3', locale: 'de', posts: [{ id: 'c' }] },
            ],
          },
        },
      },
      posts: {
        sdl: `type User @key(fields: "id") @context(name: "user") { id: ID!  locale: String @external }
          type Post @key(fields: "id") {
            id: ID!  title(locale: String @fromContext(field: "$user { locale }"), short: Boolean): String
          }`,
        resolvers: {
          Post: {
            __resolveReference: ({ id }: { id: string }) => ({ id }),
            title: ({ id }: { id: string }, { locale, short }: { locale: string; short?: boolean }) =>
              `${id} ${locale}${short ? ' short' : ''}`,
          },
        },
      },
    },
    'query ($short: Boolean) { users { posts { title(short: $short) } } }',
    { short: true },
  );
  expect(answer).toEqual({
    data: {
      users: [
        { posts: [{ title: 'a de short' }, { title: 'b de short' }] },
        { posts: [{ title: 'a en short' }] },
        { posts: [{ title: 'c de short' }] },
      ],
    },
  });
  expect(asked).toHaveLength(2);
});

it('@override moves a field, as many operations as its label says', async () => {
  const subgraphs = (share: number): Record<string, SmallSubgraph> => ({
    old: {
      sdl: 'type Query { bill: Bill }  type Bill @key(fields: "id") { id: ID!  amount: Int }',
      resolvers: { Query: { bill: () => ({ id: '1', amount: 1 }) } },
    },
    fresh: {
      sdl: `type Bill @key(fields: "id") { id: ID!  amount: Int @override(from: "old", label: "percent(${share})") }`,
      resolvers: { Bill: { __resolveReference: ({ id }: { id: string }) => ({ id, amount: 2 }) } },
    },
  });
  expect((await ask(subgraphs(0), '{ bill { amount } }')).answer).toEqual({ data: { bill: { amount: 1 } } });
  expect((await ask(subgraphs(100), '{ bill { amount } }')).answer).toEqual({ data: { bill: { amount: 2 } } });
});

it('what is @inaccessible is fetched where it is a key, and seen by nobody', async () => {
  const subgraphs: Record<string, SmallSubgraph> = {
    a: {
      sdl: `type Query { things: [Thing] }  interface Thing { name: String }
        type Open implements Thing @key(fields: "secret") { secret: ID! @inaccessible  name: String }
        type Closed implements Thing @inaccessible { name: String }`,
      resolvers: {
        Query: {
          things: () => [
            { __typename: 'Open', secret: 's', name: 'open' },
            { __typename: 'Closed', name: 'closed' },
          ],
        },
      },
    },
    b: {
      sdl: 'type Open @key(fields: "secret") { secret: ID! @inaccessible  size: Int }',
      resolvers: {
        Open: { __resolveReference: ({ secret }: { secret: string }) => ({ secret, size: secret.length }) },
      },
    },
  };
  const { answer } = await ask(subgraphs, '{ things { __typename name ... on Open { size } } }');
  expect(answer).toEqual({ data: { things: [{ __typename: 'Open', name: 'open', size: 1 }, null] } });
  const refused = await ask(subgraphs, '{ things { ... on Open { secret } } }');
  expect(refused.answer.errors?.[0]?.extensions).toEqual({ code: 'GRAPHQL_VALIDATION_FAILED' });
});

it('an entity whose subgraph knows it by another key is found by way of a third', async () => {
  const { answer } = await ask(
    {
      a: {
        sdl: 'type Query { one: T }  type T @key(fields: "x") { x: ID! }',
        resolvers: { Query: { one: () => ({ x: 'x' }) } },
      },
      b: {
        sdl: 'type T @key(fields: "x") @key(fields: "y { z }") { x: ID!  y: Y! }  type Y @shareable { z: Int! }',
        resolvers: { T: { __resolveReference: ({ x }: { x: string }) => ({ x, y: { z: 0 } }) } },
      },
      c: {
        sdl: 'type T @key(fields: "y { z }") { y: Y!  end: String }  type Y @shareable { z: Int! }',
        resolvers: { T: { __resolveReference: ({ y }: { y: { z: number } }) => ({ y, end: `end ${y.z}` }) } },
      },
    },
    '{ one { end } }',
  );
  expect(answer).toEqual({ data: { one: { end: 'end 0' } } });
});

describe('a subscription', () => {
  const event = (id: string, more: object = {}) => ({
    data: { changed: { order: { __typename: 'Order', id } } },
    ...more,
  });
  const subgraphs = (events: SmallSubgraph['events'] & object): Record<string, SmallSubgraph> => ({
    orders: {
      sdl: `type Query { order: Order }  type Subscription { orderChanged(region: Region, since: String): Change }
        enum Region { NORTH SOUTH }  type Change { order: Order  note: String! }  type Order @key(fields: "id") { id: ID! }`,
      events,
    },
    prices: {
      sdl: 'type Order @key(fields: "id") { id: ID!  total(currency: String): Float }',
      resolvers: {
        Order: {
          __resolveReference: (reference: object) => reference,
          total({ id }: { id: string }, { currency }: { currency?: string }) {
            if (id === 'bad') throw new Error('No total.');
            return id.length + (currency === 'EUR' ? 0.5 : 0);
          },
        },
      },
    },
  });

  it('asks its subgraph for its part, and the others for each event', async () => {
    const graph = await smallGraph(
      subgraphs(() => [
        event('a'),
        event('bad'),
        { data: { changed: null }, errors: [{ message: 'Lost.', path: ['changed', 'order'] }] as never },
        { data: { changed: { order: { __typename: 'Order', id: 'bb' }, note: null } } },
      ]),
    );
    const query = `subscription ($region: Region, $currency: String, $noted: Boolean = false) {
      changed: orderChanged(region: $region, since: "1") { order { cost: total(currency: $currency) } note @include(if: $noted) }
    }`;
    const answers: unknown[] = [];
    const request = { query, variables: { region: 'NORTH', currency: 'EUR' } };
    for await (const answer of graph.gateway.subscribe(request, { principal: LOCAL_ADMINISTRATOR, requestId: 'r1' })) {
      answers.push(answer);
    }
    await graph.close();
    expect(graph.asked[0]).toMatchObject({ name: 'orders', request: { variables: { region: 'NORTH' } } });
    expect(graph.asked[0]?.request.query).toMatch(/^subscription/);
    expect(answers).toEqual([
      { data: { changed: { order: { cost: 1.5 } } } },
      {
        data: { changed: { order: { cost: null } } },
        errors: [{ message: 'No total.', path: ['changed', 'order', 'cost'], extensions: { subgraph: 'prices' } }],
      },
      {
        data: { changed: null },
        errors: [{ message: 'Lost.', path: ['changed', 'order'], extensions: { subgraph: 'orders' } }],
      },
      { data: { changed: { order: { cost: 2.5 } } } },
    ]);
  });
});
