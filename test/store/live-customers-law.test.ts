import fc from 'fast-check';
import { comparePositions } from '../../subgraphs/identity/live/positions.ts';
import { type Follow, LivePeople, link } from '../support/live-people.ts';
import { IDENTITY_STORES, type OpenIdentityStore } from './identity-stores.ts';

const PEOPLE = 4;
const CLOUDS = ['commerce', 'marketing', 'service'] as const;

type Step =
  | { readonly kind: 'event'; readonly person: number; readonly cloud: number }
  | { readonly kind: 'merge'; readonly survivor: number; readonly merged: number }
  | { readonly kind: 'unmerge'; readonly which: number }
  | { readonly kind: 'leave' | 'return'; readonly follower: number }
  | { readonly kind: 'fail' | 'recover'; readonly cloud: number }
  | { readonly kind: 'restart' | 'rest' };

const person = fc.nat({ max: PEOPLE - 1 });
const cloud = fc.nat({ max: CLOUDS.length - 1 });
const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('event' as const), person, cloud }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('merge' as const), survivor: person, merged: person }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('unmerge' as const), which: fc.nat({ max: 5 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('leave' as const, 'return' as const), follower: person }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('fail' as const, 'recover' as const), cloud }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('rest' as const, 'rest' as const, 'restart' as const) }) },
);

/** A customer as the model has it, with who follows it. */
interface Modelled {
  readonly id: string;
  readonly records: Record<string, string>;
  /** Index of the person it stands for. */
  standsFor: number;
  follow: Follow | undefined;
  cursor: string | undefined;
  readonly told: { id: string; log: string; position: string }[];
}

/** An event with whose it was, from when it was written until now: for each follower whether always, never, or now and then. */
interface Written {
  readonly id: string;
  /** Index of the person whose record it is of, or the people that it names. */
  readonly of: readonly number[];
  readonly seenAs: ('always' | 'never' | 'sometimes')[];
}

class World {
  readonly people: LivePeople;
  readonly modelled: Modelled[] = [];
  readonly written: Written[] = [];
  readonly merges: { readonly mergeEventId: string; readonly merged: number; readonly survivor: number }[] = [];
  static merges = 0;
  start: Readonly<Record<string, string>> = {};

  constructor(people: LivePeople) {
    this.people = people;
  }

  async begin(): Promise<void> {
    for (let index = 0; index < PEOPLE; index += 1) {
      const made = await this.people.person();
      this.modelled.push({ ...made, standsFor: index, follow: undefined, cursor: undefined, told: [] });
    }
    this.start = await this.people.now();
    for (const each of this.modelled) this.return(each);
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'event':
        this.write(CLOUDS[step.cloud] ?? 'commerce', step.person);
        return;
      case 'merge':
        return this.merge(step.survivor, step.merged);
      case 'unmerge':
        return this.unmerge(step.which);
      case 'leave':
        return this.leave(this.at(step.follower));
      case 'return':
        this.return(this.at(step.follower));
        return;
      case 'fail':
      case 'recover':
        this.people.cloud(CLOUDS[step.cloud] ?? 'commerce').setDown(step.kind === 'fail');
        return;
      case 'restart':
        for (const each of this.modelled) await this.leave(each);
        this.people.restart();
        for (const each of this.modelled) this.return(each);
        return;
      case 'rest':
        for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  write(name: string, of: number): string {
    const id = this.people.cloud(name).write(this.at(of).records[name] ?? '');
    this.note(id, [of]);
    return id;
  }

  note(id: string, of: readonly number[]): void {
    const seenAs = this.modelled.map((each) => (this.isOf(each, of) ? 'always' : 'never') as Written['seenAs'][number]);
    this.written.push({ id, of, seenAs });
  }

  isOf(each: Modelled, of: readonly number[]): boolean {
    return of.some((index) => this.at(index).standsFor === each.standsFor);
  }

  /** What belonged to somebody and does no longer, or the other way round, may or may not be told. */
  belongingChanged(): void {
    for (const { of, seenAs } of this.written) {
      for (const [index, each] of this.modelled.entries()) {
        if ((seenAs[index] === 'always') !== this.isOf(each, of)) seenAs[index] = 'sometimes';
      }
    }
  }

  async merge(survivorIndex: number, mergedIndex: number): Promise<void> {
    const [survivor, merged] = [this.at(survivorIndex).standsFor, this.at(mergedIndex).standsFor];
    if (survivor === merged) return;
    World.merges += 1;
    const mergeEventId = `00000000-0000-4000-9000-${String(World.merges).padStart(12, '0')}`;
    const ids = { survivor: this.at(survivor).id, merged: this.at(merged).id };
    await this.people.apply({ kind: 'merge', mergeEventId, ...ids, rule: 'MANUAL' });
    for (const each of this.modelled) if (each.standsFor === merged) each.standsFor = survivor;
    this.merges.push({ mergeEventId, merged, survivor });
    this.belongingChanged();
    await this.noteLast([survivor, merged]);
  }

  /** Only the last merge that is in effect: what an older one gives back is told by identity's own tests. */
  async unmerge(which: number): Promise<void> {
    if (which > 2) return;
    const last = this.merges.pop();
    if (!last) return;
    await this.people.apply({ kind: 'unmerge', mergeEventId: last.mergeEventId });
    const found = await this.people.repository.customersByIds(this.modelled.map(({ id }) => id));
    for (const each of this.modelled) {
      const id = found.get(each.id)?.customer360Id;
      each.standsFor = this.modelled.findIndex((other) => other.id === id);
    }
    this.belongingChanged();
    await this.noteLast([last.survivor, last.merged]);
  }

  async noteLast(of: readonly number[]): Promise<string> {
    const head = await this.people.repository.history.head();
    const [event] = await this.people.repository.events(head - 1, 1);
    if (!event) throw new Error('Nothing was written.');
    this.note(event.id, of);
    return event.id;
  }

  async leave(each: Modelled): Promise<void> {
    const { follow } = each;
    if (!follow) return;
    each.follow = undefined;
    await follow.leave();
    each.cursor = follow.cursor ?? each.cursor;
    each.told.push(...follow.told.map(({ event: { id, log, position } }) => ({ id, log, position })));
  }

  return(each: Modelled): void {
    each.follow ??= this.people.follow(each.id, each.cursor ?? this.start);
  }

  /** All clouds answer, everybody is back, and has been told all there is. */
  async settle(): Promise<void> {
    for (const name of CLOUDS) this.people.cloud(name).setDown(false);
    for (const each of this.modelled) this.return(each);
    const marks: string[][] = [];
    for (const [index, { id }] of this.modelled.entries()) {
      await this.people.apply(link(id, 'commerce', `mark-of-${id}`));
      marks.push([await this.noteLast([index]), ...CLOUDS.map((name) => this.write(name, index))]);
    }
    for (const [index, each] of this.modelled.entries()) {
      const wanted = this.modelled.flatMap((other, at) =>
        other.standsFor === each.standsFor ? (marks[at] ?? []) : [],
      );
      const { follow } = each;
      await follow?.until(() => wanted.every((id) => follow.ids.includes(id)));
      if (follow?.failure !== undefined) throw new Error(`Follower ${index} failed: ${String(follow.failure)}`);
    }
    for (const each of this.modelled) await this.leave(each);
  }

  at(index: number): Modelled {
    const found = this.modelled[index];
    if (!found) throw new Error('There is no such person.');
    return found;
  }
}

function expectLaw({ modelled, written }: World): void {
  for (const [index, { told }] of modelled.entries()) {
    const ids = told.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, seenAs } of written) {
      if (seenAs[index] === 'always') expect(ids).toContain(id);
      if (seenAs[index] === 'never') expect(ids).not.toContain(id);
    }
    const reached = new Map<string, string>();
    for (const { log, position } of told) {
      const before = reached.get(log);
      if (before !== undefined) expect(comparePositions(before, position)).toBeLessThan(0);
      reached.set(log, position);
    }
  }
}

describe.each(IDENTITY_STORES)('the law of who follows a person, on $name', (kind) => {
  let store: OpenIdentityStore;

  beforeAll(async () => {
    store = await kind.open();
    await store.repository.prepare();
    await store.empty();
    await store.repository.prepare();
  });
  afterAll(() => store.close());

  it.each([10_000, 3])(
    'each event of the person is told exactly once and in order, with %s events at hand',
    async (kept) => {
      await fc.assert(
        fc.asyncProperty(fc.array(STEP, { minLength: 5, maxLength: 40 }), async (steps) => {
          const world = new World(new LivePeople(store.repository, { eventsKept: kept }));
          await world.begin();
          for (const step of steps) await world.take(step);
          await world.settle();
          expectLaw(world);
        }),
        { numRuns: 20 },
      );
    },
  );
});
