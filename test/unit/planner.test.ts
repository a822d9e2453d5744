import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse, validate } from 'graphql';
import { PAGE_OF_CUSTOMERS, UNIFIED_CUSTOMER } from '../../bench/queries.ts';
import { choosePlanner } from '../../gateway/planner/choose.ts';
import { loadSupergraph } from '../../gateway/supergraph/load.ts';
import { composeSupergraph } from '../../schema/compose.ts';
import { drawFrom, makeOperation } from '../support/harbour/operations.ts';
import { fetchCount, hopCount, hopsOf } from '../support/plan-text.ts';

const { supergraphSdl } = composeSupergraph();
const loaded = loadSupergraph(supergraphSdl);
const options = { supergraphSdl, supergraph: () => loaded.supergraph };
const rust = choosePlanner({ ...options, choice: 'rust' });
const apollo = choosePlanner({ ...options, choice: 'apollo' });

const STORIES = join(__dirname, '../../gateway/playground/stories');
const CASE_QUEUE = `{ caseQueue(first: 20) { edges { node { subject customer {
  customer360Id fullName completeness { state } salesOrders(first: 3) { edges { node { orderNumber } } } } } } } }`;
const OPERATIONS: readonly (readonly [string, string])[] = [
  ['the unified customer', UNIFIED_CUSTOMER],
  ['a page of customers', PAGE_OF_CUSTOMERS],
  ['the queue of cases', CASE_QUEUE],
  ['a cart and its customer', '{ shoppingCart(id: "1") { customer { cases { edges { node { subject } } } } } }'],
  ['an order and its customer', '{ salesOrder(orderNumber: "1") { customer { customer360Id } } }'],
  ...readdirSync(STORIES).map((file) => [file, readFileSync(join(STORIES, file), 'utf8')] as const),
];

describe('on our own graph', () => {
  it.each(OPERATIONS)("%s takes no hop and no fetch more than with Apollo's planner", (_name, query) => {
    const ours = rust.plan({ document: parse(query) });
    const theirs = apollo.plan({ document: parse(query) });
    expect(hopCount(ours)).toBeLessThanOrEqual(hopCount(theirs));
    expect(fetchCount(ours)).toBeLessThanOrEqual(fetchCount(theirs));
  });

  it('nor does any generated operation', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(999), { size: 'max', maxLength: 200 }), (choices) => {
        const { query } = makeOperation(loaded.apiSchema, drawFrom(choices));
        const document = parse(query);
        if (validate(loaded.apiSchema, document).length > 0) return;
        expect(hopCount(rust.plan({ document }))).toBeLessThanOrEqual(hopCount(apollo.plan({ document })));
      }),
      { numRuns: 60, seed: 360, interruptAfterTimeLimit: 6000 },
    );
  });

  it('the record ids come along with the customer, so that the clouds are one hop behind the queue', () => {
    expect(hopsOf(rust.plan({ document: parse(CASE_QUEUE) }))).toEqual([
      'service',
      'identity@caseQueue.edges.@.node',
      'commerce@caseQueue.edges.@.node.customer | marketing@caseQueue.edges.@.node.customer | service@caseQueue.edges.@.node.customer',
      'identity@caseQueue.edges.@.node.customer',
    ]);
  });

  it('two roots that have nothing to do with each other do not wait for one another', () => {
    const query = `{ a: shoppingCart(id: "1") { customer { cases { edges { node { subject } } } } }
      b: customerBy(by: { emailAddress: "a@b.test" }) { fullName } }`;
    expect(hopsOf(rust.plan({ document: parse(query) }))).toEqual([
      [
        'commerce then identity@a then service@a.customer',
        'identity then commerce@b | marketing@b | service@b then identity@b',
      ].join(' | '),
    ]);
  });

  it('a condition is decided before anything is planned', () => {
    const query = `query ($withCases: Boolean!) { customer(customer360Id: "c360_01jzzzzzzzzzzzzzzzzzzzzzzz") {
      customer360Id cases @include(if: $withCases) { edges { node { subject } } } } }`;
    expect(hopsOf(rust.plan({ document: parse(query) }))).toEqual([
      'if withCases: identity then service@customer',
      'unless withCases: identity',
    ]);
  });

  it('what is about the schema is nobody to be asked for', () => {
    const query =
      '{ __typename ...S } fragment S on Query { __schema { description } t: __type(name: "Case") { name } }';
    for (const planner of [rust, apollo]) expect(planner.plan({ document: parse(query) })).toEqual({ root: undefined });
  });

  it("a client's variable called representations stays the client's", () => {
    const query = `query ($representations: Int) { caseQueue(first: 1) { edges { node { customer { customer360Id
      salesOrders(first: $representations) { edges { node { orderNumber } } } } } } } }`;
    for (const planner of [rust, apollo]) {
      const { root } = planner.plan({ document: parse(query) });
      const last = root?.kind === 'sequence' ? root.nodes.at(-1) : undefined;
      const fetch = last?.kind === 'fetch' ? last : undefined;
      expect(fetch?.variableUsages).toEqual(['representations']);
      expect(fetch?.entities?.[0]?.representationsVariable).toBe('representations1');
      expect(fetch?.operation).toContain('_entities(representations:$representations1)');
      expect(fetch?.operation).toContain('salesOrders(first:$representations)');
    }
  });
});

describe('the planner that is chosen', () => {
  const document = parse('{ caseQueue(first: 1) { edges { node { subject } } } }');

  it("is Apollo's where the native module does not run, and says so once", () => {
    const warnings: string[] = [];
    const planner = choosePlanner({
      ...options,
      onWarning: (message) => warnings.push(message),
      loadRust() {
        throw new Error('Cannot find native binding.\nMore lines.');
      },
    });
    expect(hopsOf(planner.plan({ document }))).toEqual(['service']);
    expect(hopsOf(planner.plan({ document }))).toEqual(['service']);
    expect(warnings).toEqual([
      "The Rust planner cannot be used (Cannot find native binding.): Apollo's planner is used.",
    ]);
  });

  it("leaves what the Rust planner cannot read to Apollo's", () => {
    const query = '{ case(id: 123456789012345678901234567890) { subject } }';
    expect(() => rust.plan({ document: parse(query) })).toThrow(/number too large/);
    expect(hopsOf(choosePlanner(options).plan({ document: parse(query) }))).toEqual(['service']);
  });
});
