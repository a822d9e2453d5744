import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { composeServices } from '@apollo/composition';
import { ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, Supergraph } from '@apollo/federation-internals';
import { buildASTSchema, lexicographicSortSchema, parse, printSchema } from 'graphql';
import { apiDocument } from '../../gateway/supergraph/api-schema.ts';
import { loadSupergraph } from '../../gateway/supergraph/load.ts';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import { composeTiny } from '../support/tiny-supergraph.ts';

const LINK = `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.9", import: [
    "@key", "@shareable", "@inaccessible", "@authenticated", "@requiresScopes", "@policy", "@cost", "@listSize", "@composeDirective"
    { name: "@tag", as: "@label" }
  ])
  @link(url: "https://example.org/own/v1.0", import: ["@own"])
  @composeDirective(name: "@own")
  directive @own(of: String) on FIELD_DEFINITION | OBJECT
  directive @live(every: Int = 1, secret: Int @inaccessible) on QUERY`;

const HIDING = `${LINK}
  "What is asked."
  type Query {
    node(id: ID!, hidden: Int @inaccessible, filter: Filter, old: String @deprecated(reason: "Old.")): Node
    secret: Secret @inaccessible
    any: Any @label(name: "x")
    color: Color! @cost(weight: 3)
    link(at: Url = "https://example.org"): [Url!] @deprecated @listSize(assumedSize: 10)
  }
  type Mutation { write(input: Filter!): Boolean @authenticated }
  interface Node { id: ID!  inner: Int @inaccessible }
  interface Hidden @inaccessible { id: ID! }
  type Thing implements Node & Hidden @key(fields: "id") @own(of: "me") {
    id: ID!
    inner: Int @inaccessible
    "Scoped."
    scoped: Int @requiresScopes(scopes: [["a"]])
    ruled: Int @policy(policies: [["b"]])
  }
  type Secret @inaccessible { id: ID! }
  type Other { name: String }
  union Any = Thing | Secret | Other
  enum Color { RED  GREEN @inaccessible  "Like the sky." BLUE @deprecated(reason: "Faded.") }
  input Filter { a: Int = 3, b: [String!]! = ["x"], gone: Secrets @inaccessible }
  input Secrets @inaccessible { x: Int }
  scalar Url @specifiedBy(url: "https://example.org/url")`;

function hiding(): string {
  const result = composeServices([
    { name: 'one', url: 'http://one.invalid', typeDefs: parse(HIDING) },
    {
      name: 'two',
      url: 'http://two.invalid',
      typeDefs: parse(`${LINK}
        type Query { two: Thing }
        type Thing @key(fields: "id") { id: ID!  two: String @shareable }`),
    },
  ]);
  if (result.errors) throw new Error(result.errors.map((error) => error.message).join('\n'));
  return result.supergraphSdl;
}

const SUPERGRAPHS = {
  'our own': readFileSync(join(PACKAGE_ROOT, 'schema', 'generated', 'supergraph.graphql'), 'utf8'),
  'a tiny one': composeTiny({ hub: 'http://hub.invalid', shop: 'http://shop.invalid', desk: 'http://desk.invalid' }),
  'one that hides elements of every kind': hiding(),
};

describe('what clients see of a supergraph', () => {
  it.each(Object.entries(SUPERGRAPHS))("is the same as Apollo's library makes of it: %s", (_name, sdl) => {
    const options = { supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES };
    const expected = Supergraph.build(sdl, options).apiSchema().toGraphQLJSSchema();
    const own = buildASTSchema(apiDocument(parse(sdl)));
    expect(printSchema(lexicographicSortSchema(own))).toBe(printSchema(lexicographicSortSchema(expected)));
  });

  it.each(Object.entries(SUPERGRAPHS))('comes with the same subgraphs: %s', (_name, sdl) => {
    const loaded = loadSupergraph(sdl);
    expect(loaded.subgraphs).toEqual(loaded.supergraph.subgraphsMetadata().map(({ name, url }) => ({ name, url })));
  });
});

describe('a supergraph is refused', () => {
  const tiny = SUPERGRAPHS['a tiny one'];
  it.each([
    ['with a fault of syntax', `${tiny} type {`, 'Syntax Error'],
    ['that links no join specification', 'type Query { a: Int }', 'does not link the join specification'],
    ['with a type that is nowhere', tiny.replace('total: Int!', 'total: Nowhere!'), 'Unknown type "Nowhere"'],
    [
      'with a directive that is nowhere',
      tiny.replace('total: Int!', 'total: Int! @nowhere'),
      'Unknown directive "@nowhere"',
    ],
    [
      'with a specification that nobody here knows',
      tiny.replace(
        '{\n  query: Query',
        '  @link(url: "https://specs.apollo.dev/connect/v0.1", for: EXECUTION)\n{\n  query: Query',
      ),
      'it needs https://specs.apollo.dev/connect/v0.1, which is not known here.',
    ],
  ])('%s', (_name, sdl, reason) => {
    expect(() => loadSupergraph(sdl)).toThrow(reason);
  });
});
