import { federate, type SmallSubgraph } from '../support/small-federation.ts';

/** The Rust planner ended the process over one name for two fields, which is valid on objects of different types. */
const reference = (one: object): object => one;
const FLEET: Readonly<Record<string, SmallSubgraph>> = {
  fleet: {
    sdl: `type Query { all: [Any] } union Any = Ferry | Tug
      type Ferry @key(fields: "id") { id: ID! } type Tug @key(fields: "id") { id: ID! }`,
    resolvers: {
      Query: {
        all: () => [
          { __typename: 'Ferry', id: 'f' },
          { __typename: 'Tug', id: 't' },
        ],
      },
    },
  },
  crews: {
    sdl: `type Ferry @key(fields: "id") { id: ID! crew(first: Int = 9): [Sailor] mate: Sailor }
      type Tug @key(fields: "id") { id: ID! crew(first: Int = 9): [Sailor] mate: Sailor } type Sailor { n: Int }`,
    resolvers: {
      Ferry: { __resolveReference: reference, crew, mate: () => ({ n: 7 }) },
      Tug: { __resolveReference: reference, crew, mate: () => ({ n: 8 }) },
    },
  },
};

function crew(_: unknown, { first }: { first: number }): object[] {
  return [{ n: first }];
}

const ALL = { all: [{ crew: [{ n: 9 }] }, { crew: [{ n: 2 }] }] };
const QUERIES: readonly [query: string, data: unknown][] = [
  ['{ all { ... on Ferry { crew { n } } ... on Tug { crew(first: 2) { n } } } }', ALL],
  ['{ all { ... on Ferry { crew { n } } ...T } } fragment T on Tug { crew(first: 2) { n } }', ALL],
  ['{ all { ... on Ferry { crew: crew { n } crew { n } } } }', { all: [{ crew: [{ n: 9 }] }, {}] }],
  [
    '{ all { ... on Ferry { crew { n } } ... on Tug { crew: crew { n } } } }',
    { all: [{ crew: [{ n: 9 }] }, { crew: [{ n: 9 }] }] },
  ],
];

describe('one name for two fields', () => {
  it.each(QUERIES)('is answered by either planner: %s', async (query, data) => {
    for (const planner of ['auto', 'apollo'] as const) {
      const { ask, gateway } = await federate(FLEET, { planner });
      expect(await ask(query)).toEqual({ data });
      await gateway.close();
    }
  });

  it('is refused where the Rust planner alone may plan', async () => {
    const { ask, gateway } = await federate(FLEET, { planner: 'rust' });
    expect(await ask(QUERIES[0]?.[0] ?? '')).toMatchObject({
      errors: [{ extensions: { code: 'OPERATION_NOT_PLANNABLE' } }],
    });
    await gateway.close();
  });

  it.each(['auto', 'rust', 'apollo'] as const)('is refused by %s through an interface object', async (planner) => {
    const subgraphs: Readonly<Record<string, SmallSubgraph>> = {
      fleet: {
        sdl: `type Query { all: [Ship] } interface Ship @key(fields: "id") { id: ID! }
          type Ferry implements Ship @key(fields: "id") { id: ID! } type Tug implements Ship @key(fields: "id") { id: ID! }`,
        resolvers: {
          Query: { all: () => [{ __typename: 'Ferry', id: 'f' }] },
          Ship: { __resolveReference: reference },
        },
      },
      crews: {
        sdl: 'type Ship @interfaceObject @key(fields: "id") { id: ID! crew(first: Int = 9): Int }',
        resolvers: {
          Ship: { __resolveReference: reference, crew: (_: unknown, { first }: { first: number }) => first },
        },
      },
    };
    const { ask, gateway } = await federate(subgraphs, { planner });
    const refused = await ask('{ all { ... on Ferry { crew } ... on Tug { crew(first: 2) } } }');
    expect(refused).toMatchObject({ errors: [{ extensions: { code: 'OPERATION_NOT_PLANNABLE' } }] });
    // The Rust planner has no plan of its own for what an interface object is asked of one type.
    if (planner !== 'rust') {
      const told = await ask('{ all { ... on Ferry { crew } ... on Tug { two: crew(first: 2) } } }');
      expect(told).toEqual({ data: { all: [{ crew: 9 }] } });
    }
    await gateway.close();
  });
});
