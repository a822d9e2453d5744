import fc from 'fast-check';
import { CLOUDS } from '../../schema/clouds.ts';
import { type Candidate, type OrderingRule, rankCandidates } from '../../subgraphs/identity/survivorship.ts';
import {
  createSurvivorship,
  loadSurvivorship,
  RECONCILED_FIELDS,
  SurvivorshipInvalid,
} from '../../subgraphs/identity/survivorship-document.ts';

const SOURCES = ['service', 'commerce', 'marketing'];
const RULES: readonly OrderingRule[] = ['MOST_RECENT', 'MOST_FREQUENT', 'SOURCE_PRIORITY'];

interface Given {
  readonly text: string;
  readonly from?: string;
  readonly changedAt?: number;
  readonly isPlaceholder?: boolean;
}

function candidate({ text, from = 'commerce/1', changedAt = 0, isPlaceholder = false }: Given): Candidate {
  const [dataSourceId = '', sourceRecordId = ''] = from.split('/');
  return {
    text,
    normalForm: text.toLowerCase(),
    isPlaceholder,
    isWhole: true,
    isWellWritten: text !== text.toLowerCase() && text !== text.toUpperCase(),
    origin: {
      source: { dataSourceId, dataSourceObjectId: 'record', sourceRecordId },
      lastModifiedDate: null,
      changedAt,
    },
    position: 0,
  };
}

function outcome(rule: OrderingRule, given: readonly Given[]): string[] {
  const ranking = rankCandidates(given.map(candidate), { rule, sources: SOURCES });
  return ranking.groups.flat().map((one) => `${one.text} ${ranking.reasonOf(one) ?? 'WINS_OR_AGREES'}`);
}

describe('a rule of survivorship', () => {
  it.each<[OrderingRule, string, Given[], string[]]>([
    [
      'MOST_RECENT',
      'takes the record changed last',
      [
        { text: 'Meier', from: 'commerce/1', changedAt: 10 },
        { text: 'Schulz', from: 'marketing/1', changedAt: 20 },
      ],
      ['Schulz WINS_OR_AGREES', 'Meier OLDER'],
    ],
    [
      'MOST_RECENT',
      'takes the more trusted source of two changed at once',
      [
        { text: 'Meier', from: 'marketing/1', changedAt: 10 },
        { text: 'Schulz', from: 'service/1', changedAt: 10 },
      ],
      ['Schulz WINS_OR_AGREES', 'Meier LOWER_PRIORITY'],
    ],
    [
      'MOST_RECENT',
      'takes a record without a date last',
      [
        { text: 'Meier', from: 'service/1', changedAt: Number.NEGATIVE_INFINITY },
        { text: 'Schulz', from: 'marketing/1', changedAt: 1 },
      ],
      ['Schulz WINS_OR_AGREES', 'Meier OLDER'],
    ],
    [
      'MOST_FREQUENT',
      'counts records, whatever their case',
      [
        { text: 'Bob', from: 'service/1', changedAt: 30 },
        { text: 'ROBERT', from: 'commerce/1', changedAt: 10 },
        { text: 'Robert', from: 'marketing/1', changedAt: 5 },
      ],
      ['Robert WINS_OR_AGREES', 'ROBERT WINS_OR_AGREES', 'Bob LESS_FREQUENT'],
    ],
    [
      'MOST_FREQUENT',
      'takes the more recent of two equally frequent',
      [
        { text: 'Bob', from: 'service/1', changedAt: 10 },
        { text: 'Robert', from: 'commerce/1', changedAt: 30 },
      ],
      ['Robert WINS_OR_AGREES', 'Bob OLDER'],
    ],
    [
      'SOURCE_PRIORITY',
      'takes the first source that has a value',
      [
        { text: 'Anna', from: 'marketing/1', changedAt: 30 },
        { text: 'Anne', from: 'commerce/1', changedAt: 10 },
      ],
      ['Anne WINS_OR_AGREES', 'Anna LOWER_PRIORITY'],
    ],
    [
      'SOURCE_PRIORITY',
      'puts a source that nobody ranked last',
      [
        { text: 'Anna', from: 'billing/1', changedAt: 30 },
        { text: 'Anne', from: 'marketing/1', changedAt: 10 },
      ],
      ['Anne WINS_OR_AGREES', 'Anna LOWER_PRIORITY'],
    ],
    [
      'MOST_RECENT',
      'lets a placeholder lose to anything',
      [
        { text: 'unknown', from: 'service/1', changedAt: 99, isPlaceholder: true },
        { text: 'Anne', from: 'marketing/1', changedAt: 1 },
      ],
      ['Anne WINS_OR_AGREES', 'unknown PLACEHOLDER'],
    ],
  ])('%s %s', (rule, _what, given, expected) => {
    expect(outcome(rule, given)).toEqual(expected);
    expect(outcome(rule, [...given].reverse())).toEqual(expected);
  });
});

describe('whatever the records say', () => {
  const record = fc.tuple(
    fc.constantFrom('service', 'commerce', 'marketing', 'billing'),
    fc.integer({ min: 0, max: 3 }),
  );
  const candidates = fc
    .uniqueArray(
      fc.record({
        text: fc.constantFrom('Anna', 'ANNA', 'anna', 'Anne', 'Bo', 'unknown'),
        from: record.map(([source, key]) => `${source}/${key}`),
        changedAt: fc.constantFrom(Number.NEGATIVE_INFINITY, 1, 2, 3),
      }),
      { selector: ({ from }) => from, maxLength: 8 },
    )
    .map((all) => all.map((given) => candidate({ ...given, isPlaceholder: given.text === 'unknown' })));
  const rules = fc.constantFrom(...RULES);

  it('the order does not depend on the order of the records', () => {
    fc.assert(
      fc.property(
        candidates,
        rules,
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        (all, rule, random) => {
          const shuffled = all
            .map((one) => ({ one, at: random.next().value ?? 0 }))
            .sort((one, other) => one.at - other.at)
            .map(({ one }) => one);
          const sources = SOURCES;
          expect(rankCandidates(shuffled, { rule, sources }).groups).toEqual(
            rankCandidates(all, { rule, sources }).groups,
          );
        },
      ),
    );
  });

  it('each candidate is in exactly one group, and only those of the first have no reason to lose', () => {
    fc.assert(
      fc.property(candidates, rules, (all, rule) => {
        const ranking = rankCandidates(all, { rule, sources: SOURCES });
        const ranked = ranking.groups.flat();
        expect(new Set(ranked)).toEqual(new Set(all));
        expect(ranked).toHaveLength(all.length);
        for (const one of all) expect(ranking.reasonOf(one) === null).toBe(ranking.groups[0]?.includes(one) ?? false);
      }),
    );
  });

  it('the winner of all is the winner of the winners', () => {
    fc.assert(
      fc.property(candidates, rules, (all, rule) => {
        const [first] = rankCandidates(all, { rule, sources: SOURCES }).groups;
        const again = rankCandidates(first ?? [], { rule, sources: SOURCES }).groups[0];
        expect(again).toEqual(first);
      }),
    );
  });
});

describe('the survivorship document', () => {
  const clouds = CLOUDS.map(({ name }) => name);

  it('has a rule for every reconciled field and knows placeholders', () => {
    const survivorship = loadSurvivorship(clouds);
    for (const field of RECONCILED_FIELDS) expect(RULES).toContain(survivorship.ruleOf(field).rule);
    for (const text of ['n/a', ' N/A ', 'Unknown', '-', '---', '?', 'xxx', 'test']) {
      expect([text, survivorship.isPlaceholder('firstName', text)]).toEqual([text, true]);
    }
    for (const text of ['Anne', 'Xaver', 'Nune', 'O', '李']) {
      expect([text, survivorship.isPlaceholder('firstName', text)]).toEqual([text, false]);
    }
    expect(survivorship.isPlaceholder('birthDate', '1900-01-01')).toBe(true);
    expect(survivorship.isPlaceholder('contactPointEmails', 'no-reply@shop.com')).toBe(true);
    expect(survivorship.isPlaceholder('contactPointEmails', 'info@meier.de')).toBe(false);
    expect(survivorship.isPlaceholder('contactPointPhones', '+10000000000')).toBe(true);
    expect(survivorship.isPlaceholder('contactPointPhones', '+4930901820')).toBe(false);
  });

  it('is refused with every fault at once', () => {
    const rule = { rule: 'MOST_RECENT' };
    const fields = Object.fromEntries(RECONCILED_FIELDS.map((field) => [field, rule]));
    const document = {
      name: '',
      version: 0,
      sourcePriority: ['commerce', 'commerce', 'crm'],
      fields: { ...fields, firstName: { rule: 'LOUDEST', sources: 'all' }, lastName: undefined, shoeSize: rule },
      placeholders: { any: { exact: [1], patterns: ['('] }, hatSize: {} },
      comment: '',
    };
    const faults = (() => {
      try {
        createSurvivorship(document, clouds);
      } catch (error) {
        if (error instanceof SurvivorshipInvalid) return error.faults;
      }
      return [];
    })();
    expect(faults).toEqual([
      '/comment is not known here',
      '/name is a text',
      '/version is a whole number from 1',
      '/sourcePriority/1 names commerce again',
      '/sourcePriority/2 names crm, which is not one of commerce, marketing, service',
      '/fields/shoeSize is not known here',
      '/fields/firstName/rule is one of MOST_RECENT, MOST_FREQUENT, SOURCE_PRIORITY',
      '/fields/firstName/sources is a list of sources',
      '/fields/lastName is missing',
      '/placeholders/hatSize is not known here',
      '/placeholders/any/exact is a list of texts',
      '/placeholders/any/patterns/0 is not a regular expression',
    ]);
    expect(() => createSurvivorship([], clouds)).toThrow(SurvivorshipInvalid);
  });
});
