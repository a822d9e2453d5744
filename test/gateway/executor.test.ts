import { type SmallGraph, type SmallSubgraph, smallGraph } from '../support/subgraphs-of.ts';

const PEOPLE = [
  { id: '1', name: 'Ada', bossId: null, age: 0 },
  { id: '2', name: 'Ben', bossId: '1', age: 40 },
  { id: '3', name: 'Cem', bossId: '1', age: 50 },
];
const personOf = (id: string | null) => PEOPLE.find((person) => person.id === id) ?? null;

const people: SmallSubgraph = {
  sdl: `
    type Query {
      people(first: Int): [Person!]!
      person(id: ID!): Person
      holders: [Holder!]!
      anything: [Thing]
      moods(only: [Mood!], like: MoodFilter): [Mood]
      echo(value: Any, values: [Any!]): Any
      mood: Mood
      numbers: [[Int!]]
    }
    type Mutation { rename(id: ID!, name: String!): Person  count: Int! }
    scalar Any
    enum Mood { GLAD SAD HIDDEN @inaccessible }
    input MoodFilter { mood: Mood  not: [MoodFilter!] }
    interface Holder { id: ID!  label: String }
    type Person implements Holder @key(fields: "id") { id: ID!  name: String  label: String  boss: Person  age: Int  staff: [Person!] }
    type Firm implements Holder @key(fields: "id") { id: ID!  label: String  founded: Int }
    union Thing = Person | Firm
  `,
  resolvers: {
    Query: {
      people: (_: unknown, { first = 3 }: { first?: number }) => PEOPLE.slice(0, first),
      person: (_: unknown, { id }: { id: string }) => personOf(id),
      holders: () => [
        { __typename: 'Person', ...PEOPLE[0] },
        { __typename: 'Firm', id: 'f', founded: 1900 },
      ],
      anything: () => [{ __typename: 'Firm', id: 'f', founded: 1900 }, null, { __typename: 'Person', ...PEOPLE[1] }],
      moods: (_: unknown, { only, like }: { only?: string[]; like?: { mood?: string } }) =>
        like?.mood ? [like.mood] : (only ?? ['GLAD', 'HIDDEN', null, 'SAD']),
      mood: () => 'HIDDEN',
      echo: (_: unknown, { value, values }: { value?: unknown; values?: unknown }) => value ?? values ?? null,
      numbers: () => [[1, 2], null, []],
    },
    Mutation: {
      rename: (_: unknown, { id, name }: { id: string; name: string }) => ({ ...personOf(id), name }),
      count: () => 1,
    },
    Person: {
      __resolveReference: ({ id }: { id: string }) => personOf(id),
      label: ({ name }: { name: string }) => `Person ${name}`,
      boss: ({ bossId }: { bossId: string | null }) => personOf(bossId),
      staff: ({ id }: { id: string }) => PEOPLE.filter(({ bossId }) => bossId === id),
    },
    Firm: { label: () => 'Firm' },
  },
};

const reviews: SmallSubgraph = {
  sdl: `
    type Query { best: Review }
    type Mutation { review(id: ID!): Review }
    type Review { stars(scale: Int = 5): Int!  author: Person }
    type Person @key(fields: "id") { id: ID!  reviews(first: Int, representations: [ID!]): [Review!]!  score(bonus: Int): Float }
    type Firm @key(fields: "id") { id: ID!  reviews: [Review!]! }
  `,
  resolvers: {
    Query: { best: () => ({ value: 1, author: { id: '2' } }) },
    Mutation: { review: (_: unknown, { id }: { id: string }) => ({ value: 0.4, author: { id } }) },
    Review: { stars: ({ value }: { value: number }, { scale }: { scale: number }) => value * scale },
    Person: {
      reviews: (
        { id }: { id: string },
        { first = 1, representations }: { first?: number; representations?: string[] },
      ) =>
        representations && !representations.includes(id)
          ? []
          : Array.from({ length: first }, () => ({ value: 1, author: { id } })),
      score: ({ id }: { id: string }, { bonus = 0 }: { bonus?: number }) => Number(id) + bonus,
    },
    Firm: { reviews: () => [] },
  },
};

let graph: SmallGraph;

beforeAll(async () => {
  graph = await smallGraph({ people, reviews });
});

afterAll(() => graph.close());

beforeEach(() => {
  graph.asked.length = 0;
});

describe('an operation over several subgraphs', () => {
  it('is answered in the order, under the names and from the fragments that the client wrote', async () => {
    const query = `{
      everybody: people { score ...Named again: score(bonus: 1) id }
      ...Roots
    }
    fragment Named on Person { called: name ... on Holder { label } }
    fragment Roots on Query { person(id: "2") { ...Named reviews { author { ...Named } } } }`;
    const answer = await graph.ask(query);
    const named = (name: string) => ({ called: name, label: `Person ${name}` });
    expect(answer).toEqual({
      data: {
        everybody: [
          { score: 1, ...named('Ada'), again: 2, id: '1' },
          { score: 2, ...named('Ben'), again: 3, id: '2' },
          { score: 3, ...named('Cem'), again: 4, id: '3' },
        ],
        person: { ...named('Ben'), reviews: [{ author: named('Ben') }] },
      },
    });
    expect(JSON.stringify(answer.data)).toMatch(
      /^\{"everybody":\[\{"score":1,"called":"Ada","label":"Person Ada","again":2,"id":"1"\}/,
    );
  });

  it('sends each representation once and gives every place its own entity', async () => {
    const answer = await graph.ask('{ people { boss { id reviews { stars } } } person(id: "2") { boss { score } } }');
    expect(answer).toEqual({
      data: {
        people: [
          { boss: null },
          { boss: { id: '1', reviews: [{ stars: 5 }] } },
          { boss: { id: '1', reviews: [{ stars: 5 }] } },
        ],
        person: { boss: { score: 1 } },
      },
    });
    const lists = graph.asked.flatMap(({ request }) => Object.values(request.variables ?? {}));
    expect(lists.length).toBeGreaterThan(0);
    for (const list of lists) expect(list).toEqual([{ __typename: 'Person', id: '1' }]);
  });

  it('keeps what one entity has at one place apart from what it has at another', async () => {
    const answer = await graph.ask(
      '{ people { boss { reviews(first: 1) { author { name } } } } b: people(first: 2) { boss { reviews(first: 1) { author { age } } } } }',
    );
    const withReview = (author: object) => ({ boss: { reviews: [{ author }] } });
    expect(answer).toEqual({
      data: {
        people: [{ boss: null }, withReview({ name: 'Ada' }), withReview({ name: 'Ada' })],
        b: [{ boss: null }, withReview({ age: 0 })],
      },
    });
  });

  it('asks interfaces and unions for what each object is', async () => {
    const answer = await graph.ask(`{
      holders { __typename id label ... on Person { score boss { id } } ... on Firm { founded reviews { stars } } }
      anything { ... on Firm { __typename founded } ... on Holder { what: __typename label } ... on Person { reviews { stars(scale: 10) } } }
    }`);
    expect(answer).toEqual({
      data: {
        holders: [
          { __typename: 'Person', id: '1', label: 'Person Ada', score: 1, boss: null },
          { __typename: 'Firm', id: 'f', label: 'Firm', founded: 1900, reviews: [] },
        ],
        anything: [
          { __typename: 'Firm', founded: 1900, what: 'Firm', label: 'Firm' },
          null,
          { what: 'Person', label: 'Person Ben', reviews: [{ stars: 10 }] },
        ],
      },
    });
  });

  it.each([
    [true, true, { name: 'Ben' }],
    [true, false, { name: 'Ben', score: 2 }],
    [false, true, {}],
    [false, false, { score: 2 }],
  ])('leaves out what @include %s and @skip %s leave out, and asks nobody for it', async (include, skip, person) => {
    const query = `query ($include: Boolean!, $skip: Boolean = true) {
      person(id: "2") { ... @include(if: $include) { name } score @skip(if: $skip) }
      best @include(if: $include) { ...Stars @skip(if: $skip) author { id } }
    }
    fragment Stars on Review { stars }`;
    const answer = await graph.ask(query, { include, ...(!skip && { skip }) });
    const best = { best: { ...(!skip && { stars: 5 }), author: { id: '2' } } };
    expect(answer).toEqual({ data: { person, ...(include && best) } });
    const askedForScore = graph.asked.some(({ request }) => 'representations' in (request.variables ?? {}));
    expect(askedForScore).toBe(!skip);
  });

  it('takes variables of every kind, also one called `representations`', async () => {
    const query = `query ($representations: [ID!], $first: Int, $like: MoodFilter, $any: Any, $id: ID!) {
      moods(like: $like) echo(value: { nested: [$any, "x"] })
      person(id: $id) { reviews(first: $first, representations: $representations) { stars } }
    }`;
    const like = { mood: 'SAD', not: [{ mood: 'GLAD' }] };
    const any = { a: [1, null, 'é"\\\n\u2028'], b: { c: 1.5e300, __proto__: 1 } };
    const variables = { representations: ['2', '3'], first: 2, like, any, id: '2' };
    expect(await graph.ask(query, variables)).toEqual({
      data: { moods: ['SAD'], echo: { nested: [any, 'x'] }, person: { reviews: [{ stars: 5 }, { stars: 5 }] } },
    });
    expect(await graph.ask(query, { ...variables, representations: ['9'] })).toMatchObject({
      data: { person: { reviews: [] } },
    });
    const asked = graph.asked.filter(({ name }) => name === 'reviews');
    expect(asked[0]?.request.variables).toMatchObject({ representations: ['2', '3'], first: 2 });
  });

  it('knows names that every object of the language has', async () => {
    const query =
      '{ constructor: people { toString: name valueOf: score __proto__: score hasOwnProperty: boss { id } } }';
    const answer = await graph.ask(query);
    const first = ((answer.data as Record<string, unknown>)['constructor'] as Record<string, unknown>[])[0];
    expect(JSON.stringify(first)).toBe('{"toString":"Ada","valueOf":1,"__proto__":1,"hasOwnProperty":null}');
  });

  it('runs the fields of a mutation in series and goes on below their payloads', async () => {
    const answer = await graph.ask(
      'mutation { a: rename(id: "2", name: "Bo") { name score } b: review(id: "3") { stars author { name } } count }',
    );
    expect(answer).toEqual({
      data: { a: { name: 'Bo', score: 2 }, b: { stars: 2, author: { name: 'Cem' } }, count: 1 },
    });
  });
});

describe('introspection', () => {
  it('is answered from what clients see, beside other fields, with fragments and variables', async () => {
    const answer = await graph.ask(
      `query ($name: String!, $deep: Boolean!) {
        people(first: 1) { name }
        enum: __type(name: $name) { ...Type enumValues { name } }
        ...Root
      }
      fragment Root on Query { __schema { queryType { name } mutationType { ...Type } } t: __typename }
      fragment Type on __Type { kind name @include(if: $deep) }`,
      { name: 'Mood', deep: true },
    );
    expect(answer).toEqual({
      data: {
        people: [{ name: 'Ada' }],
        enum: { kind: 'ENUM', name: 'Mood', enumValues: [{ name: 'GLAD' }, { name: 'SAD' }] },
        __schema: { queryType: { name: 'Query' }, mutationType: { kind: 'OBJECT', name: 'Mutation' } },
        t: 'Query',
      },
    });
    expect(graph.asked).toHaveLength(1);
  });

  it('alone asks nobody', async () => {
    expect(await graph.ask('{ __typename __schema { queryType { name } } }')).toEqual({
      data: { __typename: 'Query', __schema: { queryType: { name: 'Query' } } },
    });
    expect(graph.asked).toEqual([]);
  });
});

describe('values', () => {
  it('of custom scalars pass as they are, of lists of lists too', async () => {
    const value = { a: [{ b: 'x'.repeat(100) }, 0, false, null], c: '\u0000\ud800' };
    const answer = await graph.ask('query ($value: Any) { echo(value: $value) numbers }', { value });
    expect(answer).toEqual({ data: { echo: value, numbers: [[1, 2], null, []] } });
  });

  it('of an enum that clients can’t see are null, and no fault', async () => {
    const answer = await graph.ask('{ moods mood }');
    expect(answer).toEqual({ data: { moods: ['GLAD', null, null, 'SAD'], mood: null } });
  });
});

it('`@defer` is refused by name', async () => {
  const answer = await graph.ask('{ people { id ... @defer { score } } }');
  expect(answer.errors?.[0]).toMatchObject({
    message: 'Unknown directive "@defer".',
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
  });
});
