import { federate, type SmallSubgraph } from '../support/small-federation.ts';

/** What the federation audit taught, in cases of our own: each is one way for subgraphs to share a type. */
type Family = readonly [name: string, subgraphs: Readonly<Record<string, SmallSubgraph>>, query: string, data: unknown];

const BOOK = { Book: { __resolveReference: (book: object) => book } };

const FAMILIES: readonly Family[] = [
  [
    'an entity with one key here and another one there',
    {
      shop: {
        sdl: 'type Query { books: [Book] } type Book @key(fields: "isbn") { isbn: ID! }',
        resolvers: { Query: { books: () => [{ isbn: '1' }, null] }, ...BOOK },
      },
      index: {
        sdl: 'type Book @key(fields: "isbn") @key(fields: "shelf { row }") { isbn: ID! shelf: Shelf! } type Shelf @shareable { row: Int! }',
        resolvers: { Book: { __resolveReference: ({ isbn }: { isbn: string }) => ({ isbn, shelf: { row: 7 } }) } },
      },
      store: {
        sdl: 'type Book @key(fields: "shelf { row }") { shelf: Shelf! copies: Int } type Shelf @shareable { row: Int! }',
        resolvers: { Book: { copies: ({ shelf }: { shelf: { row: number } }) => shelf.row * 10 } },
      },
    },
    '{ books { copies } }',
    { books: [{ copies: 70 }, null] },
  ],
  [
    'a required field with arguments beside the same field with other ones',
    {
      shop: {
        sdl: 'type Query { book: Book } type Book @key(fields: "id") { id: ID! price(currency: String = "EUR"): Int }',
        resolvers: {
          Query: { book: () => ({ id: '1' }) },
          Book: { price: (_: unknown, { currency }: { currency: string }) => (currency === 'USD' ? 120 : 100) },
        },
      },
      tax: {
        sdl: `type Book @key(fields: "id") { id: ID! price(currency: String = "EUR"): Int @external
          duty: Int @requires(fields: "price(currency: \\"USD\\")") }`,
        resolvers: { Book: { duty: ({ price }: { price: number }) => price / 10 } },
      },
    },
    '{ book { price duty other: price(currency: "USD") } }',
    { book: { price: 100, duty: 12, other: 120 } },
  ],
  [
    'a chain of required fields over three subgraphs',
    {
      one: {
        sdl: 'type Query { book: Book } type Book @key(fields: "id") { id: ID! pages: Int }',
        resolvers: { Query: { book: () => ({ id: '1', pages: 0 }) } },
      },
      two: {
        sdl: 'type Book @key(fields: "id") { id: ID! pages: Int @external weight: Int @requires(fields: "pages") }',
        resolvers: { Book: { weight: ({ pages }: { pages: number }) => pages + 5 } },
      },
      three: {
        sdl: 'type Book @key(fields: "id") { id: ID! weight: Int @external postage: Int @requires(fields: "weight") }',
        resolvers: { Book: { postage: ({ weight }: { weight: number }) => weight * 2 } },
      },
    },
    '{ book { postage } }',
    { book: { postage: 10 } },
  ],
  [
    'required fields of the types behind an interface',
    {
      one: {
        sdl: `type Query { book: Book } type Book @key(fields: "id") { id: ID! cover: Cover }
          interface Cover { colour: String } type Hard implements Cover { colour: String board: Int } type Soft implements Cover { colour: String }`,
        resolvers: { Query: { book: () => ({ id: '1', cover: { __typename: 'Hard', colour: 'red', board: 3 } }) } },
      },
      two: {
        sdl: `type Book @key(fields: "id") { id: ID! cover: Cover @external label: String @requires(fields: "cover { colour ... on Hard { board } }") }
          interface Cover { colour: String } type Hard implements Cover { colour: String @external board: Int @external }
          type Soft implements Cover { colour: String @external }`,
        resolvers: {
          Book: {
            label: ({ cover }: { cover: { colour: string; board: number } }) => `${cover.colour} ${cover.board}`,
          },
        },
      },
    },
    '{ book { label } }',
    { book: { label: 'red 3' } },
  ],
  [
    'an interface object, asked through a fragment on one type',
    {
      one: {
        sdl: `type Query { all: [Medium] } interface Medium @key(fields: "id") { id: ID! }
          type Book implements Medium @key(fields: "id") { id: ID! pages: Int } type Film implements Medium @key(fields: "id") { id: ID! }`,
        resolvers: {
          Query: {
            all: () => [
              { __typename: 'Book', id: 'b', pages: 9 },
              { __typename: 'Film', id: 'f' },
            ],
          },
        },
      },
      two: {
        sdl: 'type Query { top: Medium } type Medium @key(fields: "id") @interfaceObject { id: ID! stars: Int }',
        resolvers: {
          Query: { top: () => ({ id: 'f', stars: 5 }) },
          Medium: { __resolveReference: ({ id }: { id: string }) => ({ id, stars: id === 'f' ? 5 : 1 }) },
        },
      },
    },
    '{ all { __typename ... on Book { stars pages } } }',
    { all: [{ __typename: 'Book', stars: 1, pages: 9 }, { __typename: 'Film' }] },
  ],
  [
    'a union of which each subgraph knows a part',
    {
      one: {
        sdl: 'union Find = Book type Query { find: Find @shareable } type Book @shareable { title: String }',
        resolvers: { Query: { find: () => ({ __typename: 'Book', title: 'A' }) } },
      },
      two: {
        sdl: 'union Find = Book | Film type Query { find: Find @shareable films: [Find] } type Book @shareable { title: String } type Film { length: Int }',
        resolvers: {
          Query: {
            find: () => ({ __typename: 'Book', title: 'A' }),
            films: () => [{ __typename: 'Film', length: 90 }],
          },
        },
      },
    },
    '{ find { ... on Book { title } ... on Film { length } } films { ... on Film { length } } }',
    { find: { title: 'A' }, films: [{ length: 90 }] },
  ],
  [
    'a root field that two subgraphs answer in part',
    {
      one: {
        sdl: 'type Query { office: Office @shareable } type Office { name: String @shareable city: String }',
        resolvers: { Query: { office: () => ({ name: 'N', city: 'C' }) } },
      },
      two: {
        sdl: 'type Query { office: Office @shareable } type Office { name: String @shareable phone: String }',
        resolvers: { Query: { office: () => ({ name: 'N', phone: '1' }) } },
      },
    },
    '{ office { phone name city } }',
    { office: { phone: '1', name: 'N', city: 'C' } },
  ],
  [
    'a field that comes along with its parent, and is not asked for again',
    {
      one: {
        sdl: 'type Query { lent: [Book] @provides(fields: "title") } type Book @key(fields: "id") { id: ID! title: String @external }',
        resolvers: { Query: { lent: () => [{ id: '1', title: 'along' }] } },
      },
      two: {
        sdl: 'type Book @key(fields: "id") { id: ID! title: String @shareable }',
        resolvers: { Book: { __resolveReference: ({ id }: object & { id?: string }) => ({ id, title: 'asked' }) } },
      },
    },
    '{ lent { title } }',
    { lent: [{ title: 'along' }] },
  ],
  [
    'a key that is null in part, and one whose entity is not there',
    {
      one: {
        sdl: 'type Query { books: [Book] } type Book @key(fields: "id") { id: ID }',
        resolvers: { Query: { books: () => [{ id: null }, { id: '1' }, { id: 'none' }] } },
      },
      two: {
        sdl: 'type Book @key(fields: "id") { id: ID title: String }',
        resolvers: {
          Book: { __resolveReference: ({ id }: { id: string | null }) => (id === '1' ? { id, title: 'T' } : null) },
        },
      },
    },
    '{ books { title } }',
    { books: [{ title: null }, { title: 'T' }, { title: null }] },
  ],
  [
    'a field that has moved to another subgraph',
    {
      one: {
        sdl: 'type Query { book: Book } type Book @key(fields: "id") { id: ID! title: String }',
        resolvers: { Query: { book: () => ({ id: '1', title: 'old' }) } },
      },
      two: {
        sdl: 'type Book @key(fields: "id") { id: ID! title: String @override(from: "one") }',
        resolvers: { Book: { title: () => 'new' } },
      },
    },
    '{ book { title } }',
    { book: { title: 'new' } },
  ],
  [
    'a query below a mutation',
    {
      one: {
        sdl: 'type Query { count: Int } type Mutation { add: Added } type Added { query: Query }',
        resolvers: { Query: { count: () => 1 }, Mutation: { add: () => ({ query: {} }) } },
      },
      two: { sdl: 'type Query { name: String }', resolvers: { Query: { name: () => 'two' } } },
    },
    'mutation { add { query { __typename count name } } }',
    { add: { query: { __typename: 'Query', count: 1, name: 'two' } } },
  ],
  [
    'values from around an entity',
    {
      one: {
        sdl: `type Query { shop: Shop } type Shop @key(fields: "id") @context(name: "shop") { id: ID! currency: String book: Book }
          type Book @key(fields: "id") { id: ID! price(currency: String @fromContext(field: "$shop { currency }")): String }`,
        resolvers: {
          Query: { shop: () => ({ id: 's', currency: 'EUR', book: { id: '1' } }) },
          Book: {
            __resolveReference: (book: object) => book,
            price: (_: unknown, { currency }: { currency: string }) => `9 ${currency}`,
          },
        },
      },
      two: {
        sdl: 'type Book @key(fields: "id") { id: ID! title: String }',
        resolvers: { Book: { __resolveReference: ({ id }: { id: string }) => ({ id, title: 'T' }) } },
      },
    },
    '{ shop { book { title price } } }',
    { shop: { book: { title: 'T', price: '9 EUR' } } },
  ],
];

describe.each(['auto', 'apollo'] as const)('with the planner %s, the gateway answers', (planner) => {
  it.each(FAMILIES)('%s', async (_name, subgraphs, query, data) => {
    const { ask, gateway } = await federate(subgraphs, { planner });
    expect(await ask(query)).toEqual({ data });
    await gateway.close();
  });
});

describe('with either planner', () => {
  it.each(['auto', 'apollo'] as const)(
    "%s: a client's variable called representations reaches two places at once",
    async (planner) => {
      const book = { price: (_: unknown, { times }: { times: number }) => times };
      const { ask } = await federate(
        {
          one: {
            sdl: 'type Query { a: Book b: Book } type Book @key(fields: "id") { id: ID! }',
            resolvers: { Query: { a: () => ({ id: 'a' }), b: () => ({ id: 'b' }) } },
          },
          two: {
            sdl: 'type Book @key(fields: "id") { id: ID! price(times: Int = 9): Int }',
            resolvers: { Book: book },
          },
        },
        { planner },
      );
      const query =
        'query ($representations: Int) { a { x: price(times: $representations) } b { y: price(times: 1) } }';
      expect(await ask(query, { representations: 2 })).toEqual({ data: { a: { x: 2 }, b: { y: 1 } } });
    },
  );

  it.each(['auto', 'apollo'] as const)('%s: a label decides which subgraph is asked', async (planner) => {
    const subgraphs = {
      one: {
        sdl: 'type Query { book: Book } type Book @key(fields: "id") { id: ID! title: String price: Int }',
        resolvers: { Query: { book: () => ({ id: '1', title: 'old', price: 1 }) } },
      },
      two: {
        sdl: `type Book @key(fields: "id") { id: ID! title: String @override(from: "one", label: "moved")
          price: Int @override(from: "one", label: "percent(100)") }`,
        resolvers: { Book: { title: () => 'new', price: () => 2 } },
      },
    };
    const off = await federate(subgraphs, { planner });
    expect(await off.ask('{ book { title price } }')).toEqual({ data: { book: { title: 'old', price: 2 } } });
    const on = await federate(subgraphs, { planner, overrideLabels: new Set(['moved']) });
    expect(await on.ask('{ book { title price } }')).toEqual({ data: { book: { title: 'new', price: 2 } } });
  });

  it.each(['auto', 'apollo'] as const)(
    '%s: fields of a mutation run in series, with all that is below them',
    async (planner) => {
      let count = 0;
      const counter = { Counter: { now: () => count } };
      const { ask } = await federate(
        {
          one: {
            sdl: 'type Query { x: Int } type Mutation { first: Counter second: Counter } type Counter @key(fields: "id") { id: ID! }',
            resolvers: { Mutation: { first: () => ({ id: `${++count}` }), second: () => ({ id: `${++count}` }) } },
          },
          two: { sdl: 'type Counter @key(fields: "id") { id: ID! now: Int }', resolvers: counter },
        },
        { planner },
      );
      expect(await ask('mutation { first { now } second { now } }')).toEqual({
        data: { first: { now: 1 }, second: { now: 2 } },
      });
    },
  );
});
