import * as fc from 'fast-check';
import { parse } from 'graphql';
import { follows, type Requirement } from '../../gateway/authorize/requirement.ts';
import { readAccessRules } from '../../gateway/authorize/requirements.ts';
import { fulfils, policyOfRole } from '../../gateway/authorize/rights.ts';
import { linkedDirectiveName } from '../../gateway/supergraph/links.ts';
import type { Principal } from '../../schema/principal.ts';

const LINKED = `schema @link(url: "https://specs.apollo.dev/policy/v0.1", for: SECURITY)
  @link(url: "https://specs.apollo.dev/authenticated/v0.1", for: SECURITY) { query: Query }`;

/** Roles that somebody needs for a field, as policies, and `?` for being authenticated. */
function needed(sdl: string, coordinate: string): string[] {
  const rules = readAccessRules(parse(`${LINKED} ${sdl}`));
  const [type = '', field = ''] = coordinate.split('.');
  return (rules?.of(type, field) ?? [])
    .map((number) => rules?.requirements[number])
    .map((one) => (one?.kind === 'authenticated' ? '?' : (one?.anyOf ?? []).map((all) => all.join('+')).join('|')))
    .sort();
}

describe('the rules of a supergraph', () => {
  it('are none when no specification of rights is linked', () => {
    expect(readAccessRules(parse('type Query { a: Int @policy(policies: [["x"]]) }'))).toBeUndefined();
  });

  it('stand on a field, its type, and the type it gives', () => {
    const sdl = `type Query { a: T @authenticated  b: [T!]!  c: Int }  type T @policy(policies: [["x", "y"], ["z"]]) { d: Int  e: U }
      scalar U @policy(policies: [["u"]])`;
    expect(needed(sdl, 'Query.a')).toEqual(['?', 'x+y|z']);
    expect(needed(sdl, 'Query.b')).toEqual(['x+y|z']);
    expect(needed(sdl, 'Query.c')).toEqual([]);
    expect(needed(sdl, 'T.e')).toEqual(['u', 'x+y|z']);
    expect(needed(sdl, 'T.__typename')).toEqual(['x+y|z']);
  });

  it('stand on what a field is computed from, however far that goes and in a circle', () => {
    const sdl = `type Query { a: T }
      type T {
        a: Int @join__field(graph: A, requires: "b u { x }")
        b: Int @join__field(graph: B, requires: "c")
        c: Int @join__field(graph: A, requires: "a s")
        s: Int @policy(policies: [["s"]])
        u: U
      }
      type U { x: Int @policy(policies: [["x"]]) }`;
    for (const field of ['a', 'b', 'c']) expect(needed(sdl, `T.${field}`)).toEqual(['s', 'x']);
    expect(needed(sdl, 'T.u')).toEqual([]);
  });

  it('stand on what a field is given from its context', () => {
    const sdl = `type Query { a: T }
      type T @context(name: "sub__place") { secret: Int @policy(policies: [["s"]])  below: U }
      type U { b: Int @join__field(graph: A, contextArguments: [{ context: "sub__place", name: "given", type: "Int", selection: "{ secret }" }]) }`;
    expect(needed(sdl, 'U.b')).toEqual(['s']);
  });

  it('of all its types stand on an interface, and not the other way round', () => {
    const sdl = `type Query { a: Node }
      interface Node @policy(policies: [["x", "y"]]) { id: ID }
      type A implements Node @policy(policies: [["x"]]) { id: ID }
      type B implements Node { id: ID @policy(policies: [["y"]]) }
      type C implements Node { id: ID }`;
    expect(needed(sdl, 'Node.id')).toEqual(['x', 'x+y', 'y']);
    expect(needed(sdl, 'C.id')).toEqual([]);
    expect(needed(sdl, 'A.id')).toEqual(['x']);
  });

  it('that somebody wrote on an interface hold for its types', () => {
    const sdl = `type Query { a: Node }
      interface Node { id: ID  secret: Int @policy(policies: [["s"]]) }
      type A implements Node { id: ID  secret: Int }
      type B implements Node @policy(policies: [["b"]]) { id: ID  secret: Int }`;
    expect(needed(sdl, 'A.secret')).toEqual(['s']);
    expect(needed(sdl, 'B.secret')).toEqual(['b', 's']);
    expect(needed(sdl, 'A.id')).toEqual([]);
  });
});

it('a directive is called what its link says', () => {
  const named = (link: string) =>
    linkedDirectiveName(
      parse(`schema @link(url: "https://specs.apollo.dev/cost/v0.1"${link}) { query: Query }`),
      'cost',
      'listSize',
    );
  expect(named('')).toBe('cost__listSize');
  expect(named(', as: "price"')).toBe('price__listSize');
  expect(named(', import: ["@listSize"]')).toBe('listSize');
  expect(named(', import: [{ name: "@listSize", as: "@size" }]')).toBe('size');
  expect(linkedDirectiveName(parse('type Query { a: Int }'), 'cost', 'cost')).toBeUndefined();
});

it('one requirement follows from others exactly when nobody fulfils these and not it', () => {
  const names = ['a', 'b', 'c'];
  const lists = fc.array(fc.subarray(names, { minLength: 1 }), { minLength: 1, maxLength: 3 });
  const requirements = fc.oneof(
    fc.constant<Requirement>({ kind: 'authenticated' }),
    lists.map((anyOf): Requirement => ({ kind: 'policies', anyOf })),
    lists.map((anyOf): Requirement => ({ kind: 'scopes', anyOf })),
  );
  const subsets = [[], ['a'], ['b'], ['c'], ['a', 'b'], ['a', 'c'], ['b', 'c'], names];
  const everybody = ['somebody', 'anonymous'].flatMap((subject) =>
    subsets.flatMap((roles) => subsets.map((scopes): Principal => ({ subject, roles, scopes }))),
  );
  fc.assert(
    fc.property(requirements, fc.array(requirements, { maxLength: 3 }), (requirement, given) => {
      const counterexample = everybody.some(
        (one) => given.every((each) => fulfils(each, one, policyOfRole)) && !fulfils(requirement, one, policyOfRole),
      );
      expect(follows(requirement, given)).toBe(!counterexample);
    }),
  );
});
