import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse } from 'graphql';
import type { SubgraphRequest, SubgraphTransport } from '../../schema/subgraph-transport.ts';

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@external", "@requires",
  { name: "@authenticated", as: "@signedIn" }, "@requiresScopes", "@policy"])`;
const EMAIL = '@requiresScopes(scopes: [["email:read"], ["all:read", "all:trusted"]])';

/** Two subgraphs whose fields, objects, interfaces, enums and scalars have rules. */
export const GUARDED_SDL = {
  people: `${LINK}
    type Query { me: User  users: [User]  node(id: ID): Node  found: [Found]  hidden: String @signedIn  account: Account }
    type Mutation { rename(to: String): User @policy(policies: [["admin"]])  touch: User }
    type Subscription { renamed: User @signedIn }
    interface Node { id: ID  label: String }
    union Found = User | Team
    scalar Wage @policy(policies: [["finance", "agent"], ["admin"]])
    enum Grade @signedIn { SENIOR JUNIOR }
    type User implements Node @key(fields: "id") {
      id: ID  label: String  email: String ${EMAIL}  wage: Wage  wages: [Wage]  grade: Grade  boss: User  team: Team
    }
    type Team implements Node @key(fields: "id") @policy(policies: [["agent"], ["admin"]]) {
      id: ID  label: String  motto: String  members: [User]
    }
    type Account @key(fields: "iban") { iban: ID @requiresScopes(scopes: [["bank"]])  holder: String }`,
  reviews: `${LINK}
    type User @key(fields: "id") {
      id: ID  email: String @external
      rating: String @requires(fields: "email") ${EMAIL}
      reviews: [Review]
    }
    type Review @signedIn { body: String  author: User  stars: Int }
    type Account @key(fields: "iban") { iban: ID @requiresScopes(scopes: [["bank"]])  balance: String }`,
} as const;

type Name = keyof typeof GUARDED_SDL;

const user = (id: string) => ({
  __typename: 'User',
  id,
  label: `<User.label ${id}>`,
  email: `<User.email ${id}>`,
  wage: `<User.wage ${id}>`,
  wages: [`<User.wages ${id}>`],
  grade: 'SENIOR',
  boss: () => user(`${id}b`),
  team: () => team(id),
});
const team = (id: string) => ({
  __typename: 'Team',
  id,
  label: `<Team.label ${id}>`,
  motto: `<Team.motto ${id}>`,
  members: () => [user('4'), user('5')],
});
const review = (id: string) => ({ body: `<Review.body ${id}>`, stars: 5, author: { id: '1' } });

const RESOLVERS = {
  people: {
    Query: {
      me: () => user('1'),
      users: () => [user('2'), user('3')],
      node: (_: unknown, { id }: { id?: string }) => (id === 'team' ? team('9') : user('8')),
      found: () => [user('6'), team('7')],
      hidden: () => '<Query.hidden>',
      account: () => ({ iban: '<Account.iban>', holder: '<Account.holder>' }),
    },
    Mutation: { rename: () => user('renamed'), touch: () => user('1') },
    Subscription: { renamed: { subscribe: async function* () {} } },
    User: { __resolveReference: ({ id }: { id: string }) => user(id) },
    Team: { __resolveReference: ({ id }: { id: string }) => team(id) },
  },
  reviews: {
    User: {
      __resolveReference: (reference: object) => reference,
      rating: ({ email }: { email: string }) => `<User.rating of ${email}>`,
      reviews: ({ id }: { id: string }) => [review(`${id}1`), review(`${id}2`)],
    },
    Account: { __resolveReference: (reference: object) => ({ ...reference, balance: '<Account.balance>' }) },
  },
} satisfies Record<Name, unknown>;

/** The same data in one place: what fields of the whole graph give. */
export const GUARDED_VALUES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ...RESOLVERS.people,
  User: {
    rating: ({ email }: { email: string }) => `<User.rating of ${email}>`,
    reviews: RESOLVERS.reviews.User.reviews,
  },
  Review: { author: () => user('1') },
  Account: { balance: () => '<Account.balance>' },
};

/** The composed supergraph, and a way to each subgraph that writes down what it was asked. */
export function guardedSupergraph(): {
  readonly sdl: string;
  readonly asked: SubgraphRequest[];
  transportTo(place: { readonly name: string }): SubgraphTransport;
} {
  const names = Object.keys(GUARDED_SDL) as Name[];
  const { supergraphSdl, errors } = composeServices(
    names.map((name) => ({ name, url: `http://${name}.invalid`, typeDefs: parse(GUARDED_SDL[name]) })),
  );
  if (!supergraphSdl) throw new Error(errors?.join('\n'));
  const asked: SubgraphRequest[] = [];
  return {
    sdl: supergraphSdl,
    asked,
    transportTo({ name }) {
      const typeDefs = parse(GUARDED_SDL[name as Name]);
      const schema = buildSubgraphSchema([{ typeDefs, resolvers: RESOLVERS[name as Name] as never }]);
      return {
        execute(request) {
          asked.push(request);
          return graphql({
            schema,
            source: request.query,
            variableValues: request.variables,
            operationName: request.operationName,
          });
        },
        async *subscribe() {},
        async close() {},
      };
    },
  };
}
