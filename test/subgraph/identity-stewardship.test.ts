import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLOUDS } from '../../schema/clouds.ts';
import { createCustomer360IdGenerator } from '../../schema/customer360-id.ts';
import type { Principal } from '../../schema/principal.ts';
import { executeSubgraph, subscribeSubgraph } from '../../subgraphs/execute.ts';
import { createEngine } from '../../subgraphs/identity/durable/create-engine.ts';
import { createDurableResolver, type DurableResolver } from '../../subgraphs/identity/durable/durable-resolver.ts';
import { createHouseholdIdGenerator } from '../../subgraphs/identity/durable/household-id.ts';
import { createIdentitySubgraph } from '../../subgraphs/identity/index.ts';
import type { CanonicalProfile } from '../../subgraphs/identity/resolution/canonical-profile.ts';
import { createIdentifierRules } from '../../subgraphs/identity/resolution/rules/identifier-rules.ts';
import { loadDefaultMatchRuleset } from '../../subgraphs/identity/resolution/rules/match-ruleset.ts';
import { createDefaultModel } from '../../subgraphs/identity/resolution/score/default-model.ts';
import type { Lease } from '../../subgraphs/identity/store/repository.ts';
import { loadSurvivorship } from '../../subgraphs/identity/survivorship-document.ts';
import type { Subgraph } from '../../subgraphs/subgraph.ts';
import { IDENTITY_STORES, type OpenIdentityStore } from '../store/identity-stores.ts';

const AGENT: Principal = { subject: 'agent-7', roles: ['agent'], scopes: [] };
const APP: Principal = { subject: 'shop', roles: ['app'], scopes: [] };

function profile(
  key: string,
  given: string,
  family: string,
  email: string,
  birthDate: string | null,
): CanonicalProfile {
  const [dataSourceId = '', sourceRecordId = ''] = key.split('/');
  return {
    dataSourceId,
    sourceRecordId,
    dataSourceObjectId: 'record',
    firstName: given,
    lastName: family,
    fullName: null,
    birthDate,
    contactPointEmails: [{ emailAddress: email }],
    contactPointPhones: [],
    contactPointSocials: [],
    partyIdentifications: [],
  };
}

const ADA = [
  profile('commerce/A1', 'Ada', 'Lovelace', 'ada@example.org', '1985-12-10'),
  profile('service/C1', 'Ada', 'Lovelace', 'ada@example.org', '1985-12-10'),
];
const BO = [profile('commerce/A2', 'Bo', 'Sanders', 'bo@example.net', '1971-05-06')];
const CLEO = [profile('marketing/S3', 'Cleo', 'Tailor', 'cleo@example.com', '1990-01-31')];

const RECORD = (key: string) => {
  const [dataSourceId, sourceRecordId] = key.split('/');
  return { dataSourceId, sourceRecordId };
};
const LINKS = 'customer360Id mergedCustomer360Ids identityLinks { dataSourceId sourceRecordId }';
const EXPLAIN = `query ($left: SourceRecordInput!, $right: SourceRecordInput!) { explainMatch(left: $left, right: $right) {
  isSameCustomer verdict bits threshold probability modelVersion rulesetVersion guard rule { name version effect }
  contributions { field level leftValue rightValue levelBits termFrequencyBits bits }
  chain { left { sourceRecordId customer { customer360Id } } right { sourceRecordId } rule bits } waterfall } }`;
const MERGE = `mutation ($input: MergeCustomersInput!) { mergeCustomers(input: $input) {
  mergeEvent { mergeEventId survivorCustomer360Id mergedCustomer360Id rule unmergedDate } customer { ${LINKS} } } }`;
const UNMERGE = `mutation ($input: UnmergeCustomersInput!) { unmergeCustomers(input: $input) {
  mergeEvent { unmergedDate } customer { ${LINKS} } unmergedCustomer { ${LINKS} } laterMerges { mergeEventId } } }`;

describe.each(IDENTITY_STORES)('changes of identity by hand, on $name', (kind) => {
  let store: OpenIdentityStore;
  let subgraph: Subgraph;
  let resolver: DurableResolver;
  let lease: Lease;
  let now = Date.parse('2026-04-01T00:00:00.000Z');
  let ids = 0;

  const clock = () => {
    now += 1_000;
    return now;
  };
  const newId = () => {
    ids += 1;
    return `00000000-0000-4000-8000-${String(ids).padStart(12, '0')}`;
  };

  beforeAll(async () => {
    store = await kind.open();
    await store.demolish();
    await store.repository.prepare();
  });
  beforeEach(async () => {
    await store.empty();
    await store.repository.prepare();
    resolver = createDurableResolver({
      repository: store.repository,
      clock,
      createEngine,
      newCustomer360Id: createCustomer360IdGenerator(clock),
      newMergeEventId: newId,
      newHouseholdId: createHouseholdIdGenerator(clock),
      reviewIntervalMs: 0,
    });
    const taken = await store.repository.acquireLease('test', 3_600_000, now);
    if (!taken) throw new Error('No lease.');
    lease = taken;
    subgraph = await createIdentitySubgraph({
      repository: store.repository,
      clouds: [],
      survivorship: loadSurvivorship(CLOUDS.map(({ name }) => name)),
      ruleset: createIdentifierRules(loadDefaultMatchRuleset()),
      clock,
      newId,
      settleMs: 60_000,
      resolution: {
        createEngine,
        explain: (left, right) => resolver.explain(left, right),
        warnings: () => resolver.warnings(),
        settle: () => resolver.tidy(lease),
      },
    });
    for (const batch of [ADA, BO, CLEO]) await resolver.resolve({ changed: batch, deleted: [], lease });
  });
  afterAll(() => store?.close());

  // biome-ignore lint/suspicious/noExplicitAny: a test reads the parts that it has asked for
  async function ask(query: string, variables: object = {}, principal = AGENT): Promise<any> {
    const answer = await executeSubgraph(subgraph, { query, variables: { ...variables }, principal });
    if (answer.errors)
      throw Object.assign(new Error(answer.errors[0]?.message), { code: answer.errors[0]?.extensions['code'] });
    return JSON.parse(JSON.stringify(answer.data));
  }
  async function customerOf(key: string): Promise<string> {
    const query = `query ($record: SourceRecordInput!) { customerBy(by: { sourceRecord: $record }) { customer360Id } }`;
    return (await ask(query, { record: RECORD(key) })).customerBy.customer360Id;
  }
  const look = async (id: string) =>
    (await ask(`query ($id: Customer360Id!) { customer(customer360Id: $id) { ${LINKS} } }`, { id })).customer;

  it('merges, is asked again, and takes the merge back exactly, for good', async () => {
    const [ada, bo] = [await customerOf('commerce/A1'), await customerOf('commerce/A2')];
    const before = [await look(ada), await look(bo)];
    const input = { idempotencyKey: 'm', customer360Id: bo, otherCustomer360Id: ada, reason: 'same passport' };
    const merged = (await ask(MERGE, { input })).mergeCustomers;
    expect(merged.mergeEvent).toMatchObject({
      survivorCustomer360Id: ada,
      mergedCustomer360Id: bo,
      rule: 'MANUAL',
      unmergedDate: null,
    });
    expect(merged.customer.identityLinks).toHaveLength(3);
    expect((await ask(MERGE, { input })).mergeCustomers).toEqual(merged);
    await expect(ask(MERGE, { input: { ...input, reason: 'other' } })).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
    await expect(ask(MERGE, { input: { ...input, idempotencyKey: 'n' } })).rejects.toMatchObject({ code: 'CONFLICT' });
    // It holds when the records are read again.
    await resolver.resolve({ changed: [...ADA, ...BO], deleted: [], reconsider: true, lease });
    expect(await customerOf('commerce/A2')).toBe(ada);
    const undo = { idempotencyKey: 'u', mergeEventId: merged.mergeEvent.mergeEventId, reason: 'twins' };
    const unmerged = (await ask(UNMERGE, { input: undo })).unmergeCustomers;
    expect([unmerged.customer, unmerged.unmergedCustomer]).toEqual(before);
    expect(unmerged.laterMerges).toEqual([]);
    // And they stay apart, even when everything speaks for it.
    await resolver.resolve({ changed: [{ ...ADA[0], sourceRecordId: 'A2' } as CanonicalProfile], deleted: [], lease });
    expect(await customerOf('commerce/A2')).toBe(bo);
  });

  it('reports later merges and leaves them standing when an earlier one is taken back', async () => {
    const [ada, bo, cleo] = [
      await customerOf('commerce/A1'),
      await customerOf('commerce/A2'),
      await customerOf('marketing/S3'),
    ];
    const first = await ask(MERGE, { input: { idempotencyKey: '1', customer360Id: bo, otherCustomer360Id: cleo } });
    const second = await ask(MERGE, { input: { idempotencyKey: '2', customer360Id: ada, otherCustomer360Id: bo } });
    const { mergeEventId } = first.mergeCustomers.mergeEvent;
    const { unmergeCustomers } = await ask(UNMERGE, { input: { idempotencyKey: '3', mergeEventId } });
    expect(unmergeCustomers.laterMerges).toEqual([{ mergeEventId: second.mergeCustomers.mergeEvent.mergeEventId }]);
    expect(await customerOf('commerce/A2')).toBe(ada);
    expect(await customerOf('marketing/S3')).toBe(cleo);
  });

  it('splits a record off, pins it elsewhere, and lets the rules decide again', async () => {
    const PIN = `mutation ($input: PinRecordInput!) { pinRecord(input: $input) { decisionId customer { ${LINKS} } } }`;
    const ada = await customerOf('commerce/A1');
    const sourceRecord = RECORD('service/C1');
    const split = (await ask(PIN, { input: { idempotencyKey: 'p1', sourceRecord } })).pinRecord;
    expect(split.customer.customer360Id).not.toBe(ada);
    await resolver.resolve({ changed: ADA, deleted: [], reconsider: true, lease });
    expect(await customerOf('service/C1')).toBe(split.customer.customer360Id);
    const bo = await customerOf('commerce/A2');
    const pinned = (await ask(PIN, { input: { idempotencyKey: 'p2', sourceRecord, customer360Id: bo } })).pinRecord;
    expect(pinned.customer.identityLinks).toEqual([RECORD('commerce/A2'), RECORD('service/C1')]);
    await resolver.resolve({ changed: [...ADA, ...BO], deleted: [], reconsider: true, lease });
    expect(await customerOf('service/C1')).toBe(bo);
    const { explainMatch } = await ask(EXPLAIN, { left: RECORD('commerce/A2'), right: sourceRecord });
    // The evidence is what it is: a person has decided, and so it is said.
    expect(explainMatch).toMatchObject({
      isSameCustomer: true,
      verdict: 'APART',
      guard: expect.stringContaining('given'),
    });
    expect(explainMatch.chain).toMatchObject([
      { left: { sourceRecordId: 'A2' }, right: { sourceRecordId: 'C1' }, rule: 'MANUAL' },
    ]);
    expect(explainMatch.waterfall).toContain('MANUAL');
    const decisions = `query ($record: SourceRecordInput) { matchDecisions(record: $record) { edges { node {
      decisionId verdict origin customer360Id decidedBy left { sourceRecordId } right { sourceRecordId } } } } }`;
    const { edges } = (await ask(decisions, { record: sourceRecord })).matchDecisions;
    expect(edges.map(({ node }: { node: { verdict: string } }) => node.verdict)).toContain('PINNED');
    const REVOKE =
      'mutation ($input: RevokeMatchDecisionInput!) { revokeMatchDecision(input: $input) { customers { customer360Id } } }';
    await ask(REVOKE, { input: { idempotencyKey: 'r', decisionId: pinned.decisionId } });
    expect(await customerOf('service/C1')).not.toBe(bo);
  });

  it('never matches what a person has forbidden', async () => {
    const FORBID =
      'mutation ($input: ForbidMatchInput!) { forbidMatch(input: $input) { decisionId customers { customer360Id } } }';
    const input = {
      idempotencyKey: 'f',
      left: RECORD('commerce/A1'),
      right: RECORD('service/C1'),
      reason: 'mother and daughter',
    };
    const { forbidMatch } = await ask(FORBID, { input });
    expect(forbidMatch.customers).toHaveLength(2);
    await resolver.resolve({ changed: ADA, deleted: [], reconsider: true, lease });
    expect(await customerOf('service/C1')).not.toBe(await customerOf('commerce/A1'));
    const { explainMatch } = await ask(EXPLAIN, { left: input.left, right: input.right });
    expect(explainMatch).toMatchObject({ isSameCustomer: false, verdict: 'DECIDED_NOT_SAME', chain: [] });
    const twice = { ...input, idempotencyKey: 'g', right: input.left };
    await expect(ask(FORBID, { input: twice })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  it('explains any two records, to whom it may concern', async () => {
    const pair = { left: RECORD('commerce/A1'), right: RECORD('service/C1') };
    const { explainMatch } = await ask(EXPLAIN, pair);
    expect(explainMatch.isSameCustomer).toBe(true);
    expect(explainMatch.bits).toBeGreaterThan(explainMatch.threshold);
    const sum = explainMatch.contributions.reduce((total: number, { bits }: { bits: number }) => total + bits, 0);
    expect(sum).toBeCloseTo(explainMatch.bits, 3);
    expect(explainMatch.chain).toHaveLength(1);
    expect(explainMatch.waterfall).toContain('ada@example.org');
    const masked = (await ask(EXPLAIN, pair, APP)).explainMatch;
    expect(JSON.stringify(masked)).not.toMatch(/lovelace|ada@example|1985/i);
    expect(masked.contributions.map(({ bits }: { bits: number }) => bits)).toEqual(
      explainMatch.contributions.map(({ bits }: { bits: number }) => bits),
    );
    const apart = (await ask(EXPLAIN, { ...pair, right: RECORD('commerce/A2') })).explainMatch;
    expect(apart).toMatchObject({ isSameCustomer: false, chain: [] });
    expect((await ask(EXPLAIN, { ...pair, right: RECORD('commerce/none') })).explainMatch).toBeNull();
  });

  it('answers for an earlier time', async () => {
    const [ada, bo] = [await customerOf('commerce/A1'), await customerOf('commerce/A2')];
    const at = new Date(clock()).toISOString();
    const before = await look(ada);
    await ask(MERGE, { input: { idempotencyKey: 'm', customer360Id: bo, otherCustomer360Id: ada } });
    const query = `query ($id: Customer360Id!, $at: DateTime) { customer(customer360Id: $id, asOf: $at) { ${LINKS} } }`;
    expect((await ask(query, { id: ada, at })).customer).toEqual(before);
    expect((await ask(query, { id: ada, at: '2020-01-01T00:00:00.000Z' })).customer).toBeNull();
    await expect(ask(query, { id: ada, at: '2099-01-01T00:00:00.000Z' })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });

  it('tells every change once, from wherever one goes on', async () => {
    const [ada, bo] = [await customerOf('commerce/A1'), await customerOf('commerce/A2')];
    const query = `subscription ($since: Cursor, $id: Customer360Id) { identityChanged(since: $since, customer360Id: $id) {
      cursor eventType customer360Id otherCustomer360Id mergeEventId by reason record { sourceRecordId } } }`;
    const follow = (variables: Record<string, unknown>) =>
      subscribeSubgraph(subgraph, { query, variables, principal: AGENT });
    // biome-ignore lint/suspicious/noExplicitAny: a test reads the parts that it has asked for
    const next = async (events: AsyncIterator<any>) => (await events.next()).value.data.identityChanged;
    const live = follow({ id: ada });
    const sent = store.statements.length;
    const first = next(live);
    // Without a cursor it starts where the log ends now: known when the statement after that question has been sent.
    while (store.statements.length < sent + 2) await new Promise(setImmediate);
    await ask(MERGE, { input: { idempotencyKey: 'm', customer360Id: bo, otherCustomer360Id: ada, reason: 'why' } });
    const merged = await first;
    expect(merged).toMatchObject({
      eventType: 'CUSTOMERS_MERGED',
      customer360Id: ada,
      otherCustomer360Id: bo,
      by: 'agent-7',
      reason: 'why',
    });
    await live.return?.();
    await ask(UNMERGE, { input: { idempotencyKey: 'u', mergeEventId: merged.mergeEventId } });
    const again = follow({ since: merged.cursor });
    const types = [];
    for (let count = 0; count < 4; count += 1) types.push((await next(again)).eventType);
    await again.return?.();
    expect(types).toEqual(['MATCH_DECIDED', 'MATCH_DECISION_REVOKED', 'CUSTOMERS_UNMERGED', 'MATCH_DECIDED']);
    const { value } = await follow({ since: 'nonsense' }).next();
    expect(value.errors[0].extensions.code).toBe('MALFORMED_ID');
    const history = `query ($id: Customer360Id!) { customer(customer360Id: $id) { identityEvents(first: 2) {
      edges { node { eventType } } pageInfo { hasNextPage endCursor } } } }`;
    const { identityEvents } = (await ask(history, { id: ada })).customer;
    expect(identityEvents.pageInfo.hasNextPage).toBe(true);
    expect(identityEvents.edges[0].node.eventType).toBe('CUSTOMERS_UNMERGED');
  });

  it('queues what is uncertain and learns what is decided', async () => {
    const near = [
      profile('service/D1', 'Gregor', 'Zimmerman', 'gregor@example.org', null),
      profile('service/D2', 'Gregor', 'Zimmermann', 'g.zimmermann@example.net', null),
    ];
    await resolver.resolve({ changed: near, deleted: [], lease });
    await resolver.tidy(lease);
    const [review] = await store.repository.reviews.list({ first: 10 });
    const isWaiting = review !== undefined;
    if (!isWaiting) {
      const at = new Date(clock()).toISOString();
      const pair = {
        left: { dataSourceId: 'service', sourceRecordId: 'D1' },
        right: { dataSourceId: 'service', sourceRecordId: 'D2' },
      };
      await store.repository.apply({
        operations: [
          { kind: 'review', review: { kind: 'UNCERTAIN', ...pair, bits: 1, expectedValue: 1, reasons: [] } },
        ],
        at,
      });
    }
    const QUEUE = `{ matchReviews(first: 1) { edges { cursor node { reviewId kind bits expectedValue
      left { sourceRecordId customer { customer360Id } } right { sourceRecordId } explanation { verdict } } } pageInfo { hasNextPage } } }`;
    const { node } = (await ask(QUEUE)).matchReviews.edges[0];
    expect([node.left.sourceRecordId, node.right.sourceRecordId]).toEqual(['D1', 'D2']);
    const DECIDE =
      'mutation ($input: DecideMatchReviewInput!) { decideMatchReview(input: $input) { decisionId customers { customer360Id } } }';
    const input = { idempotencyKey: 'd', reviewId: node.reviewId, isSamePerson: true };
    const { decideMatchReview } = await ask(DECIDE, { input });
    expect(decideMatchReview.customers).toHaveLength(1);
    await resolver.resolve({ changed: near, deleted: [], reconsider: true, lease });
    await resolver.tidy(lease);
    expect(await customerOf('service/D1')).toBe(await customerOf('service/D2'));
    expect((await ask(QUEUE)).matchReviews.edges).toEqual([]);
    await expect(ask(DECIDE, { input: { ...input, idempotencyKey: 'e' } })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('simulates rules without touching anything, puts them in effect in one step, and goes back in one call', async () => {
    const { document } = loadDefaultMatchRuleset();
    const strict = JSON.stringify({
      ...document,
      threshold: 40,
      rules: document.rules.filter(({ effect }) => effect !== 'ASSERT'),
    });
    const SIMULATE = `query ($draft: String!, $sample: Int) { simulateRuleset(draft: $draft, sampleSize: $sample) {
      recordCount customersBefore customersAfter merges splits affectedCount affectedCustomer360Ids
      largestClusters { size records { sourceRecordId } } examples { verdict waterfall } } }`;
    const ada = await customerOf('commerce/A1');
    const head = await store.repository.history.head();
    const { simulateRuleset } = await ask(SIMULATE, { draft: strict });
    expect(simulateRuleset).toMatchObject({
      recordCount: 4,
      customersBefore: 3,
      customersAfter: 4,
      merges: 0,
      splits: 1,
      affectedCustomer360Ids: [ada],
    });
    expect(simulateRuleset.examples).toHaveLength(1);
    expect((await ask(SIMULATE, { draft: strict, sample: 1 })).simulateRuleset.recordCount).toBeLessThan(4);
    expect(await store.repository.history.head()).toBe(head);
    await expect(ask(SIMULATE, { draft: '{}' })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    const ACTIVATE =
      'mutation ($input: ActivateRulesetInput!) { activateRuleset(input: $input) { ruleset { version isActive createdBy } } }';
    const activated = await ask(ACTIVATE, { input: { idempotencyKey: 'a', document: strict, reason: 'audit' } });
    expect(activated.activateRuleset.ruleset).toEqual({ version: 1, isActive: true, createdBy: 'agent-7' });
    expect(await customerOf('service/C1')).not.toBe(ada);
    const ROLL_BACK =
      'mutation ($input: RollBackRulesetInput!) { rollBackRuleset(input: $input) { ruleset { version } } }';
    expect((await ask(ROLL_BACK, { input: { idempotencyKey: 'b' } })).rollBackRuleset.ruleset.version).toBe(2);
    expect([await customerOf('commerce/A1'), await customerOf('service/C1')]).toEqual([ada, ada]);
    const versions = await ask(
      '{ identityResolutionRulesets(first: 1) { edges { cursor node { version reason } } pageInfo { hasNextPage } } activeIdentityResolutionRuleset { version warnings { code count } } }',
    );
    expect(versions.identityResolutionRulesets.edges[0].node.version).toBe(2);
    expect(versions.identityResolutionRulesets.pageInfo.hasNextPage).toBe(true);
    expect(versions.activeIdentityResolutionRuleset.version).toBe(2);
    expect(versions.activeIdentityResolutionRuleset.warnings).toEqual([{ code: 'SMALL_SAMPLE', count: 4 }]);
  });

  it('counts in a simulation what changes for customers, also where the sample tells less than all records did', async () => {
    const near = [
      profile('service/D1', 'Gregor', 'Zimmerman', 'gregor@example.org', null),
      profile('service/D2', 'Gregor', 'Zimmermann', 'g.zimmermann@example.net', null),
    ];
    await resolver.resolve({ changed: near, deleted: [], lease });
    const [survivor, merged] = [await customerOf('service/D1'), await customerOf('service/D2')];
    expect(survivor).not.toBe(merged);
    // Among more records the rules in effect have joined the two: among these they would not.
    await store.repository.apply({
      operations: [{ kind: 'merge', mergeEventId: newId(), survivor, merged, rule: 'MODEL' }],
      at: new Date(clock()).toISOString(),
    });
    const draft = JSON.stringify({ ...loadDefaultMatchRuleset().document, threshold: -20 });
    const SIMULATE = `query ($draft: String!) { simulateRuleset(draft: $draft) {
      customersBefore customersAfter merges splits affectedCount } }`;
    const { simulateRuleset } = await ask(SIMULATE, { draft });
    expect(simulateRuleset).toEqual({ customersBefore: 4, customersAfter: 4, merges: 0, splits: 0, affectedCount: 0 });
  });

  it('fits a model to the records and to what people have decided, as a version, and decides by it', async () => {
    const FIT = `mutation ($input: FitIdentityModelInput!) { fitIdentityModel(input: $input) {
      document { kind version isActive createdBy document } } }`;
    const first = (await ask(FIT, { input: { idempotencyKey: '1' } })).fitIdentityModel.document;
    expect(first).toMatchObject({ kind: 'MODEL', version: 1, isActive: true, createdBy: 'agent-7' });
    expect((await ask(FIT, { input: { idempotencyKey: '1' } })).fitIdentityModel.document).toEqual(first);
    const FORBID = 'mutation ($input: ForbidMatchInput!) { forbidMatch(input: $input) { decisionId } }';
    const pair = { left: RECORD('commerce/A1'), right: RECORD('service/C1') };
    await ask(FORBID, { input: { idempotencyKey: 'f', ...pair } });
    const second = (await ask(FIT, { input: { idempotencyKey: '2' } })).fitIdentityModel.document;
    expect(second.version).toBe(2);
    const [before, after] = [first, second].map(({ document }) => JSON.parse(document));
    expect(after.recordCount).toBe(4);
    // The same records: what differs was learnt from the decision.
    expect(after.fields).not.toEqual(before.fields);
    expect((await ask(EXPLAIN, pair)).explainMatch.modelVersion).toBe(after.version);
  });

  it('puts models and survivorship in effect as versions, and goes back', async () => {
    const ACTIVATE = `mutation ($input: ActivateIdentityDocumentInput!) { activateIdentityDocument(input: $input) {
      document { kind version isActive reason } } }`;
    const survivorship = readFileSync(join(__dirname, '../../subgraphs/identity/survivorship.json'), 'utf8');
    const activate = (idempotencyKey: string, kind: string, document: string) =>
      ask(ACTIVATE, { input: { idempotencyKey, kind, document, reason: 'new' } });
    const first = await activate('1', 'SURVIVORSHIP', survivorship);
    expect(first.activateIdentityDocument.document).toEqual({
      kind: 'SURVIVORSHIP',
      version: 1,
      isActive: true,
      reason: 'new',
    });
    await activate('2', 'SURVIVORSHIP', survivorship);
    const ROLL_BACK = `mutation ($input: RollBackIdentityDocumentInput!) { rollBackIdentityDocument(input: $input) {
      document { version } } }`;
    const back = await ask(ROLL_BACK, { input: { idempotencyKey: '3', kind: 'SURVIVORSHIP' } });
    expect(back.rollBackIdentityDocument.document.version).toBe(1);
    const model = { ...createDefaultModel(), version: 'model-by-hand', threshold: 39 };
    await activate('4', 'MODEL', JSON.stringify(model));
    const pair = { left: RECORD('commerce/A1'), right: RECORD('service/C1') };
    expect((await ask(EXPLAIN, pair)).explainMatch).toMatchObject({ modelVersion: 'model-by-hand', threshold: 39 });
    const VERSIONS = '{ identityDocuments(kind: SURVIVORSHIP) { edges { node { version isActive } } } }';
    const { edges } = (await ask(VERSIONS)).identityDocuments;
    expect(edges.map(({ node }: { node: object }) => node)).toEqual([
      { version: 2, isActive: false },
      { version: 1, isActive: true },
    ]);
    for (const [kind, document] of [
      ['MODEL', '{}'],
      ['SURVIVORSHIP', '{}'],
      ['MODEL', 'no'],
    ] as const) {
      await expect(activate(`bad ${kind} ${document}`, kind, document)).rejects.toMatchObject({
        code: 'BAD_USER_INPUT',
      });
    }
  });

  it('forgets a person, proves it, and raises an alarm when an identifier returns', async () => {
    const bo = await customerOf('commerce/A2');
    const ERASE = `mutation ($input: EraseCustomerInput!) { eraseCustomer(input: $input) { proof { isErased tombstoneCount erasedBy } } }`;
    const input = { idempotencyKey: 'x', customer360Id: bo };
    expect((await ask(ERASE, { input })).eraseCustomer.proof).toEqual({
      isErased: true,
      tombstoneCount: 1,
      erasedBy: 'agent-7',
    });
    expect((await ask(ERASE, { input })).eraseCustomer.proof.isErased).toBe(true);
    expect(await store.containsText('bo@example.net')).toBe(false);
    expect(await store.containsText('sanders')).toBe(false);
    expect((await look(bo)).identityLinks).toEqual([]);
    const pair = { left: RECORD('commerce/A2'), right: RECORD('commerce/A1') };
    expect((await ask(EXPLAIN, pair)).explainMatch).toBeNull();
    await resolver.resolve({ changed: BO, deleted: [], lease });
    expect(await customerOf('commerce/A2')).not.toBe(bo);
    const alarms = await ask(
      '{ erasureAlarms { edges { node { customer360Id identifierType record { sourceRecordId } } } } }',
    );
    expect(alarms.erasureAlarms.edges).toEqual([
      { node: { customer360Id: bo, identifierType: 'EMAIL', record: { sourceRecordId: 'A2' } } },
    ]);
    const proof = await ask(
      'query ($id: Customer360Id!) { erasureProof(customer360Id: $id) { isErased returnedIdentifierCount } }',
      { id: bo },
    );
    expect(proof.erasureProof).toEqual({ isErased: false, returnedIdentifierCount: 1 });
  });

  it('gives an erased id to nobody: neither by a merge nor by a pin', async () => {
    const [ada, bo] = [await customerOf('commerce/A1'), await customerOf('commerce/A2')];
    const ERASE = 'mutation ($input: EraseCustomerInput!) { eraseCustomer(input: $input) { proof { isErased } } }';
    await ask(ERASE, { input: { idempotencyKey: 'x', customer360Id: bo } });
    const merge = { idempotencyKey: 'm', customer360Id: ada, otherCustomer360Id: bo };
    await expect(ask(MERGE, { input: merge })).rejects.toMatchObject({ code: 'CONFLICT' });
    const PIN = 'mutation ($input: PinRecordInput!) { pinRecord(input: $input) { decisionId } }';
    const pin = { idempotencyKey: 'p', sourceRecord: RECORD('commerce/A1'), customer360Id: bo };
    await expect(ask(PIN, { input: pin })).rejects.toMatchObject({ code: 'CONFLICT' });
    // Erased by an alias the survivor would be gone with it.
    await ask(ERASE, { input: { idempotencyKey: 'y', customer360Id: bo } });
    expect(await customerOf('commerce/A1')).toBe(ada);
  });

  it('forgets a person whose clouds deleted them before, and leaves what is somebody else by now', async () => {
    const bo = await customerOf('commerce/A2');
    const PIN = 'mutation ($input: PinRecordInput!) { pinRecord(input: $input) { customer { customer360Id } } }';
    const pin = { idempotencyKey: 'p', sourceRecord: RECORD('commerce/A1'), customer360Id: bo, reason: 'Mrs Secret' };
    await ask(PIN, { input: pin });
    await ask(PIN, { input: { idempotencyKey: 'q', sourceRecord: RECORD('commerce/A1') } });
    const record = { dataSourceId: 'commerce', sourceRecordId: 'A2' };
    await resolver.resolve({ changed: [], deleted: [record], lease });
    const ERASE =
      'mutation ($input: EraseCustomerInput!) { eraseCustomer(input: $input) { proof { isErased logEntryCount } } }';
    const { eraseCustomer } = await ask(ERASE, { input: { idempotencyKey: 'x', customer360Id: bo } });
    expect(eraseCustomer.proof).toEqual({ isErased: true, logEntryCount: 0 });
    const log = JSON.stringify(await store.repository.events(0, 1_000));
    expect(log).not.toContain('"sourceRecordId":"A2"');
    expect(log).toContain('"sourceRecordId":"A1"');
    expect(await customerOf('commerce/A1')).not.toBe(bo);
  });

  it('refuses a zero character, which the stores do not take, wherever it is given', async () => {
    const bad = { dataSourceId: 'commerce', sourceRecordId: 'A\u0000' };
    const cursor = Buffer.from(JSON.stringify(['reviews', 1, 'a\u0000'])).toString('base64url');
    for (const [query, variables, code] of [
      [
        'query ($bad: SourceRecordInput!) { customerBy(by: { sourceRecord: $bad }) { customer360Id } }',
        { bad },
        'BAD_USER_INPUT',
      ],
      [
        'query ($bad: SourceRecordInput!) { matchDecisions(record: $bad) { edges { cursor } } }',
        { bad },
        'BAD_USER_INPUT',
      ],
      ['query ($id: ID!) { mergeEvent(mergeEventId: $id) { rule } }', { id: '\u0000' }, 'BAD_USER_INPUT'],
      ['query ($cursor: String!) { matchReviews(after: $cursor) { edges { cursor } } }', { cursor }, 'MALFORMED_ID'],
    ] as const) {
      await expect(ask(query, variables)).rejects.toMatchObject({ code });
    }
  });
});
