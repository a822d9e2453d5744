import type { IdentityRepository } from '../../subgraphs/identity/store/repository.ts';
import { LivePeople, link } from '../support/live-people.ts';
import { IDENTITY_STORES, type OpenIdentityStore } from './identity-stores.ts';

/** A store whose log is not read on for a while. */
function holdEvents(store: IdentityRepository) {
  let gate: Promise<void> | undefined;
  let letGo = (): void => {};
  let waiting = 0;
  const events: IdentityRepository['events'] = async (...page) => {
    waiting += 1;
    await gate;
    return store.events(...page);
  };
  const get = (target: IdentityRepository, name: keyof IdentityRepository): unknown => {
    const value = name === 'events' ? events : target[name];
    return typeof value === 'function' ? value.bind(target) : value;
  };
  return {
    repository: new Proxy(store, { get: (target, name) => get(target, name as keyof IdentityRepository) }),
    hold(): void {
      waiting = 0;
      gate = new Promise((resolve) => {
        letGo = resolve;
      });
    },
    async isHeld(): Promise<void> {
      while (waiting === 0) await new Promise(setImmediate);
    },
    letGo(): void {
      gate = undefined;
      letGo();
    },
  };
}

let merges = 0;
const newMergeId = (): string => `00000000-0000-4000-8000-${String(++merges).padStart(12, '0')}`;

describe.each(IDENTITY_STORES)('who follows a person, on $name', (kind) => {
  let store: OpenIdentityStore;
  let people: LivePeople;

  beforeAll(async () => {
    store = await kind.open();
    await store.repository.prepare();
    await store.empty();
    await store.repository.prepare();
    people = new LivePeople(store.repository);
  });
  afterAll(() => store.close());

  it('is told what changes in every cloud and in identity, and nothing of others', async () => {
    const [ann, bob] = [await people.person(), await people.person()];
    const follow = people.follow(ann.id, await people.now());
    const written = people.clouds.map((cloud) => {
      cloud.write(bob.records[cloud.dataSourceId] ?? '');
      return cloud.write(ann.records[cloud.dataSourceId] ?? '');
    });
    await people.apply(link(ann.id, 'commerce', 'late-1'));
    const last = people.cloud('commerce').write('late-1');
    await follow.until(() => follow.ids.includes(last) && follow.told.length === 5);
    expect(follow.ids.filter((id) => id !== last && !written.includes(id))).toHaveLength(1);
    expect(follow.told.map(({ event }) => event.eventType).sort()).toEqual([
      'Changed',
      'Changed',
      'Changed',
      'Changed',
      'RECORD_LINKED',
    ]);
    await follow.leave();
    expect([people.live.followers, people.live.isOpen]).toEqual([0, false]);
    expect(people.clouds.map(({ readers }) => readers)).toEqual([0, 0, 0]);
  });

  it('goes on after a merge with the survivor, and after an unmerge with who was asked for', async () => {
    const [ann, bob] = [await people.person(), await people.person()];
    const [ofAnn, ofBob] = [people.follow(ann.id, await people.now()), people.follow(bob.id, await people.now())];
    const commerce = people.cloud('commerce');
    const mergeEventId = newMergeId();
    await people.apply({ kind: 'merge', mergeEventId, survivor: ann.id, merged: bob.id, rule: 'MANUAL' });
    const [one, two] = [commerce.write(ann.records['commerce'] ?? ''), commerce.write(bob.records['commerce'] ?? '')];
    for (const follow of [ofAnn, ofBob]) {
      await follow.until(() => follow.ids.includes(two));
      expect(follow.told.map(({ event }) => event.eventType)).toEqual(['CUSTOMERS_MERGED', 'Changed', 'Changed']);
      expect(follow.ids.slice(1)).toEqual([one, two]);
      expect(follow.told.at(-1)?.person.customer360Id).toBe(ann.id);
    }
    await people.apply({ kind: 'unmerge', mergeEventId });
    const [three, four] = [
      commerce.write(ann.records['commerce'] ?? ''),
      commerce.write(bob.records['commerce'] ?? ''),
    ];
    await ofAnn.until(() => ofAnn.ids.includes(three));
    await ofBob.until(() => ofBob.ids.includes(four));
    expect([ofAnn.told.length, ofBob.told.length]).toEqual([5, 5]);
    expect(ofBob.told.at(-1)?.person.customer360Id).toBe(bob.id);
    expect([ofAnn.ids.includes(four), ofBob.ids.includes(three)]).toEqual([false, false]);
    await Promise.all([ofAnn.leave(), ofBob.leave()]);
  });

  it('finds after an absence what was missed, by time and from the logs, also after a restart', async () => {
    const ann = await people.person();
    const first = people.follow(ann.id, await people.now());
    const seen = people.cloud('service').write(ann.records['service'] ?? '');
    await first.until(() => first.ids.includes(seen));
    await first.leave();
    people.restart();
    const missed = Array.from({ length: 250 }, (_, index) => {
      const cloud = people.clouds[index % 3];
      return cloud?.write(ann.records[cloud.dataSourceId] ?? '', {
        occurredAt: new Date(1_800_000_000_000 + index).toISOString(),
      });
    });
    const again = people.follow(ann.id, first.cursor);
    await again.until(() => again.told.length === 250);
    expect(again.ids).toEqual(missed);
    const next = people.cloud('marketing').write(ann.records['marketing'] ?? '');
    await again.until(() => again.ids.includes(next));
    expect(again.ids).toEqual([...missed, next]);
    expect(people.cloud('commerce').asked.at(-1)?.sourceRecordIds).toContain(ann.records['commerce']);
    await again.leave();
  });

  it('is told of the other clouds while one is down, and of what that one had to tell once it is back', async () => {
    const ann = await people.person();
    const [commerce, service] = [people.cloud('commerce'), people.cloud('service')];
    const live = people.follow(ann.id, await people.now());
    const before = commerce.write(ann.records['commerce'] ?? '');
    await live.until(() => live.ids.includes(before));
    commerce.setDown(true);
    const missed = [1, 2, 3].map(() => commerce.write(ann.records['commerce'] ?? ''));
    const other = service.write(ann.records['service'] ?? '');
    await live.until(() => live.ids.includes(other));
    expect(live.ids).toEqual([before, other]);
    // One who comes back meanwhile is not kept waiting either.
    const late = people.follow(ann.id, live.cursor);
    const another = service.write(ann.records['service'] ?? '');
    await late.until(() => late.ids.includes(another));
    await live.until(() => live.ids.includes(another));
    commerce.setDown(false);
    await live.until(() => live.ids.includes(missed[2] ?? ''));
    await late.until(() => late.ids.includes(missed[2] ?? ''));
    expect(live.ids).toEqual([before, other, another, ...missed]);
    expect(late.ids).toEqual([another, ...missed]);
    await Promise.all([live.leave(), late.leave()]);
  });

  it('is told that a cursor is too old, of another store, or that nobody has the id', async () => {
    const ann = await people.person();
    const now = await people.now();
    const service = people.cloud('service');
    for (let event = 0; event < 20; event += 1) service.write(ann.records['service'] ?? '');
    service.keep(5);
    const failures = [];
    for (const [id, since] of [
      [ann.id, now],
      [ann.id, { ...now, commerce: '99999' }],
      [ann.id, { ...now, service: service.head, identity: '999999' }],
      ['c360_00000000000000000000000000', now],
    ] as const) {
      const follow = people.follow(id, since);
      await follow.ended;
      failures.push(follow.failure);
    }
    expect(failures).toEqual(['CURSOR_TOO_OLD', 'MALFORMED_ID', 'MALFORMED_ID', 'NOT_FOUND']);
    expect(people.live.isOpen).toBe(false);
  });

  it('is told that events were lost, also while what was read before them is not told yet', async () => {
    const held = holdEvents(store.repository);
    const slow = new LivePeople(held.repository);
    const ann = await slow.person();
    const commerce = slow.cloud('commerce');
    const record = ann.records['commerce'] ?? '';
    const early = slow.follow(ann.id, await slow.now());
    const first = commerce.write(record);
    await early.until(() => early.ids.includes(first));
    held.hold();
    commerce.write(record);
    await held.isHeld();
    const since = await slow.now();
    commerce.setDown(true);
    commerce.write(record);
    commerce.write(record);
    commerce.keep(1);
    // Back, it has forgotten what came next, and is read from its end on.
    commerce.setDown(false);
    while (commerce.asked.filter(({ since: from }) => from === null).length < 2) await new Promise(setImmediate);
    const late = slow.follow(ann.id, since);
    held.letGo();
    commerce.write(record);
    await Promise.all([early.ended, late.until(() => late.ids.length > 0)]);
    expect([early.failure, late.failure, late.ids]).toEqual(['CURSOR_TOO_OLD', 'CURSOR_TOO_OLD', []]);
  });

  it('who is far behind is read to from the logs at their own pace, and loses nothing', async () => {
    const ann = await people.person();
    const commerce = people.cloud('commerce');
    const iterator = people.live.follow(ann.id, await people.now(), undefined);
    const first = iterator.next();
    const ids = Array.from({ length: 5_000 }, () => commerce.write(ann.records['commerce'] ?? ''));
    const told = [(await first).value?.event.id];
    const other = people.follow(ann.id, await people.now());
    const mark = commerce.write(ann.records['commerce'] ?? '');
    await other.until(() => other.ids.includes(mark));
    while (told.at(-1) !== mark) told.push((await iterator.next()).value?.event.id);
    expect(told).toEqual([...ids, mark]);
    await iterator.return?.();
    await other.leave();
  });

  it('costs one small statement a round, however many follow and whatever happens to others', async () => {
    const everybody = await Promise.all(Array.from({ length: 20 }, () => people.person()));
    const now = await people.now();
    const follows = everybody.map(({ id }) => people.follow(id, now));
    const commerce = people.cloud('commerce');
    const mark = (): string[] => everybody.map(({ records }) => commerce.write(records['commerce'] ?? ''));
    const begun = mark();
    await Promise.all(follows.map((follow, index) => follow.until(() => follow.ids.includes(begun[index] ?? ''))));
    store.statements.length = 0;
    for (let event = 0; event < 500; event += 1) commerce.write('of-nobody');
    const ended = mark();
    await Promise.all(follows.map((follow, index) => follow.until(() => follow.ids.includes(ended[index] ?? ''))));
    expect(new Set(store.statements).size).toBe(1);
    expect(store.statements.length).toBeLessThan(20);
    await Promise.all(follows.map((follow) => follow.leave()));
  });
});
