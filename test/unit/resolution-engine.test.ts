import fc from 'fast-check';
import type { CanonicalRecord } from '../../subgraphs/identity/resolution/match-record.ts';
import { normaliseRecord } from '../../subgraphs/identity/resolution/normalise/record.ts';
import { createDefaultModel } from '../../subgraphs/identity/resolution/score/default-model.ts';
import { measure, newEngine, partition, readSet, readTruth } from '../support/resolution-sets.ts';

const SAMPLE = readSet('crosscloud-sample');
const fitted = newEngine();
fitted.load(SAMPLE, { fit: true });
const key = (record: { dataSourceId: string; sourceRecordId: string }): string =>
  `${record.dataSourceId}|${record.sourceRecordId}`;
const person = (sourceRecordId: string, rest: Partial<CanonicalRecord>) =>
  normaliseRecord({ dataSourceId: 'crm', sourceRecordId, ...rest });

describe('accuracy at the default threshold, without labels', () => {
  it.each([
    ['crosscloud-sample', 0.94, 12],
    ['fake-1000', 0.92, 0],
    ['senzing-persons', 0.86, 9],
  ])('%s: F1 of %d at least, at most %d clusters of two people', (name, f1, overMerged) => {
    const engine = newEngine();
    engine.load(readSet(name), { fit: true });
    const measured = measure(engine, readTruth(name));
    expect(measured.f1).toBeGreaterThanOrEqual(f1);
    expect(measured.overMerged).toBeLessThanOrEqual(overMerged);
  });
});

describe('order and arrival', () => {
  it('comes to nearly the same clusters whatever the order, one by one or all at once', () => {
    const bulk = measure(fitted, readTruth('crosscloud-sample')).f1;
    for (const records of [SAMPLE, [...SAMPLE].reverse()]) {
      const engine = newEngine(fitted.model);
      for (const record of records) engine.upsert(record);
      expect(Math.abs(measure(engine, readTruth('crosscloud-sample')).f1 - bulk)).toBeLessThanOrEqual(0.003);
    }
  });

  it('forgets a record without a trace', () => {
    const records = SAMPLE.slice(0, 400);
    const engine = newEngine(fitted.model);
    engine.load(records);
    const before = partition(engine);
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(records.length - 1), { minLength: 1, maxLength: 20 }), (positions) => {
        const strangers = positions.map((at) => ({
          ...(records[at] as (typeof records)[number]),
          sourceRecordId: `x${at}`,
        }));
        for (const record of strangers) engine.upsert(record);
        for (const record of strangers) expect(engine.remove(key(record))).toBe(true);
        expect(partition(engine)).toBe(before);
      }),
      { numRuns: 20 },
    );
  });

  it('tells which clusters have changed, once', () => {
    const engine = newEngine(fitted.model);
    engine.load(SAMPLE.slice(0, 100));
    expect(engine.takeChanges().clusters.flatMap(({ records }) => records)).toHaveLength(100);
    expect(engine.takeChanges().clusters).toEqual([]);
    const first = SAMPLE[0] as (typeof SAMPLE)[number];
    engine.upsert(first);
    expect(engine.takeChanges().clusters).toEqual([]);
    engine.remove(key(first));
    expect(engine.takeChanges().removed).toEqual([key(first)]);
  });
});

describe('decisions of people', () => {
  it('are kept whatever else is said: never together, always together', () => {
    const records = SAMPLE.slice(0, 300);
    const engine = newEngine(fitted.model);
    engine.load(records);
    fc.assert(
      fc.property(fc.nat(records.length - 1), fc.nat(records.length - 1), (a, b) => {
        if (a === b) return;
        const [left, right] = [
          key(records[a] as (typeof records)[number]),
          key(records[b] as (typeof records)[number]),
        ];
        const before = partition(engine);
        engine.decide({ kind: 'SAME', left, right });
        expect(engine.clusterOf(left)?.key).toBe(engine.clusterOf(right)?.key);
        engine.decide({ kind: 'NOT_SAME', left, right });
        expect(engine.clusterOf(left)?.key).not.toBe(engine.clusterOf(right)?.key);
        engine.upsert({ ...(records[a] as (typeof records)[number]), generation: 'III' });
        expect(engine.clusterOf(left)?.key).not.toBe(engine.clusterOf(right)?.key);
        engine.upsert(records[a] as (typeof records)[number]);
        expect(engine.withdraw(left, right)).toBe(true);
        expect(partition(engine)).toBe(before);
      }),
      { numRuns: 60 },
    );
  });
});

describe('explanations', () => {
  it('add up to the score, and are the same from either side', () => {
    fc.assert(
      fc.property(fc.nat(SAMPLE.length - 1), fc.nat(SAMPLE.length - 1), (a, b) => {
        if (a === b) return;
        const [left, right] = [key(SAMPLE[a] as (typeof SAMPLE)[number]), key(SAMPLE[b] as (typeof SAMPLE)[number])];
        const explanation = fitted.explain(left, right);
        const reverse = fitted.explain(right, left);
        const sum = explanation?.contributions.reduce((total, { bits }) => total + bits, 0) ?? Number.NaN;
        expect(sum).toBeCloseTo(explanation?.bits ?? 0, 6);
        expect(reverse?.bits).toBeCloseTo(explanation?.bits ?? 0, 6);
      }),
      { numRuns: 500 },
    );
  });

  it('name the links that join two records of one cluster', () => {
    for (const { records } of fitted.clusters()) {
      if (records.length < 3) continue;
      const [left = '', , right = ''] = records;
      const chain = fitted.explain(left, right)?.chain ?? [];
      expect(chain[0]?.from).toBe(left);
      expect(chain.at(-1)?.to).toBe(right);
    }
  });

  it('need no more than two records and the state', () => {
    const [left, right] = [SAMPLE[0], SAMPLE[1]] as [(typeof SAMPLE)[number], (typeof SAMPLE)[number]];
    const size = fitted.size;
    expect(fitted.explainRecords(left, right).contributions.length).toBeGreaterThan(10);
    expect(fitted.size).toBe(size);
  });
});

describe('cases', () => {
  const cases = (records: readonly ReturnType<typeof person>[]) => {
    const engine = newEngine(fitted.model);
    engine.load([...SAMPLE, ...records]);
    return (a: string, b: string): boolean => engine.clusterOf(`crm|${a}`)?.key === engine.clusterOf(`crm|${b}`)?.key;
  };
  const home = { addresses: [{ addressLine1: '12 Elm Street', cityName: 'Springfield', postalCodeText: '62704' }] };

  it('a couple that shares address, telephone and mailbox stays two, and is a household', () => {
    const shared = { ...home, telephoneNumbers: ['217-555-0142'], emailAddresses: ['thewhitakers@mail.com'] };
    const records = [
      person('1', { firstName: 'Gerald', lastName: 'Whitaker', birthDate: '1961-03-04', ...shared }),
      person('2', { firstName: 'Marian', lastName: 'Whitaker', birthDate: '1964-11-23', ...shared }),
    ];
    const engine = newEngine(fitted.model);
    engine.load([...SAMPLE, ...records]);
    expect(engine.clusterOf('crm|1')?.records).toEqual(['crm|1']);
    expect(engine.householdOf('crm|1')?.clusters).toEqual(['crm|1', 'crm|2']);
  });

  it('father and son of one name stay two when both say so', () => {
    const same = cases([
      person('1', { firstName: 'Gerald', lastName: 'Whitaker Sr', ...home }),
      person('2', { firstName: 'Gerald', lastName: 'Whitaker Jr', ...home }),
    ]);
    expect(same('1', '2')).toBe(false);
  });

  it('a record without a name never joins two people who share a mailbox', () => {
    const same = cases([
      person('1', { firstName: 'Gerald', lastName: 'Whitaker', emailAddresses: ['whitakers@mail.com'], ...home }),
      person('2', { firstName: 'Marian', lastName: 'Whitaker', emailAddresses: ['whitakers@mail.com'], ...home }),
      person('3', { emailAddresses: ['whitakers@mail.com'] }),
    ]);
    expect(same('1', '2')).toBe(false);
  });

  it('two official numbers of a kind that a person has one of are two people', () => {
    const ssn = (identificationNumber: string) => ({
      partyIdentifications: [{ partyIdentificationType: 'SSN', name: 'US', identificationNumber }],
    });
    const who = { firstName: 'Gerald', lastName: 'Whitaker', emailAddresses: ['gw@mail.com'], ...home };
    const same = cases([
      person('1', { ...who, ...ssn('294-66-9999') }),
      person('2', { ...who, ...ssn('113-20-4471') }),
    ]);
    expect(same('1', '2')).toBe(false);
  });

  it('a nickname, a slip and another spelling of the mailbox are one person', () => {
    const same = cases([
      person('1', { firstName: 'Bob', lastName: 'Whittaker', emailAddresses: ['R.Whitaker+x@gmail.com'], ...home }),
      person('2', { fullName: 'Whitaker, Robert', emailAddresses: ['rwhitaker@googlemail.com'] }),
    ]);
    expect(same('1', '2')).toBe(true);
  });
});

describe('models', () => {
  it('are the same for the same records, and are held to the prior in a small set', () => {
    const again = newEngine();
    again.load(SAMPLE);
    expect(again.fit()).toEqual(fitted.model);
    const small = newEngine();
    small.load(SAMPLE.slice(0, 5), { fit: true });
    const prior = createDefaultModel();
    expect(small.model.fields.EMAIL[0]?.match).toBeCloseTo(prior.fields.EMAIL[0]?.match ?? 0, 1);
  });

  it('put in force anew decide about all again', () => {
    const engine = newEngine();
    engine.load(SAMPLE);
    engine.adopt(fitted.model);
    expect(partition(engine)).toBe(partition(fitted));
  });
});

it('the review queue holds pairs near the threshold and vetoed ones, the most valuable first', () => {
  const pairs = fitted.uncertainPairs(50);
  expect(pairs.length).toBeGreaterThan(10);
  const values = pairs.map(({ expectedValue }) => expectedValue);
  expect([...values].sort((a, b) => b - a)).toEqual(values);
  expect(pairs.some(({ kind }) => kind === 'NEAR_THRESHOLD')).toBe(true);
});
