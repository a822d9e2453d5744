import { pairsBetween } from '../../subgraphs/identity/store/decision.ts';
import { redactedRecordId, tombstoneDigest } from '../../subgraphs/identity/store/erasure.ts';
import {
  type ChangeSet,
  IdentityConflict,
  type IdentityOperation,
  type IdentityRepository,
} from '../../subgraphs/identity/store/repository.ts';
import { reviewIdOf } from '../../subgraphs/identity/store/review.ts';
import { IDENTITY_STORES, type OpenIdentityStore } from './identity-stores.ts';

const AT = '2026-03-01T10:00:00.000Z';
const LATER = '2026-03-02T10:00:00.000Z';
const customer = (number: number): string => `c360_${String(number).padStart(26, '0')}`;
const key = (sourceRecordId: string) => ({ dataSourceId: 'commerce', sourceRecordId });
const create = (number: number): IdentityOperation => ({ kind: 'create', customer360Id: customer(number) });
const link = (id: string, number: number, email = `${id}@example.org`.toLowerCase()): IdentityOperation => ({
  kind: 'link',
  record: {
    ...key(id),
    dataSourceObjectId: 'account',
    identifiers: [{ identifierType: 'EMAIL', normalizedValue: email }],
    givenNameHash: null,
  },
  customer360Id: customer(number),
  rule: 'MODEL',
  bits: 12.5,
  features: JSON.stringify({ ...key(id), given: [`secret-name-of-${id}`] }),
});

describe.each(IDENTITY_STORES)('what people decide, kept on $name', (kind) => {
  let store: OpenIdentityStore;
  let repository: IdentityRepository;

  beforeAll(async () => {
    store = await kind.open();
    repository = store.repository;
    await store.demolish();
    await repository.prepare();
  });
  beforeEach(async () => {
    await store.empty();
    await repository.prepare();
    await apply([create(1), create(2), link('A', 1), link('B', 1), link('C', 2)]);
  });
  afterAll(() => store?.close());

  const apply = (operations: readonly IdentityOperation[], rest: Partial<ChangeSet> = {}) =>
    repository.apply({ operations, at: AT, ...rest });

  it('keeps decisions with who, when and why, in order, until they are taken back', async () => {
    const apart = pairsBetween('NOT_SAME', [key('A'), key('B')], [key('C')]);
    const author = { by: 'agent-7', reason: 'two people of one name' };
    await apply([{ kind: 'decide', decision: { decisionId: 'd1', origin: 'UNMERGE', verdicts: apart } }], { author });
    const pin = { kind: 'PIN', record: key('C'), customer360Id: customer(2) } as const;
    await apply([{ kind: 'decide', decision: { decisionId: 'd2', origin: 'PIN', verdicts: [pin] } }], { author });
    const same = pairsBetween('SAME', [key('B')], [key('A')]);
    await apply([{ kind: 'decide', decision: { decisionId: 'd3', origin: 'REVIEW', verdicts: same } }]);
    const all = await repository.decisions.list({ first: 100 });
    expect(all.map(({ decisionId, verdict }) => `${decisionId} ${verdict.kind}`)).toEqual([
      'd1 NOT_SAME',
      'd1 NOT_SAME',
      'd2 PIN',
      'd3 SAME',
    ]);
    expect(all[2]).toEqual({
      decisionId: 'd2',
      origin: 'PIN',
      verdict: pin,
      decidedAt: AT,
      decidedBy: 'agent-7',
      reason: 'two people of one name',
    });
    const pages = [];
    for (let after: string | undefined; ; ) {
      const [one] = await repository.decisions.list({ first: 1, ...(after === undefined ? {} : { after }) });
      if (!one) break;
      pages.push(one);
      const ends =
        one.verdict.kind === 'PIN'
          ? ['commerce|C', customer(2)]
          : [one.verdict.left, one.verdict.right].map((end) => `commerce|${end.sourceRecordId}`);
      after = [one.decisionId, ...ends].join(' ');
    }
    expect(pages).toEqual(all);
    expect((await repository.decisions.about([key('C')])).map(({ decisionId }) => decisionId)).toEqual([
      'd1',
      'd1',
      'd2',
    ]);
    await apply([{ kind: 'revoke', decisionId: 'd1' }], { author });
    expect((await repository.decisions.list({ first: 100 })).map(({ decisionId }) => decisionId)).toEqual(['d2', 'd3']);
    const events = (await repository.events(0, 100)).slice(-4);
    expect(events.map(({ type, key: of }) => `${type} ${of}`)).toEqual([
      'MatchDecided d1',
      'MatchDecided d2',
      'MatchDecided d3',
      'MatchDecisionRevoked d1',
    ]);
    expect(events[3]?.payload).toMatchObject({
      by: 'agent-7',
      origin: 'UNMERGE',
      verdicts: [{ kind: 'NOT_SAME' }, { kind: 'NOT_SAME' }],
    });
  });

  it('refuses decisions about records and customers that are not there, and revoking twice', async () => {
    const decide = (verdicts: ReturnType<typeof pairsBetween>): IdentityOperation => ({
      kind: 'decide',
      decision: { decisionId: 'd9', origin: 'NEVER_MATCH', verdicts },
    });
    await expect(apply([decide(pairsBetween('SAME', [key('A')], [key('nobody')]))])).rejects.toThrow(IdentityConflict);
    const pin = [{ kind: 'PIN', record: key('A'), customer360Id: customer(9) }] as const;
    await expect(apply([decide([...pin])])).rejects.toThrow(IdentityConflict);
    await expect(apply([{ kind: 'revoke', decisionId: 'd9' }])).rejects.toThrow(IdentityConflict);
  });

  it('forgets decisions, reviews and features with the record', async () => {
    await apply([
      {
        kind: 'decide',
        decision: {
          decisionId: 'd1',
          origin: 'NEVER_MATCH',
          verdicts: pairsBetween('NOT_SAME', [key('A')], [key('C')]),
        },
      },
      {
        kind: 'review',
        review: { kind: 'UNCERTAIN', left: key('A'), right: key('B'), bits: 3, expectedValue: 1, reasons: [] },
      },
    ]);
    await apply([{ kind: 'unlink', record: key('A') }]);
    expect(await repository.decisions.list({ first: 10 })).toEqual([]);
    expect(await repository.reviews.list({ first: 10 })).toEqual([]);
    expect(await store.containsText('secret-name-of-A')).toBe(false);
    expect([...(await repository.featuresOf([key('A'), key('B')])).keys()]).toEqual(['commerce|B']);
  });

  it('gives features in pages and replaces them', async () => {
    await apply([{ ...link('B', 1), kind: 'link', features: '{"new":true}' } as IdentityOperation]);
    const found = new Map<string, string>();
    for (let after: string | null = null; ; ) {
      const page: Awaited<ReturnType<IdentityRepository['listFeatures']>> = await repository.listFeatures({
        after,
        first: 2,
      });
      for (const { record, features } of page.rows) found.set(record.sourceRecordId, features);
      if (page.next === null) break;
      after = page.next;
    }
    expect([...found.keys()].sort()).toEqual(['A', 'B', 'C']);
    expect(found.get('B')).toBe('{"new":true}');
  });

  it('puts pairs into a queue by what they are worth, once, and leaves out what was decided', async () => {
    const review = (left: string, right: string, expectedValue: number): IdentityOperation => ({
      kind: 'review',
      review: { kind: 'UNCERTAIN', left: key(left), right: key(right), bits: null, expectedValue, reasons: ['GUARD'] },
    });
    const closed = reviewIdOf(key('A'), key('B'));
    await apply([
      {
        kind: 'decide',
        decision: { decisionId: 'd1', origin: 'REVIEW', verdicts: pairsBetween('SAME', [key('A')], [key('B')]) },
      },
    ]);
    await apply([review('A', 'C', 2), review('C', 'B', 5), review('B', 'A', 9), review('A', 'gone', 9)]);
    await apply([review('C', 'A', 7)], { at: LATER });
    const queue = await repository.reviews.list({ first: 10 });
    expect(
      queue.map(({ left, right, expectedValue }) => `${left.sourceRecordId}${right.sourceRecordId} ${expectedValue}`),
    ).toEqual(['AC 7', 'BC 5']);
    expect(queue[0]).toMatchObject({ createdAt: AT, reasons: ['GUARD'], bits: null, kind: 'UNCERTAIN' });
    const [first] = queue;
    expect(await repository.reviews.list({ first: 10, ...(first && { after: first }) })).toEqual(queue.slice(1));
    await apply([{ kind: 'closeReviews', reviewIds: [closed, first?.reviewId ?? ''] }]);
    expect(await repository.reviews.find(first?.reviewId ?? '')).toBeNull();
    expect((await repository.reviews.list({ first: 10 })).length).toBe(1);
  });

  it('keeps documents in versions of which one is in effect', async () => {
    const author = { by: 'admin', reason: 'stricter' };
    expect(await repository.documents.active('RULESET')).toBeNull();
    await apply([{ kind: 'activate', documentKind: 'RULESET', text: '{"v":1}' }], { author });
    await apply([
      { kind: 'activate', documentKind: 'RULESET', text: '{"v":2}' },
      { kind: 'activate', documentKind: 'MODEL', text: '{}' },
    ]);
    expect(await repository.documents.active('RULESET')).toMatchObject({ version: 2, text: '{"v":2}', isActive: true });
    await apply([{ kind: 'reactivate', documentKind: 'RULESET', version: 1 }]);
    expect(await repository.documents.active('RULESET')).toEqual({
      kind: 'RULESET',
      version: 1,
      text: '{"v":1}',
      createdAt: AT,
      createdBy: 'admin',
      reason: 'stricter',
      isActive: true,
    });
    const versions = await repository.documents.list('RULESET', { first: 10 });
    expect(versions.map(({ version, isActive }) => [version, isActive])).toEqual([
      [2, false],
      [1, true],
    ]);
    expect(await repository.documents.list('RULESET', { first: 10, before: 2 })).toEqual(versions.slice(1));
    expect(await repository.documents.version('RULESET', 2)).toEqual(versions[0]);
    await expect(apply([{ kind: 'reactivate', documentKind: 'RULESET', version: 3 }])).rejects.toThrow(
      IdentityConflict,
    );
  });

  it('moves people between households and follows merges', async () => {
    await apply([create(3), { kind: 'household', householdId: 'hh_1', customer360Ids: [customer(1), customer(2)] }]);
    await apply([{ kind: 'household', householdId: 'hh_2', customer360Ids: [customer(2), customer(3)] }]);
    const households = await repository.households.byIds(['hh_1', 'hh_2', 'hh_3']);
    expect([...households.values()].map(({ customer360Ids }) => customer360Ids)).toEqual([
      [customer(1)],
      [customer(2), customer(3)],
    ]);
    await apply([{ kind: 'merge', mergeEventId: 'm1', survivor: customer(1), merged: customer(3), rule: 'MODEL' }]);
    const of = await repository.households.ofCustomers([customer(3), customer(2)]);
    expect(of.get(customer(2))?.customer360Ids).toEqual([customer(1), customer(2)]);
    expect(of.get(customer(3))?.householdId).toBe('hh_1');
  });

  it('makes a change once for each key of a principal, and tells the first result again', async () => {
    const claim = { subject: 'agent-7', key: 'k1', operation: 'merge', digest: 'abc', result: { mergeEventId: 'm1' } };
    const merge: IdentityOperation = {
      kind: 'merge',
      mergeEventId: 'm1',
      survivor: customer(1),
      merged: customer(2),
      rule: 'MANUAL',
    };
    const first = await apply([merge], { idempotency: claim });
    expect(first.earlier).toBeUndefined();
    const second = await apply([{ ...merge, mergeEventId: 'm2' }], {
      idempotency: { ...claim, result: { mergeEventId: 'm2' } },
    });
    expect(second).toEqual({
      head: first.head,
      earlier: { operation: 'merge', digest: 'abc', result: { mergeEventId: 'm1' } },
    });
    expect(await repository.earlierUse('agent-7', 'k1')).toEqual(second.earlier);
    expect(await repository.earlierUse('agent-8', 'k1')).toBeNull();
  });

  it('refuses a change that was decided before the log moved on', async () => {
    const head = await repository.history.head();
    await apply([create(5)], { basedOn: head });
    await expect(apply([create(6)], { basedOn: head })).rejects.toThrow(IdentityConflict);
    expect(await repository.history.head()).toBe(head + 1);
  });

  describe('erasure', () => {
    const erase = async (): Promise<void> => {
      const hashKey = await repository.hashKey();
      const tombstones = ['a@example.org', 'b@example.org'].map((normalizedValue) => ({
        digest: tombstoneDigest(hashKey, { identifierType: 'EMAIL', normalizedValue }),
        identifierType: 'EMAIL' as const,
      }));
      await apply(
        [
          { kind: 'unlink', record: key('A') },
          { kind: 'unlink', record: key('B') },
          { kind: 'erase', customer360Id: customer(1), records: [key('A'), key('B')], tombstones },
        ],
        { author: { by: 'privacy-officer', reason: 'request 17' }, at: LATER },
      );
    };

    it('leaves nothing of the person but tombstones, in the store and in the log, and proves it', async () => {
      const verdicts = pairsBetween('NOT_SAME', [key('A')], [key('C')]);
      const author = { by: 'agent-7', reason: 'Mrs Secret said so' };
      await apply([{ kind: 'decide', decision: { decisionId: 'd1', origin: 'NEVER_MATCH', verdicts } }], { author });
      await erase();
      for (const text of ['a@example.org', 'b@example.org', 'secret-name-of-A', 'secret-name-of-B']) {
        expect(await store.containsText(text)).toBe(false);
      }
      const log = JSON.stringify(await repository.events(0, 100));
      expect(log).not.toMatch(/"sourceRecordId":"[AB]"|Mrs Secret/);
      expect(log).toContain(redactedRecordId(await repository.hashKey(), key('A')));
      expect(log).toContain('"sourceRecordId":"C"');
      expect(await repository.erasure.proof(customer(1))).toEqual({
        customer360Id: customer(1),
        erasedAt: LATER,
        erasedBy: 'privacy-officer',
        tombstones: 2,
        recordsLinked: 0,
        matchFeatures: 0,
        logEntriesNamingRecords: 0,
        decisionsAndReviews: 0,
        identifiersReturned: 0,
      });
      expect(await repository.erasure.proof(customer(2))).toBeNull();
      expect((await repository.history.customerAt(customer(1), AT))?.records).toEqual([]);
    });

    it('raises an alarm when an erased identifier returns, once for each time it does', async () => {
      await erase();
      await apply([create(7), link('Z', 7, 'a@example.org'), link('Y', 7)], { at: LATER });
      await apply([link('Z', 7, 'a@example.org')], { at: LATER });
      expect(await repository.erasure.alarms({ first: 10 })).toEqual([
        {
          sequence: expect.any(Number),
          customer360Id: customer(1),
          identifierType: 'EMAIL',
          record: key('Z'),
          raisedAt: LATER,
        },
      ]);
      expect((await repository.erasure.proof(customer(1)))?.identifiersReturned).toBe(1);
    });

    it('is refused when the customer has records that were not named', async () => {
      const operations: IdentityOperation[] = [
        { kind: 'unlink', record: key('A') },
        { kind: 'erase', customer360Id: customer(1), records: [key('A')], tombstones: [] },
      ];
      await expect(apply(operations)).rejects.toThrow(IdentityConflict);
      expect((await repository.customersByIds([customer(1)])).get(customer(1))?.records).toHaveLength(2);
    });
  });
});
