import type { ExecutionResult } from 'graphql';
import { CLOUDS } from '../../schema/clouds.ts';
import { LOCAL_ADMINISTRATOR, type Principal } from '../../schema/principal.ts';
import { executeSubgraph, subscribeSubgraph } from '../../subgraphs/execute.ts';
import { createIdentitySubgraph } from '../../subgraphs/identity/index.ts';
import { createIdentifierRules } from '../../subgraphs/identity/resolution/rules/identifier-rules.ts';
import { loadDefaultMatchRuleset } from '../../subgraphs/identity/resolution/rules/match-ruleset.ts';
import { loadSurvivorship } from '../../subgraphs/identity/survivorship-document.ts';
import type { Subgraph } from '../../subgraphs/subgraph.ts';
import { IDENTITY_STORES, type OpenIdentityStore } from '../store/identity-stores.ts';
import { LivePeople, link } from '../support/live-people.ts';

const FOLLOW = `subscription ($id: Customer360Id!, $since: Cursor) { customerUpdated(customer360Id: $id, since: $since) {
  cursor id dataSourceId eventType objectType objectId change changedFields occurredAt
  customer { customer360Id resolvedFrom commerceRecordIds }
} }`;

describe.each(IDENTITY_STORES)('customerUpdated on $name', (kind) => {
  let store: OpenIdentityStore;
  let people: LivePeople;
  let subgraph: Subgraph;

  beforeAll(async () => {
    store = await kind.open();
    await store.repository.prepare();
    await store.empty();
    people = new LivePeople(store.repository);
    subgraph = await createIdentitySubgraph({
      repository: store.repository,
      clouds: [],
      eventSources: people.clouds,
      survivorship: loadSurvivorship(CLOUDS.map(({ name }) => name)),
      ruleset: createIdentifierRules(loadDefaultMatchRuleset()),
    });
  });
  afterAll(async () => {
    await subgraph.close();
    await store.close();
  });

  const follow = (id: string, principal: Principal = LOCAL_ADMINISTRATOR, since?: string) =>
    subscribeSubgraph(subgraph, { query: FOLLOW, variables: { id, since }, principal });
  const asCustomer = (customer360Id: string): Principal => ({
    subject: customer360Id,
    roles: ['app'],
    scopes: [],
    customer360Id,
  });

  /** The next event, while events of the record are written until one has come: the subscription begins now. */
  async function firstOf(events: AsyncIterator<ExecutionResult>, record: string): Promise<Record<string, unknown>> {
    let isTold = false;
    const next = events.next().finally(() => {
      isTold = true;
    });
    while (!isTold) {
      people.cloud('commerce').write(record);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return (await next).value.data.customerUpdated;
  }

  it('shows the event and who it is about, without asking the store for which records are theirs', async () => {
    const ann = await people.person();
    const record = ann.records['commerce'] ?? '';
    const events = follow(ann.id);
    const told = await firstOf(events, record);
    expect(told).toMatchObject({
      dataSourceId: 'commerce',
      eventType: 'Changed',
      objectType: 'SourceProfile',
      objectId: record,
      change: 'UPDATED',
      changedFields: ['firstName'],
      customer: { customer360Id: ann.id, resolvedFrom: null, commerceRecordIds: [record] },
    });
    await events.return?.();
    const again = follow(ann.id, LOCAL_ADMINISTRATOR, String(told['cursor']));
    store.statements.length = 0;
    await firstOf(again, record);
    const distinct = store.statements.length;
    for (let event = 0; event < 20; event += 1) {
      people.cloud('commerce').write(record);
      await again.next();
    }
    expect(store.statements.length - distinct).toBeLessThanOrEqual(25);
    await again.return?.();
  });

  it('who has been told nothing yet begins where the present was', async () => {
    const ann = await people.person();
    const positions = () =>
      executeSubgraph(subgraph, {
        query: '{ customerPosition identityPosition }',
        principal: LOCAL_ADMINISTRATOR,
      });
    const { data, errors } = await positions();
    expect(errors).toBeUndefined();
    const missed = people.clouds.map((cloud) => cloud.write(ann.records[cloud.dataSourceId] ?? ''));
    await people.apply(link(ann.id, 'commerce', 'while-away'));
    const followed = follow(ann.id, LOCAL_ADMINISTRATOR, String(data?.['customerPosition']));
    const told: Record<string, unknown>[] = [];
    while (told.length < 4) told.push((await followed.next()).value.data.customerUpdated);
    await followed.return?.();
    expect(told.map(({ id }) => id)).toEqual(expect.arrayContaining(missed));
    expect(told.map(({ eventType }) => eventType)).toContain('RECORD_LINKED');
    const changes = subscribeSubgraph(subgraph, {
      query: 'subscription ($since: Cursor) { identityChanged(since: $since) { eventType customer360Id } }',
      variables: { since: data?.['identityPosition'] },
      principal: LOCAL_ADMINISTRATOR,
    });
    expect((await changes.next()).value.data).toEqual({
      identityChanged: { eventType: 'RECORD_LINKED', customer360Id: ann.id },
    });
    await changes.return?.();
    // A position that lacks a cloud would begin there whenever that cloud is back.
    people.cloud('service').setDown(true);
    expect(await positions()).toMatchObject({
      data: { customerPosition: null, identityPosition: expect.any(String) },
      errors: [{ path: ['customerPosition'], extensions: { code: 'SUBGRAPH_DOWN' } }],
    });
    people.cloud('service').setDown(false);
  });

  it('a customer follows themselves by any of their ids, and learns nothing of others', async () => {
    const [ann, bob] = [await people.person(), await people.person()];
    const own = follow(ann.id, asCustomer(ann.id));
    expect(await firstOf(own, ann.records['commerce'] ?? '')).toMatchObject({ customer: { customer360Id: ann.id } });
    await own.return?.();
    const refusals = [];
    for (const [id, who] of [
      [bob.id, asCustomer(ann.id)],
      ['c360_00000000000000000000000000', asCustomer(ann.id)],
      [ann.id, { subject: 'nobody', roles: ['app'], scopes: [] }],
    ] as const) {
      const [error] = (await follow(id, who).next()).value.errors;
      refusals.push([error.extensions['code'], error.message]);
    }
    expect(new Set(refusals.map(String)).size).toBe(1);
    expect(refusals[0]?.[0]).toBe('NOT_FOUND');
  });

  it('whoever was erased is gone from the event of it and from those that are read later', async () => {
    const ann = await people.person();
    const events = follow(ann.id);
    const { cursor } = await firstOf(events, ann.records['commerce'] ?? '');
    const input = { idempotencyKey: `erase-${ann.id}`, customer360Id: ann.id };
    const erased = await executeSubgraph(subgraph, {
      query: 'mutation ($input: EraseCustomerInput!) { eraseCustomer(input: $input) { proof { isErased } } }',
      variables: { input },
      principal: LOCAL_ADMINISTRATOR,
    });
    expect(erased.errors).toBeUndefined();
    const after = follow(ann.id, LOCAL_ADMINISTRATOR, String(cursor));
    for (const each of [events, after]) {
      let told: Record<string, unknown>;
      do told = (await each.next()).value.data.customerUpdated;
      while (told['eventType'] !== 'CUSTOMER_ERASED');
      expect(told).toMatchObject({ change: 'DELETED', objectId: ann.id, customer: null });
      await each.return?.();
    }
  });
});
