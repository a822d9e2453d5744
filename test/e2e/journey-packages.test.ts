import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, parse, validate } from 'graphql';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import { startWhole, until, type Whole } from '../support/whole.ts';

const docs = readFileSync(join(PACKAGE_ROOT, 'docs/journeys.md'), 'utf8');
const examples = [...docs.matchAll(/```graphql\n([\s\S]*?)```/g)].map(([, text]) => text ?? '');
const exampleWith = (word: string): string => examples.find((text) => text.includes(word)) ?? '';

const INSTALL = `mutation ($key: String!, $name: ID!, $settings: String, $isOverwritingEdits: Boolean) {
  installJourneyPackage(input: { idempotencyKey: $key, name: $name, settings: $settings, isOverwritingEdits: $isOverwritingEdits }) {
    changes { objectType objectId change diff }
    journeyPackage { installedVersion settings installed { objectType objectId } operations { name document } }
  }
}`;
const UNINSTALL = `mutation ($key: String!, $name: ID!) {
  uninstallJourneyPackage(input: { idempotencyKey: $key, name: $name }) {
    changes { objectType objectId change }
    journeyPackage { name installedVersion installed { objectId } }
  }
}`;
const PLAN = `query ($name: ID!, $settings: String) {
  journeyPackagePlan(name: $name, settings: $settings) {
    isInstallable requirements { requirement isMet remedy } changes { objectType objectId change diff }
    settings wouldHaveEnteredCount isWouldHaveEnteredAtLeast examples { objectType objectId }
  }
}`;

describe('journey packages, through the front door', () => {
  let whole: Whole;
  let keys = 0;
  beforeAll(async () => {
    whole = await startWhole({ people: 20, environment: { JOURNEYS: 'off' } });
    await until(
      async () => (await whole.ask('{ caseQueue(first: 1) { edges { node { customer { fullName } } } } }')).data,
    );
  });
  afterAll(() => whole.close());

  const install = (name: string, settings?: object, more: object = {}) => {
    keys += 1;
    const given = settings && JSON.stringify(settings);
    return whole.ask(INSTALL, { key: `install ${keys}`, name, settings: given, ...more });
  };
  const uninstall = (name: string) => {
    keys += 1;
    return whole.ask(UNINSTALL, { key: `uninstall ${keys}`, name });
  };
  const plan = async (name: string, settings?: object) => {
    const { data, errors } = await whole.ask(PLAN, { name, settings: settings && JSON.stringify(settings) });
    if (errors) throw new Error(JSON.stringify(errors));
    return data.journeyPackagePlan;
  };
  /** Everything but history: what is listed and what is installed. */
  const standing = () =>
    whole.ask(
      '{ journeys { id status version document packageName } journeyPackages { name installedVersion settings installed { objectId } } }',
    );

  it('every example of the documentation is an operation of this graph', () => {
    const schema = buildSchema(readFileSync(join(PACKAGE_ROOT, 'schema/generated/api.graphql'), 'utf8'));
    expect(examples.length).toBeGreaterThanOrEqual(6);
    expect(examples.flatMap((text) => validate(schema, parse(text)).map(({ message }) => message))).toEqual([]);
  });

  it('the documented plan finds all that is needed, and the carts that were left', async () => {
    const { data, errors } = await whole.ask(exampleWith('journeyPackagePlan'));
    expect(errors).toBeUndefined();
    const found = data.journeyPackagePlan;
    expect(found.requirements.filter(({ isMet }: { isMet: boolean }) => !isMet)).toEqual([]);
    expect(found).toMatchObject({
      isInstallable: true,
      changes: [{ objectType: 'Journey', objectId: 'abandoned-cart', change: 'CREATED', diff: null }],
    });
    const carts = found.examples.map(({ objectId }: { objectId: string }) => objectId);
    expect(carts).toEqual(expect.arrayContaining(['cart_b0b0000000000001', 'cart_ca40100000000001']));
    expect(found.wouldHaveEnteredCount).toBeGreaterThanOrEqual(2);
  });

  it('installs, repeats the answer, upgrades with a diff, and removes exactly what it made', async () => {
    const before = await standing();
    const first = await whole.ask(exampleWith('installJourneyPackage'));
    expect(first.errors).toBeUndefined();
    expect(await whole.ask(exampleWith('installJourneyPackage'))).toEqual(first);
    const journey = async () =>
      (await whole.ask('{ journey(id: "abandoned-cart") { status version versions packageName } }')).data.journey;
    expect(await journey()).toEqual({ status: 'ACTIVE', version: 1, versions: [1], packageName: 'abandoned-cart' });
    // The same again changes nothing: no new version.
    expect((await install('abandoned-cart')).data.installJourneyPackage.changes).toEqual([]);
    expect((await journey()).version).toBe(1);
    const [change] = (await plan('abandoned-cart', { percent: 20 })).changes;
    expect(change.diff).toMatch(/-\s+"percent": 15,\n\+\s+"percent": 20,/);
    const upgraded = (await install('abandoned-cart', { percent: 20 })).data.installJourneyPackage;
    expect(upgraded.changes).toEqual([change]);
    // What is not named stays: the shop's own name.
    expect(JSON.parse(upgraded.journeyPackage.settings)).toMatchObject({ percent: 20, shopName: 'Nordlicht' });
    expect(await journey()).toMatchObject({ version: 2, versions: [2, 1] });
    for (const example of ['journeyInstances(first: 10)', 'report(']) {
      expect((await whole.ask(exampleWith(example))).errors).toBeUndefined();
    }
    const gone = await uninstall('abandoned-cart');
    expect(gone.data.uninstallJourneyPackage).toEqual({
      changes: [{ objectType: 'Journey', objectId: 'abandoned-cart', change: 'DELETED' }],
      journeyPackage: { name: 'abandoned-cart', installedVersion: null, installed: null },
    });
    expect(await standing()).toEqual(before);
    expect(await journey()).toMatchObject({ status: 'STOPPED' });
    expect((await uninstall('abandoned-cart')).errors?.[0]?.extensions.code).toBe('NOT_FOUND');
  });

  it('every package can be installed and leaves nothing behind', async () => {
    const before = await standing();
    const names = before.data.journeyPackages.map(({ name }: { name: string }) => name);
    for (const name of names) {
      const { data, errors } = await install(name);
      expect([name, errors]).toEqual([name, undefined]);
      expect(data.installJourneyPackage.journeyPackage.installed).toHaveLength(1);
    }
    for (const name of names) expect((await uninstall(name)).errors).toBeUndefined();
    expect(await standing()).toEqual(before);
  });

  it('is installed once by two who do it at the same time, and removed once', async () => {
    const before = await standing();
    const both = await Promise.all([install('win-back'), install('win-back')]);
    // Who comes while the other is at it is told so; who comes right after has nothing to do.
    for (const { errors } of both) expect([undefined, 'CONFLICT']).toContain(errors?.[0]?.extensions.code);
    const changes = both.flatMap(({ data }) => data?.installJourneyPackage?.changes ?? []);
    expect(changes).toMatchObject([{ objectId: 'win-back', change: 'CREATED' }]);
    const gone = await Promise.all([uninstall('win-back'), uninstall('win-back')]);
    expect(gone.map(({ errors }) => errors?.[0]?.extensions.code).sort()).toEqual(['NOT_FOUND', undefined]);
    expect(await standing()).toEqual(before);
  });

  it('does not overwrite what was changed by hand unless told so', async () => {
    await install('win-back');
    const { data } = await whole.ask('{ journey(id: "win-back") { document } }');
    const document = data.journey.document.replace('"name": "Win back"', '"name": "Come home"');
    const saved = await whole.ask(
      'mutation ($document: String!) { saveJourney(input: { idempotencyKey: "edit", document: $document }) { journey { name } } }',
      { document },
    );
    expect(saved.data.saveJourney.journey.name).toBe('Come home');
    const found = await plan('win-back', { percent: 5 });
    expect(found.isInstallable).toBe(false);
    expect(found.changes[0].diff).toContain('-  "name": "Come home"');
    const refused = await install('win-back', { percent: 5 });
    expect(refused.errors?.[0]?.extensions.code).toBe('CONFLICT');
    const forced = await install('win-back', { percent: 5 }, { isOverwritingEdits: true });
    expect(forced.data.installJourneyPackage.changes[0].change).toBe('UPDATED');
    await uninstall('win-back');
  });

  it('refuses a journey of somebody else, wrong settings all at once, and a package that is none', async () => {
    const [object] = (await plan('win-back')).changes;
    expect(object.change).toBe('CREATED');
    await install('win-back');
    const { data } = await whole.ask('{ journey(id: "win-back") { document } }');
    await uninstall('win-back');
    await whole.ask(
      'mutation ($document: String!) { saveJourney(input: { idempotencyKey: "own", document: $document }) { journey { id packageName } } }',
      { document: data.journey.document },
    );
    const own = (await whole.ask('{ journeys { id packageName } }')).data.journeys;
    expect(own).toEqual([{ id: 'win-back', packageName: null }]);
    expect((await install('win-back')).errors?.[0]?.message).toMatch(/is not of this package/);
    const wrong = await install('abandoned-cart', { percent: 200, nonsense: 1, wait: 'soon' });
    expect(wrong.errors?.[0]).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
    for (const name of ['percent', 'nonsense', 'wait']) expect(wrong.errors?.[0]?.message).toContain(`\`${name}\``);
    expect((await install('nothing')).errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  it('gives the agent one question for everything, with what is on its way', async () => {
    const { data } = await install('service-profile', { timeZone: 'Europe/Madrid', orders: 2 });
    const [operation] = data.installJourneyPackage.journeyPackage.operations;
    expect(operation.name).toBe('AgentProfile');
    const customer = await whole.ask(
      '{ customerBy(by: { emailAddress: "alice.martin@example.org" }) { customer360Id } }',
    );
    const customer360Id: string = customer.data.customerBy.customer360Id;
    await install('abandoned-cart', { wait: 'PT2H' });
    const store = await whole.storeOf('marketing');
    await store.query(`INSERT INTO marketing.journey_trigger (trigger_id, kind, due_on, written_on, object_type, object_id, occasion)
      VALUES ('t', 'CART_ABANDONED', now(), now(), 'ShoppingCart', 'cart_a11ce00000000001', 'o')`);
    await store.query(
      `INSERT INTO marketing.journey_instance (instance_id, journey_id, version, trigger_id, customer360_id, object_type, object_id, status,
         entered_on, counts_until, step, is_begun, due_on, is_held_out, is_single)
       SELECT 'i', journey_id, version, 't', $1, 'ShoppingCart', 'cart_a11ce00000000001', 'WAITING', now(), now() + interval '7 days',
         'wait', true, now() + interval '49 hours', false, true FROM marketing.journey WHERE journey_id = 'abandoned-cart'`,
      [customer360Id],
    );
    const { answer, statements } = await whole.askCounting(operation.document, { customer360Id });
    expect(answer.errors).toBeUndefined();
    expect(answer.data.customer).toMatchObject({
      fullName: 'Alice Martin',
      plannedMessages: [
        {
          sentence: expect.stringMatching(/^gets a 10 % discount mail on .* at \d\d:\d\d \(Abandoned cart\)$/),
          step: 'discount',
          journey: { id: 'abandoned-cart', name: 'Abandoned cart' },
          journeyInstance: { id: 'i', status: 'WAITING' },
        },
      ],
    });
    expect(answer.data.customer.salesOrders.edges).toHaveLength(2);
    expect(statements.filter((text) => text.includes('journey_instance')).length).toBeLessThanOrEqual(3);
  });
});
