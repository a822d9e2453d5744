import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { createCustomer360IdGenerator } from '../../schema/customer360-id.ts';
import { createEngine } from '../../subgraphs/identity/durable/create-engine.ts';
import { createDurableResolver, type DurableResolver } from '../../subgraphs/identity/durable/durable-resolver.ts';
import { createHouseholdIdGenerator } from '../../subgraphs/identity/durable/household-id.ts';
import { simulateRuleset } from '../../subgraphs/identity/durable/simulate.ts';
import type { CanonicalProfile } from '../../subgraphs/identity/resolution/canonical-profile.ts';
import {
  createMatchRuleset,
  loadDefaultMatchRuleset,
} from '../../subgraphs/identity/resolution/rules/match-ruleset.ts';
import { pairsBetween } from '../../subgraphs/identity/store/decision.ts';
import type { IdentityRepository, Lease } from '../../subgraphs/identity/store/repository.ts';
import { IDENTITY_STORES, type OpenIdentityStore } from './identity-stores.ts';

const NOW = Date.parse('2026-05-01T08:00:00.000Z');

/** A person with everything that is matched by. */
function profile(
  key: string,
  given: string,
  family: string,
  details: Partial<CanonicalProfile> = {},
): CanonicalProfile {
  const [dataSourceId = '', sourceRecordId = ''] = key.split('/');
  return {
    dataSourceId,
    sourceRecordId,
    dataSourceObjectId: 'record',
    firstName: given,
    lastName: family,
    fullName: null,
    contactPointEmails: [],
    contactPointPhones: [],
    contactPointSocials: [],
    partyIdentifications: [],
    ...details,
  };
}

const mail = (emailAddress: string) => ({ contactPointEmails: [{ emailAddress }] });
const ADA = { ...mail('ada.lovelace@example.org'), birthDate: '1985-12-10' };
const home = {
  contactPointAddresses: [
    { addressLine1: 'Lange Gasse 17', cityName: 'Bremen', postalCodeText: '28195', countryName: 'DE' },
  ],
  contactPointPhones: [{ telephoneNumber: '+494211234567', formattedE164PhoneNumber: '+494211234567' }],
};

describe.each(IDENTITY_STORES)('the durable resolver on $name', (kind) => {
  let store: OpenIdentityStore;
  let repository: IdentityRepository;
  let resolver: DurableResolver;
  let lease: Lease;
  let now = NOW;
  let ids = 0;

  beforeAll(async () => {
    store = await kind.open();
    repository = store.repository;
    await store.demolish();
    await repository.prepare();
  });
  beforeEach(async () => {
    await store.empty();
    await repository.prepare();
    resolver = await create();
    lease = await takeLease();
  });
  afterAll(() => store?.close());

  const clock = () => {
    now += 1;
    return now;
  };
  async function create(): Promise<DurableResolver> {
    return createDurableResolver({
      repository,
      clock,
      createEngine,
      newCustomer360Id: createCustomer360IdGenerator(clock),
      newMergeEventId: () => {
        ids += 1;
        return `00000000-0000-4000-8000-${String(ids).padStart(12, '0')}`;
      },
      newHouseholdId: createHouseholdIdGenerator(clock),
      reviewIntervalMs: 0,
    });
  }
  async function takeLease(): Promise<Lease> {
    const taken = await repository.acquireLease('test', 60_000, clock());
    if (!taken) throw new Error('No lease.');
    return taken;
  }
  const resolve = (...changed: readonly CanonicalProfile[]) => resolver.resolve({ changed, deleted: [], lease });
  const customerOf = async (key: string): Promise<string | undefined> => {
    const [dataSourceId = '', sourceRecordId = ''] = key.split('/');
    const record = { dataSourceId, sourceRecordId };
    return (await repository.customersByRecords([record])).get(`${dataSourceId}|${sourceRecordId}`)?.customer360Id;
  };

  it('links records of one person as they come, with the evidence, and keeps what they are matched by', async () => {
    await resolve(profile('commerce/A1', 'Ada', 'Lovelace', ADA));
    await resolve(profile('service/C1', 'Ada', 'Lovelace', ADA));
    expect(await customerOf('service/C1')).toBe(await customerOf('commerce/A1'));
    const [customer] = await repository.listCustomers({ first: 10 });
    expect(customer?.records.find(({ sourceRecordId }) => sourceRecordId === 'C1')?.bits).toBeGreaterThan(5);
    expect((await repository.featuresOf(customer?.records ?? [])).size).toBe(2);
  });

  it('writes nothing for what it knows already', async () => {
    const batch = [profile('commerce/A1', 'Ada', 'Lovelace', ADA), profile('service/C1', 'Ada', 'Lovelace', ADA)];
    await resolve(...batch);
    expect(await resolve(...batch)).toEqual({ operations: 0 });
    expect(await (await create()).resolve({ changed: batch, deleted: [], lease })).toEqual({ operations: 0 });
  });

  it('stores features that changed without changing anything else', async () => {
    await resolve(profile('commerce/A1', 'Ada', 'Lovelace', ADA));
    await resolve(profile('commerce/A1', 'Ada', 'Byron', ADA));
    const features = await repository.featuresOf([{ dataSourceId: 'commerce', sourceRecordId: 'A1' }]);
    expect(features.get('commerce|A1')).toContain('byron');
  });

  it('merges two customers when a record joins them, and takes it back when the record goes', async () => {
    const first = profile('commerce/A1', 'Ada', 'Lovelace', ADA);
    const second = profile('service/C1', 'Ada', 'Byron', { ...mail('other@example.org'), ...home });
    await resolve(first, second);
    const before = [await customerOf('commerce/A1'), await customerOf('service/C1')];
    expect(before[0]).not.toBe(before[1]);
    const both = {
      ...ADA,
      ...home,
      contactPointEmails: [{ emailAddress: 'ada.lovelace@example.org' }, { emailAddress: 'other@example.org' }],
    };
    await resolve(profile('marketing/S1', 'Ada', 'Lovelace Byron', both));
    expect(await customerOf('commerce/A1')).toBe(await customerOf('service/C1'));
    await resolver.resolve({ changed: [], deleted: [{ dataSourceId: 'marketing', sourceRecordId: 'S1' }], lease });
    expect([await customerOf('commerce/A1'), await customerOf('service/C1')]).toEqual(before);
  });

  it('keeps apart what a person has kept apart, also after a restart', async () => {
    await resolve(profile('commerce/A1', 'Ada', 'Lovelace', ADA), profile('service/C1', 'Ada', 'Lovelace', ADA));
    const [left, right] = [
      { dataSourceId: 'commerce', sourceRecordId: 'A1' },
      { dataSourceId: 'service', sourceRecordId: 'C1' },
    ];
    const decision = {
      decisionId: 'd1',
      origin: 'NEVER_MATCH',
      verdicts: pairsBetween('NOT_SAME', [left], [right]),
    } as const;
    await repository.apply({ operations: [{ kind: 'decide', decision }], at: new Date(clock()).toISOString() });
    await resolver.tidy(lease);
    expect(await customerOf('service/C1')).not.toBe(await customerOf('commerce/A1'));
    resolver = await create();
    await resolve(profile('marketing/S1', 'Ada', 'Lovelace', ADA));
    expect(await customerOf('service/C1')).not.toBe(await customerOf('commerce/A1'));
    expect((await resolver.explain(left, right))?.verdict).toBe('DECIDED_NOT_SAME');
  });

  it('explains where another process resolves, by what the store has now', async () => {
    const standby = await create();
    const [left, right] = [
      { dataSourceId: 'commerce', sourceRecordId: 'A1' },
      { dataSourceId: 'service', sourceRecordId: 'C1' },
    ];
    expect(await standby.explain(left, right)).toBeUndefined();
    await resolve(profile('commerce/A1', 'Ada', 'Lovelace', ADA), profile('service/C1', 'Ada', 'Lovelace', ADA));
    expect(await standby.explain(left, right)).toMatchObject({ sameCluster: true });
    await resolve(profile('service/C1', 'Zoltan', 'Kovacs', mail('zoltan@example.com')));
    expect(await standby.explain(left, right)).toMatchObject({ sameCluster: false });
  });

  it('obeys what was decided twice until both decisions are taken back', async () => {
    await resolve(profile('commerce/A1', 'Ada', 'Lovelace', ADA), profile('service/C1', 'Ada', 'Lovelace', ADA));
    const verdicts = pairsBetween(
      'NOT_SAME',
      [{ dataSourceId: 'commerce', sourceRecordId: 'A1' }],
      [{ dataSourceId: 'service', sourceRecordId: 'C1' }],
    );
    const at = () => new Date(clock()).toISOString();
    for (const decisionId of ['d1', 'd2']) {
      const decision = { decisionId, origin: 'NEVER_MATCH', verdicts } as const;
      await repository.apply({ operations: [{ kind: 'decide', decision }], at: at() });
    }
    const isTogether = async () => (await customerOf('service/C1')) === (await customerOf('commerce/A1'));
    for (const [decisionId, after] of [
      ['d1', false],
      ['d2', true],
    ] as const) {
      await resolver.tidy(lease);
      expect(await isTogether()).toBe(false);
      await repository.apply({ operations: [{ kind: 'revoke', decisionId }], at: at() });
      await resolver.tidy(lease);
      expect(await isTogether()).toBe(after);
    }
  });

  it('forgets decisions with their record, in memory as in the store', async () => {
    await resolve(profile('commerce/A1', 'Ada', 'Lovelace', ADA), profile('service/C1', 'Ada', 'Lovelace', ADA));
    const key = { dataSourceId: 'service', sourceRecordId: 'C1' };
    const decision = {
      decisionId: 'd1',
      origin: 'NEVER_MATCH',
      verdicts: pairsBetween('NOT_SAME', [{ dataSourceId: 'commerce', sourceRecordId: 'A1' }], [key]),
    } as const;
    await repository.apply({ operations: [{ kind: 'decide', decision }], at: new Date(clock()).toISOString() });
    await resolver.tidy(lease);
    expect(await customerOf('service/C1')).not.toBe(await customerOf('commerce/A1'));
    await resolver.resolve({ changed: [], deleted: [key], lease });
    expect(await repository.decisions.about([key])).toEqual([]);
    await resolve(profile('service/C1', 'Ada', 'Lovelace', ADA));
    expect(await customerOf('service/C1')).toBe(await customerOf('commerce/A1'));
  });

  it('puts people of one home into a household of its own id', async () => {
    await resolve(
      profile('commerce/A1', 'Ada', 'Lovelace', { ...home, birthDate: '1985-12-10' }),
      profile('service/C1', 'Bernhard', 'Lovelace', { ...home, birthDate: '1979-03-04' }),
    );
    await resolver.tidy(lease);
    const customers = [(await customerOf('commerce/A1')) ?? '', (await customerOf('service/C1')) ?? ''];
    expect(customers[0]).not.toBe(customers[1]);
    const household = (await repository.households.ofCustomers(customers)).get(customers[0] ?? '');
    expect(household?.householdId).toMatch(/^hh_[0-9a-z]{26}$/);
    expect(household?.customer360Ids).toEqual([...customers].sort());
  });

  it('parts households with their people, and gives each its own id back', async () => {
    const away = {
      contactPointAddresses: [
        { addressLine1: 'Am Hang 3', cityName: 'Kassel', postalCodeText: '34117', countryName: 'DE' },
      ],
      contactPointPhones: [{ telephoneNumber: '+495611234567', formattedE164PhoneNumber: '+495611234567' }],
    };
    await resolve(
      profile('commerce/A1', 'Ada', 'Lovelace', { ...home, birthDate: '1985-12-10' }),
      profile('commerce/A2', 'Bernhard', 'Lovelace', { ...home, birthDate: '1979-03-04' }),
    );
    await resolve(
      profile('service/C1', 'Zoltan', 'Kovacs', { ...away, birthDate: '1961-01-20' }),
      profile('service/C2', 'Ilona', 'Kovacs', { ...away, birthDate: '1965-07-02' }),
      // The younger household is the larger one: it must not take the older one's id along.
      profile('service/C3', 'Emese', 'Kovacs', { ...away, birthDate: '1998-09-30' }),
    );
    await resolver.tidy(lease);
    const keys = ['commerce/A1', 'commerce/A2', 'service/C1', 'service/C2', 'service/C3'];
    const households = async () => {
      const customers = await Promise.all(keys.map(customerOf));
      const found = await repository.households.ofCustomers(customers.map((id) => id ?? ''));
      return customers.map((id) => found.get(id ?? '')?.householdId);
    };
    const before = await households();
    expect(new Set(before).size).toBe(2);
    const [survivor = '', , merged = ''] = await Promise.all(keys.map(customerOf));
    const at = () => new Date(clock()).toISOString();
    const [left, right] = [
      { dataSourceId: 'commerce', sourceRecordId: 'A1' },
      { dataSourceId: 'service', sourceRecordId: 'C1' },
    ];
    const decision = { decisionId: 'd1', origin: 'MERGE', verdicts: pairsBetween('SAME', [left], [right]) } as const;
    await repository.apply({
      operations: [
        { kind: 'merge', mergeEventId: 'm1', survivor, merged, rule: 'MANUAL' },
        { kind: 'decide', decision },
      ],
      at: at(),
    });
    await resolver.tidy(lease);
    expect(new Set(await households())).toEqual(new Set([before[0]]));
    await repository.apply({
      operations: [
        { kind: 'revoke', decisionId: 'd1' },
        { kind: 'unmerge', mergeEventId: 'm1' },
      ],
      at: at(),
    });
    await resolver.tidy(lease);
    expect(await households()).toEqual(before);
  });

  it('dissolves a household when one of its two people has gone from every cloud', async () => {
    await resolve(
      profile('commerce/A1', 'Ada', 'Lovelace', { ...home, birthDate: '1985-12-10' }),
      profile('service/C1', 'Bernhard', 'Lovelace', { ...home, birthDate: '1979-03-04' }),
    );
    await resolver.tidy(lease);
    const customer = (await customerOf('commerce/A1')) ?? '';
    expect((await repository.households.ofCustomers([customer])).size).toBe(1);
    await resolver.resolve({ changed: [], deleted: [{ dataSourceId: 'service', sourceRecordId: 'C1' }], lease });
    await resolver.tidy(lease);
    expect((await repository.households.ofCustomers([customer])).size).toBe(0);
  });

  it('gives a household that has vanished its id back when the same people live together again', async () => {
    const together = profile('service/C1', 'Bernhard', 'Lovelace', { ...home, birthDate: '1979-03-04' });
    const away = { ...together, contactPointAddresses: [], contactPointPhones: [], ...mail('bernhard@example.org') };
    await resolve(profile('commerce/A1', 'Ada', 'Lovelace', { ...home, birthDate: '1985-12-10' }), together);
    await resolver.tidy(lease);
    const customer = (await customerOf('commerce/A1')) ?? '';
    const householdId = async () => (await repository.households.ofCustomers([customer])).get(customer)?.householdId;
    const before = await householdId();
    expect(before).toMatch(/^hh_[0-9a-z]{26}$/);
    await resolve(away);
    await resolver.tidy(lease);
    expect(await householdId()).toBeUndefined();
    await resolve(together);
    await resolver.tidy(lease);
    expect(await householdId()).toBe(before);
  });

  it('holds what is stored against the engine after a restart, and then agrees with the rules in effect', async () => {
    await resolve(profile('commerce/A1', 'Ada', 'Lovelace', ADA), profile('service/C1', 'Ada', 'Lovelace', ADA));
    const [together, apart] = [await customerOf('commerce/A1'), createCustomer360IdGenerator(clock)()];
    const [customer] = await repository.listCustomers({ first: 1 });
    const [, moved] = customer?.records ?? [];
    if (!moved) throw new Error('There should be two records.');
    const { dataSourceId, sourceRecordId, dataSourceObjectId, identifiers, givenNameHash } = moved;
    const record = { dataSourceId, sourceRecordId, dataSourceObjectId, identifiers, givenNameHash };
    await repository.apply({
      operations: [
        { kind: 'create', customer360Id: apart },
        { kind: 'link', record, customer360Id: apart, rule: 'MODEL' },
      ],
      at: new Date(clock()).toISOString(),
    });
    const simulate = (ruleset = loadDefaultMatchRuleset()) =>
      simulateRuleset(repository, createEngine, ruleset, { sampleSize: 100, examples: 5, largest: 5 });
    expect(await simulate()).toMatchObject({ merges: 0, splits: 0, affected: [] });
    resolver = await create();
    await resolver.tidy(lease);
    expect(await customerOf('commerce/A1')).toBe(await customerOf('service/C1'));
    expect(await customerOf('commerce/A1')).toBe(together);
    const strict = createMatchRuleset({ ...loadDefaultMatchRuleset().document, threshold: 40, rules: [] });
    expect(await simulate(strict)).toMatchObject({ merges: 0, splits: 1, affected: [together] });
    const pin = { kind: 'PIN', record: { dataSourceId, sourceRecordId }, customer360Id: together ?? '' } as const;
    await repository.apply({
      operations: [{ kind: 'decide', decision: { decisionId: 'p1', origin: 'PIN', verdicts: [pin] } }],
      at: new Date(clock()).toISOString(),
    });
    expect(await simulate(strict)).toMatchObject({ merges: 0, splits: 0, affected: [] });
  });

  it('puts the model that it has fitted in force at once', async () => {
    const changed = Array.from({ length: 2_100 }, (_, index) => {
      const person = Math.floor(index / 2);
      // Names that look alike would make the engine compare many of them.
      const name = (salt: number): string =>
        createHash('sha256')
          .update(`${person} ${salt}`)
          .digest('base64')
          .replaceAll(/[^a-z]/g, '');
      const [given, family] = [name(1).slice(0, 6), name(2).slice(0, 9)];
      return profile(`commerce/R${index}`, given, family, mail(`${given}.${family}@example.org`));
    });
    const position = { phase: 'FOLLOWING', since: '0', rules: resolver.fingerprint } as const;
    await resolver.resolve({ changed, deleted: [], lease, progress: { dataSourceId: 'commerce', position } });
    await resolver.tidy(lease);
    const fitted = await repository.documents.active('MODEL');
    const [left, right] = ['R0', 'R1'].map((sourceRecordId) => ({ dataSourceId: 'commerce', sourceRecordId }));
    if (!fitted || !left || !right) throw new Error('No model.');
    const { version } = JSON.parse(fitted.text) as { version: string };
    expect((await resolver.explain(left, right))?.modelVersion).toBe(version);
    expect((await repository.positionOf('identity'))?.rules).toContain(version);
  });

  it('works everything out anew under other rules, in one change set, and goes back', async () => {
    const batch = [profile('commerce/A1', 'Ada', 'Lovelace', ADA), profile('service/C1', 'Ada', 'Lovelace', ADA)];
    await resolve(...batch);
    const id = await customerOf('commerce/A1');
    const { document } = loadDefaultMatchRuleset();
    const strict = JSON.stringify({
      ...document,
      threshold: 40,
      rules: document.rules.filter(({ effect }) => effect !== 'ASSERT'),
    });
    const at = () => new Date(clock()).toISOString();
    await repository.apply({ operations: [{ kind: 'activate', documentKind: 'RULESET', text: strict }], at: at() });
    await resolver.tidy(lease);
    expect(await customerOf('service/C1')).not.toBe(await customerOf('commerce/A1'));
    const text = JSON.stringify(document);
    await repository.apply({ operations: [{ kind: 'activate', documentKind: 'RULESET', text }], at: at() });
    await resolver.tidy(lease);
    expect(await customerOf('service/C1')).toBe(id);
    expect(await customerOf('commerce/A1')).toBe(id);
  });

  it('comes to the same customers whatever the order and however the records are cut into batches', async () => {
    const people = Array.from({ length: 12 }, (_, index) => {
      const details = {
        ...mail(`person${index % 4}@example.org`),
        birthDate: `198${index % 4}-0${1 + (index % 4)}-11`,
      };
      return profile(
        `commerce/R${index}`,
        ['Ada', 'Bernhard', 'Clara', 'Dieter'][index % 4] ?? '',
        'Lovelace',
        details,
      );
    });
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(people, { minLength: people.length }),
        fc.integer({ min: 1, max: 5 }),
        async (order, size) => {
          await store.empty();
          await repository.prepare();
          resolver = await create();
          lease = await takeLease();
          for (let at = 0; at < order.length; at += size) await resolve(...order.slice(at, at + size));
          const groups = (await repository.listCustomers({ first: 100 })).map(({ records }) =>
            records.map(({ sourceRecordId }) => Number(sourceRecordId.slice(1)) % 4),
          );
          expect(groups.map((group) => [...new Set(group)].length)).toEqual([1, 1, 1, 1]);
        },
      ),
      { numRuns: kind.name === 'Neo4j' ? 3 : 8 },
    );
  });
});
