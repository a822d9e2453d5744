import type { Request } from '../load.ts';

/** One of the subgraphs that every gateway is measured over: its schema, and resolvers over data that never changes. */
export interface WorkloadSubgraph {
  readonly name: string;
  readonly typeDefs: string;
  readonly resolvers: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Two operations: one that crosses all subgraphs several levels deep, one that takes a single fetch. */
export const OPERATIONS: Readonly<Record<'classic' | 'one-fetch', Request>> = {
  // The shape that the public benchmark of federation gateways made known: users and products with reviews, three levels deep.
  classic: {
    query: `
      fragment User on User { id username name }
      fragment Review on Review { id body }
      fragment Product on Product { inStock name price shippingEstimate upc weight }
      query Classic {
        users {
          ...User
          reviews {
            ...Review
            product { ...Product reviews { ...Review author { ...User reviews { ...Review product { ...Product } } } } }
          }
        }
        topProducts {
          ...Product
          reviews { ...Review author { ...User reviews { ...Review product { ...Product } } } }
        }
      }`,
  },
  'one-fetch': { query: 'query OneFetch { users { id name username birthday } }' },
};

interface Representation {
  readonly id: string;
  readonly upc: string;
  readonly price?: number;
  readonly weight?: number;
}

const FEDERATION =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key", "@external", "@requires", "@provides", "@shareable"])';

const USERS = ['Ines Albers', 'Jon Bergman', 'Kira Conti', 'Leo Duarte', 'Mia Ekholm', 'Nils Faber'].map(
  (name, index) => ({
    id: String(index + 1),
    name,
    username: name.toLowerCase().replace(' ', '.'),
    birthday: 631_152_000 + index * 31_536_000,
  }),
);

const PRODUCTS = (
  [
    ['Table', 899, 100],
    ['Couch', 1299, 1000],
    ['Glass', 15, 20],
    ['Chair', 499, 100],
    ['Screen', 1299, 1000],
    ['Lamp', 6999, 300],
    ['Grill', 3999, 2000],
    ['Fridge', 100_000, 6000],
    ['Sofa', 9999, 800],
  ] as const
).map(([name, price, weight], index) => ({ upc: String(index + 1), name, price, weight, inStock: index % 3 === 0 }));

const SENTENCES = [
  'Arrived two days early and looks just like the picture; the legs were screwed on within five minutes.',
  'After a month of daily use there is not a scratch on it, and our cat has tried her best to change that.',
  'The colour is a little warmer than I had expected, which turned out to suit the room better.',
  'One screw was missing. A message to the shop, and the next morning it was in the letter box.',
];
/** Texts of very different lengths, as reviews have. */
const REVIEWS = [4, 3, 3, 2, 4, 3, 3, 2, 2, 2, 7].map((sentences, index) => ({
  id: String(index + 1),
  body: Array.from({ length: sentences }, (_, at) => SENTENCES[(index + at) % SENTENCES.length]).join(' '),
  product: { upc: String([1, 1, 1, 1, 2, 2, 2, 2, 3, 4, 4][index]) },
  author: { id: '1', username: USERS[0]?.username },
}));

const found = <T>(list: readonly T[], matches: (item: T) => boolean): T | null => list.find(matches) ?? null;

/** The subgraphs. */
export const SUBGRAPHS: readonly WorkloadSubgraph[] = [
  {
    name: 'accounts',
    typeDefs: `${FEDERATION}
      type Query { me: User user(id: ID!): User users: [User] }
      type User @key(fields: "id") { id: ID! name: String username: String @shareable birthday: Int }`,
    resolvers: {
      Query: {
        me: () => USERS[0],
        user: (_: unknown, { id }: Representation) => found(USERS, (user) => user.id === id),
        users: () => USERS,
      },
      User: { __resolveReference: ({ id }: Representation) => found(USERS, (user) => user.id === id) },
    },
  },
  {
    name: 'inventory',
    typeDefs: `${FEDERATION}
      type Product @key(fields: "upc") {
        upc: String! weight: Int @external price: Int @external
        inStock: Boolean shippingEstimate: Int @requires(fields: "price weight")
      }`,
    resolvers: {
      Product: {
        __resolveReference: (given: Representation) => ({
          ...found(PRODUCTS, ({ upc }) => upc === given.upc),
          ...given,
        }),
        shippingEstimate: ({ price = 0, weight = 0 }: Representation) => (price > 1000 ? 0 : Math.floor(weight / 2)),
      },
    },
  },
  {
    name: 'products',
    typeDefs: `${FEDERATION}
      type Query { topProducts(first: Int = 5): [Product] }
      type Product @key(fields: "upc") { upc: String! name: String price: Int weight: Int }`,
    resolvers: {
      Query: { topProducts: (_: unknown, { first }: { first: number }) => PRODUCTS.slice(0, first) },
      Product: { __resolveReference: ({ upc }: Representation) => found(PRODUCTS, (product) => product.upc === upc) },
    },
  },
  {
    name: 'reviews',
    typeDefs: `${FEDERATION}
      type Review @key(fields: "id") { id: ID! body: String product: Product author: User @provides(fields: "username") }
      type User @key(fields: "id") { id: ID! username: String @external reviews: [Review] }
      type Product @key(fields: "upc") { upc: String! reviews: [Review] }`,
    resolvers: {
      Review: { __resolveReference: ({ id }: Representation) => found(REVIEWS, (review) => review.id === id) },
      User: { reviews: () => REVIEWS.slice(0, 2) },
      Product: { reviews: ({ upc }: Representation) => REVIEWS.filter(({ product }) => product.upc === upc) },
    },
  },
];
