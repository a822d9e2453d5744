import fc from 'fast-check';
import { RecordEncoder } from '../../subgraphs/identity/resolution/block/encoder.ts';
import { createResolutionEngine } from '../../subgraphs/identity/resolution/create-engine.ts';
import type { ResolutionEngine } from '../../subgraphs/identity/resolution/engine.ts';
import type { MatchRecord } from '../../subgraphs/identity/resolution/match-record.ts';
import {
  createMatchRuleset,
  loadDefaultMatchRuleset,
} from '../../subgraphs/identity/resolution/rules/match-ruleset.ts';
import { createDefaultModel } from '../../subgraphs/identity/resolution/score/default-model.ts';
import { newEngine, partition, readSet } from '../support/resolution-sets.ts';

const LIMIT = 3;
const key = ({ dataSourceId, sourceRecordId }: MatchRecord): string => `${dataSourceId}|${sourceRecordId}`;

/** An engine whose identifiers say nothing when more than three records carry them. */
function strictEngine(): ResolutionEngine {
  const { document } = loadDefaultMatchRuleset();
  const identifierTypes = Object.fromEntries(
    Object.entries(document.identifierTypes).map(([type, rule]) => [type, { ...rule, limit: LIMIT }]),
  );
  return createResolutionEngine({
    ruleset: createMatchRuleset({ ...document, identifierTypes }),
    model: createDefaultModel(),
  });
}

const values = (options: readonly string[]) => fc.uniqueArray(fc.constantFrom(...options), { maxLength: 2 });
const records = fc
  .array(
    fc.record({
      emails: values(['sunnyfox4711@mail.com', 'kestrel-77@post.org', 'blue.whale@web.net']),
      phones: values(['+12175550142', '+13125550177']),
      socials: values(['instagram|sunnyfox4711', 'x|kestrel77']),
      given: fc.constantFrom<readonly string[]>([], [], [], ['gerald'], ['marian']),
    }),
    { minLength: 2, maxLength: 12 },
  )
  .map((list) =>
    list.map(
      ({ emails, phones, socials, given }, index): MatchRecord => ({
        dataSourceId: 'crm',
        sourceRecordId: String(index).padStart(2, '0'),
        ...(emails.length > 0 && { emails }),
        ...(phones.length > 0 && { phones }),
        ...(socials.length > 0 && { socials }),
        ...(given.length > 0 && { given, family: ['whitaker'] }),
      }),
    ),
  );

describe('records without names that cross the limit of an identifier', () => {
  const crowd = (count: number, rest: Partial<MatchRecord>): MatchRecord[] =>
    Array.from({ length: count }, (_, index) => ({ dataSourceId: 'crm', sourceRecordId: `n${index}`, ...rest }));

  it.each([
    ['an e-mail address', { emails: ['sunnyfox4711@mail.com'] }],
    ['an account', { socials: ['instagram|sunnyfox4711'] }],
    ['an official number', { identifications: ['LOYALTY||4711471147'] }],
  ])('are parted again one by one, as in bulk: %s', (_name, rest) => {
    const engine = strictEngine();
    const all = crowd(LIMIT + 1, rest);
    for (const record of all.slice(0, LIMIT)) engine.upsert(record);
    expect(engine.clusterOf('crm|n0')?.records).toHaveLength(LIMIT);
    engine.upsert(all[LIMIT] as MatchRecord);
    expect(engine.clusterOf('crm|n0')?.records).toHaveLength(1);
    expect(engine.remove('crm|n1')).toBe(true);
    expect(engine.clusterOf('crm|n0')?.records).toHaveLength(LIMIT);
  });

  it('come to the same people in any order, in batches and in bulk, also when some go', () => {
    fc.assert(
      fc.property(
        records,
        fc.infiniteStream(fc.nat()),
        fc.integer({ min: 1, max: 5 }),
        fc.uniqueArray(fc.nat(11), { maxLength: 4 }),
        (list, random, size, gone) => {
          const staying = list.filter((_, index) => !gone.includes(index));
          const bulk = strictEngine();
          bulk.load(staying);
          const expected = partition(bulk);
          const shuffled = list
            .map((record) => ({ record, at: random.next().value as number }))
            .sort((a, b) => a.at - b.at)
            .map(({ record }) => record);
          const oneByOne = strictEngine();
          for (const record of shuffled) oneByOne.upsert(record);
          const batched = strictEngine();
          for (let at = 0; at < shuffled.length; at += size) batched.upsertAll(shuffled.slice(at, at + size));
          for (const index of gone) {
            const record = list[index];
            if (record) for (const engine of [oneByOne, batched]) engine.remove(key(record));
          }
          expect(partition(oneByOne)).toBe(expected);
          expect(partition(batched)).toBe(expected);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('many at once', () => {
  it('come to what they come to one by one, also when some are replaced in the same batch', () => {
    const set = readSet('crosscloud-sample').slice(0, 600);
    const one = newEngine();
    for (const record of set) one.upsert(record);
    const many = newEngine();
    many.upsertAll(set.slice(0, 300).map((record) => ({ ...record, given: ['somebody'] })));
    many.upsertAll([...set.slice(0, 10).map((record) => ({ ...record, family: ['else'] })), ...set]);
    expect(partition(many)).toBe(partition(one));
    expect(many.size).toBe(one.size);
  });
});

describe('one by one', () => {
  it('come to what they come to in bulk, though the first ones were decided about when hardly any others were known', () => {
    const set = readSet('crosscloud-sample');
    const bulk = newEngine();
    bulk.load(set);
    const one = newEngine();
    for (const record of set) one.upsert(record);
    const expected = new Set(partition(bulk).split('\n'));
    expect(
      partition(one)
        .split('\n')
        .filter((cluster) => !expected.has(cluster)),
    ).toHaveLength(0);
  });
});

describe('what the rules say of kinds of identifiers', () => {
  const engineWith = (types: Record<string, object>): ResolutionEngine => {
    const { document } = loadDefaultMatchRuleset();
    const identifierTypes = Object.fromEntries(
      Object.entries(document.identifierTypes).map(([type, rule]) => [type, { ...rule, ...types[type] }]),
    );
    return createResolutionEngine({
      ruleset: createMatchRuleset({ ...document, identifierTypes }),
      model: createDefaultModel(),
    });
  };
  const ada: Partial<MatchRecord> = {
    given: ['ada'],
    family: ['lovelace'],
    birthDate: { year: 1985, month: 12, day: 10 },
    emails: ['ada@example.org'],
    phones: ['+494211234567'],
  };
  const ruleOf = (engine: ResolutionEngine, one: Partial<MatchRecord>, other: Partial<MatchRecord>) => {
    engine.load([
      { dataSourceId: 'crm', sourceRecordId: '1', ...one },
      { dataSourceId: 'crm', sourceRecordId: '2', ...other },
    ]);
    return engine.explain('crm|1', 'crm|2')?.rule?.name;
  };

  it('names a link by the kind of the lowest priority', () => {
    expect(ruleOf(engineWith({}), ada, ada)).toBe('SAME_NAME_BIRTH_DATE_EMAIL');
    expect(ruleOf(engineWith({ PHONE: { priority: 1 } }), ada, ada)).toBe('SAME_NAME_BIRTH_DATE_PHONE');
  });

  it('lets nobody be joined by what nobody has proved', () => {
    expect(ruleOf(engineWith({ EMAIL: { verified: false } }), ada, ada)).toBe('SAME_NAME_BIRTH_DATE_PHONE');
    const types = { EMAIL: { verified: false }, PHONE: { verified: false } };
    expect(ruleOf(engineWith(types), ada, ada)).toBeUndefined();
    const [one, other] = ['LOYALTY||4711471147', 'LOYALTY||8822882288'].map((id) => ({
      ...ada,
      identifications: [id],
    }));
    expect(ruleOf(engineWith({}), one ?? {}, other ?? {})).toBe('UNIQUE_IDENTIFICATION_DIFFERS');
    const unverified = { 'PARTY_IDENTIFICATION:LOYALTY': { verified: false } };
    expect(ruleOf(engineWith(unverified), one ?? {}, other ?? {})).toBe('SAME_NAME_BIRTH_DATE_EMAIL');
  });

  it('takes an account that the rules block for none', () => {
    const account = { socials: ['instagram|nobody'] };
    const blocked = { SOCIAL: { blocked: { exact: ['instagram|nobody'], patterns: [] } } };
    const engine = engineWith(blocked);
    expect(ruleOf(engine, account, account)).toBeUndefined();
    expect(engine.clusterOf('crm|1')?.records).toHaveLength(1);
  });
});

describe('loading in pieces', () => {
  const set = readSet('crosscloud-sample').slice(0, 360);

  it('comes to the same model and people, also with records that another thread has numbered', () => {
    const whole = newEngine();
    whole.load(set, { fit: true });
    const pieces = newEngine();
    const loading = pieces.loading();
    loading.add(set.slice(0, 150));
    loading.add(set.slice(150));
    let steps = 0;
    for (const _ of loading.finish({ fit: true })) steps += 1;
    // Whoever is served meanwhile has a turn between steps.
    expect(steps).toBeGreaterThan(50);
    const encoder = new RecordEncoder();
    const numbered = newEngine();
    const encoded = numbered.loading();
    for (const part of [set.slice(0, 150), set.slice(150, 151), set.slice(151)])
      encoded.addEncoded(structuredClone(encoder.encode(part)));
    for (const _ of encoded.finish({ fit: true }));
    for (const engine of [pieces, numbered]) {
      expect(engine.model).toEqual(whole.model);
      expect(partition(engine)).toBe(partition(whole));
    }
    const [first] = set;
    numbered.upsert({ ...(first as MatchRecord), sourceRecordId: 'twin' });
    whole.upsert({ ...(first as MatchRecord), sourceRecordId: 'twin' });
    expect(partition(numbered)).toBe(partition(whole));
  });
});
