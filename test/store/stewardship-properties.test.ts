import fc from 'fast-check';
import { createCustomer360IdGenerator } from '../../schema/customer360-id.ts';
import { CodedError } from '../../schema/errors.ts';
import type { Principal } from '../../schema/principal.ts';
import { createEngine } from '../../subgraphs/identity/durable/create-engine.ts';
import { createDurableResolver, type DurableResolver } from '../../subgraphs/identity/durable/durable-resolver.ts';
import { createHouseholdIdGenerator } from '../../subgraphs/identity/durable/household-id.ts';
import type { CanonicalProfile } from '../../subgraphs/identity/resolution/canonical-profile.ts';
import { mergeCustomers, unmergeCustomers } from '../../subgraphs/identity/stewardship/merges.ts';
import type { StewardParts } from '../../subgraphs/identity/stewardship/once.ts';
import { forbidMatch, pinRecord } from '../../subgraphs/identity/stewardship/verdicts.ts';
import type { CustomerIdentity, Lease } from '../../subgraphs/identity/store/repository.ts';
import { IDENTITY_STORES, type OpenIdentityStore } from './identity-stores.ts';

const AGENT: Principal = { subject: 'agent-7', roles: ['agent'], scopes: [] };
const NAMES = ['Ada Lovelace', 'Ada Lovelace', 'Bo Sanders', 'Cleo Tailor', 'Cleo Tailor', 'Dora Ullman', 'Emil Vogel'];

/** Two of one person, two of another, three alone. */
const PROFILES = NAMES.map((name, index): CanonicalProfile => {
  const [firstName = '', lastName = ''] = name.split(' ');
  return {
    dataSourceId: 'commerce',
    sourceRecordId: `R${index}`,
    dataSourceObjectId: 'account',
    firstName,
    lastName,
    fullName: null,
    birthDate: `19${60 + firstName.length + ((name.codePointAt(0) ?? 0) % 30)}-03-1${firstName.length}`,
    contactPointEmails: [{ emailAddress: `${firstName}.${lastName}@example.org` }],
    contactPointPhones: [],
    contactPointSocials: [],
    partyIdentifications: [],
  };
});

interface Step {
  readonly kind: 'merge' | 'unmerge' | 'pin' | 'split' | 'forbid' | 'reread';
  readonly one: number;
  readonly two: number;
}

const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom('merge', 'merge', 'unmerge', 'pin', 'split', 'forbid', 'reread'),
    one: fc.nat(6),
    two: fc.nat(6),
  }),
  { maxLength: 6 },
);

describe.each(IDENTITY_STORES)('decisions by hand, with the engine at work on $name', (kind) => {
  let store: OpenIdentityStore;
  let resolver: DurableResolver;
  let lease: Lease;
  let steward: StewardParts;
  let now = Date.parse('2026-04-01T00:00:00.000Z');
  let ids = 0;
  const clock = () => {
    now += 1_000;
    return now;
  };
  const newId = () => {
    ids += 1;
    return `id-${ids}`;
  };

  beforeAll(async () => {
    store = await kind.open();
    await store.demolish();
    await store.repository.prepare();
  });
  afterAll(() => store?.close());

  async function begin(): Promise<void> {
    await store.empty();
    const { repository } = store;
    await repository.prepare();
    const newCustomer360Id = createCustomer360IdGenerator(clock);
    resolver = createDurableResolver({
      repository,
      clock,
      createEngine,
      newCustomer360Id,
      newMergeEventId: newId,
      newHouseholdId: createHouseholdIdGenerator(clock),
      reviewIntervalMs: 0,
    });
    const taken = await repository.acquireLease('test', 3_600_000, now);
    if (!taken) throw new Error('No lease.');
    lease = taken;
    steward = {
      repository,
      clock,
      newCustomer360Id,
      newMergeEventId: newId,
      newDecisionId: newId,
      settle: () => resolver.tidy(lease),
    };
    await reread();
  }
  const reread = () => resolver.resolve({ changed: PROFILES, deleted: [], reconsider: true, lease });
  const record = (index: number) => ({ dataSourceId: 'commerce', sourceRecordId: `R${index}` });
  const customers = async (): Promise<CustomerIdentity[]> => store.repository.listCustomers({ first: 100 });
  const ownerOf = async (index: number): Promise<string> => {
    const found = await store.repository.customersByRecords([record(index)]);
    return found.get(`commerce|R${index}`)?.customer360Id ?? '';
  };

  /** Does what the step says, when there is something to do it to. */
  async function run({ kind: what, one, two }: Step, merges: string[]): Promise<void> {
    const idempotencyKey = newId();
    try {
      if (what === 'reread') await reread();
      if (what === 'merge') {
        const pair = { customer360Id: await ownerOf(one), otherCustomer360Id: await ownerOf(two) };
        merges.push((await mergeCustomers(steward, AGENT, { idempotencyKey, ...pair })).mergeEventId);
      }
      const mergeEventId = merges[one % Math.max(1, merges.length)];
      if (what === 'unmerge' && mergeEventId) await unmergeCustomers(steward, AGENT, { idempotencyKey, mergeEventId });
      if (what === 'pin') {
        await pinRecord(steward, AGENT, {
          idempotencyKey,
          sourceRecord: record(one),
          customer360Id: await ownerOf(two),
        });
      }
      if (what === 'split') await pinRecord(steward, AGENT, { idempotencyKey, sourceRecord: record(one) });
      if (what === 'forbid')
        await forbidMatch(steward, AGENT, { idempotencyKey, left: record(one), right: record(two) });
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
    }
  }

  it('an unmerge undoes a merge exactly, whatever was decided before, and both stand when all is read again', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(6), fc.nat(6), async (history, one, two) => {
        await begin();
        const merges: string[] = [];
        for (const step of history) await run(step, merges);
        const before = await customers();
        const pair = { customer360Id: await ownerOf(one), otherCustomer360Id: await ownerOf(two) };
        if (pair.customer360Id === pair.otherCustomer360Id) return;
        const { mergeEventId } = await mergeCustomers(steward, AGENT, { idempotencyKey: newId(), ...pair });
        expect(await ownerOf(one)).toBe(await ownerOf(two));
        await reread();
        expect(await ownerOf(one)).toBe(await ownerOf(two));
        await unmergeCustomers(steward, AGENT, { idempotencyKey: newId(), mergeEventId });
        expect(await customers()).toEqual(before);
        await reread();
        expect(await customers()).toEqual(before);
      }),
      { numRuns: kind.name === 'Neo4j' ? 4 : 12, endOnFailure: true },
    );
  });
});
