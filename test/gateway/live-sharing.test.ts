import fc from 'fast-check';
import type { Subscriber } from '../../gateway/subscribe/live-operation.ts';
import { Subscriptions } from '../../gateway/subscribe/subscriptions.ts';
import { EventLog } from '../support/event-log.ts';
import { DirectStages, principalNamed } from '../support/live-server.ts';
import { createManualTimers } from '../support/manual-timers.ts';

/** One who follows, with what they were told. */
class Follower implements Subscriber {
  readonly values: string[] = [];
  readonly texts: string[] = [];
  cursor: string | undefined;
  end: string | undefined;
  readonly leaving = new AbortController();

  next(text: string, cursor?: string | number): void {
    if (this.end !== undefined) throw new Error('Told after the end.');
    this.texts.push(text);
    const { data } = JSON.parse(text);
    this.values.push(data.changed?.value ?? data.tick);
    this.cursor = cursor === undefined ? undefined : String(cursor);
  }
  ready(): undefined {}
  complete(): void {
    this.end = 'complete';
  }
  fail(errors: readonly { extensions?: Record<string, unknown> }[]): void {
    this.end = String(errors[0]?.extensions?.['code']);
  }
}

const CHANGED = 'subscription ($since: Cursor, $topic: String) { changed(since: $since, topic: $topic) { value } }';

class World {
  readonly log = new EventLog();
  readonly stages = new DirectStages(this.log);
  readonly timers = createManualTimers();
  readonly losses: unknown[] = [];
  readonly subscriptions = new Subscriptions({
    stages: this.stages,
    after: this.timers.after,
    clock: this.timers.now,
    random: () => 0.5,
    backoff: { firstMs: 100, longestMs: 1000, attempts: 5 },
    onEvent: () => {},
    onLoss: (_subgraph, reason) => this.losses.push(reason),
  });

  follow(variables: Record<string, unknown> = {}, subject = 'alice', query = CHANGED): Follower {
    const follower = new Follower();
    const caller = { principal: principalNamed(subject), requestId: 'r', signal: follower.leaving.signal };
    this.subscriptions.follow({ query, variables }, caller, follower);
    return follower;
  }

  get streams(): number {
    return this.subscriptions.counts.streams;
  }
}

/** Lets everything that is under way in memory come to rest. */
async function rest(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
}

describe('sharing', () => {
  it('the same operation, variables and identity have one subscription to the subgraph, worked on once', async () => {
    const world = new World();
    const followers = [world.follow(), world.follow(), world.follow({ topic: undefined })];
    await rest();
    expect([world.log.subscribers, world.streams]).toEqual([1, 1]);
    world.log.append('a');
    await rest();
    expect(followers.map(({ values }) => values)).toEqual([['a'], ['a'], ['a']]);
    expect(world.stages.answered).toBe(1);
    const late = world.follow();
    await rest();
    world.log.append('b');
    await rest();
    expect([late.values, followers[0]?.values]).toEqual([['b'], ['a', 'b']]);
    expect(world.log.asked).toHaveLength(1);
  });

  it('another identity, variable or document has its own', async () => {
    const world = new World();
    world.follow();
    world.follow({}, 'bob');
    world.follow({ topic: 'x' });
    world.follow({}, 'alice', CHANGED.replace('{ value }', '{ value cursor }'));
    await rest();
    expect([world.log.subscribers, world.streams]).toEqual([4, 4]);
  });

  it('the last one to leave ends the subscription to the subgraph', async () => {
    const world = new World();
    const [one, two] = [world.follow(), world.follow()];
    await rest();
    one.leaving.abort();
    await rest();
    expect(world.log.subscribers).toBe(1);
    two.leaving.abort();
    await rest();
    expect([world.log.subscribers, world.streams, world.subscriptions.counts.followers, world.stages.held]).toEqual([
      0, 0, 0, 0,
    ]);
    world.log.append('a');
    await rest();
    expect([one.values, two.values, one.end]).toEqual([[], [], undefined]);
  });

  it('one who leaves before the subscription has begun leaves nothing behind', async () => {
    const world = new World();
    world.follow().leaving.abort();
    await rest();
    expect([world.log.asked.length, world.streams, world.stages.held]).toEqual([0, 0, 0]);
  });

  it('events that take differently long to work on stay in order', async () => {
    const world = new World();
    const gates: (() => void)[] = [];
    world.stages.beforeEvent = () => new Promise((resolve) => gates.push(resolve));
    const follower = world.follow();
    await rest();
    for (const value of ['a', 'b', 'c']) world.log.append(value);
    await rest();
    expect(gates).toHaveLength(3);
    for (const open of gates.reverse()) {
      open();
      await rest();
    }
    expect(follower.values).toEqual(['a', 'b', 'c']);
  });

  it('the subgraph is not asked for more events than are worked on', async () => {
    const world = new World();
    const gates: (() => void)[] = [];
    world.stages.beforeEvent = () => new Promise((resolve) => gates.push(resolve));
    const follower = world.follow();
    await rest();
    for (let index = 0; index < 100; index += 1) world.log.append(String(index));
    await rest();
    expect(world.stages.answered).toBe(64);
    for (let index = 0; index < 100; index += 1) {
      gates[index]?.();
      await rest();
    }
    expect(follower.values).toHaveLength(100);
  });
});

describe('going on', () => {
  it('a client with a cursor gets what came after it, and then shares the stream of the others', async () => {
    const world = new World();
    const live = world.follow();
    await rest();
    for (const value of ['a', 'b', 'c']) world.log.append(value);
    await rest();
    const late = world.follow({ since: '1' });
    await rest();
    expect(late.values).toEqual(['b', 'c']);
    expect([world.log.subscribers, world.streams]).toEqual([1, 1]);
    world.log.append('d');
    await rest();
    expect([live.values, late.values]).toEqual([
      ['a', 'b', 'c', 'd'],
      ['b', 'c', 'd'],
    ]);
  });

  it('clients that come again with the position of the stream join it at once', async () => {
    const world = new World();
    world.follow();
    await rest();
    world.log.append('a');
    await rest();
    const again = [world.follow({ since: '1' }), world.follow({ since: '1' })];
    await rest();
    expect(world.log.asked).toHaveLength(1);
    world.log.append('b');
    await rest();
    expect(again.map(({ values }) => values)).toEqual([['b'], ['b']]);
  });

  it('one without a cursor does not join a stream that still tells the past', async () => {
    const world = new World();
    world.log.append('a');
    world.stages.beforeEvent = async () => new Promise(() => {});
    world.follow({ since: '0' });
    await rest();
    const now = world.follow();
    await rest();
    world.stages.beforeEvent = async () => {};
    world.log.append('b');
    await rest();
    expect(now.values).toEqual(['b']);
  });

  it('the cursor is selected for the gateway alone', async () => {
    const world = new World();
    const follower = world.follow();
    const selecting = world.follow({}, 'alice', 'subscription { c: changed { at: cursor value } }');
    await rest();
    world.log.append('a');
    await rest();
    expect(follower.texts).toEqual(['{"data":{"changed":{"value":"a"}}}']);
    expect(JSON.parse(selecting.texts[0] ?? '')).toEqual({ data: { c: { at: '1', value: 'a' } } });
    expect([follower.cursor, selecting.cursor]).toEqual(['1', '1']);
  });

  it('a lost subgraph is subscribed to again from the last cursor, after growing pauses', async () => {
    const world = new World();
    const follower = world.follow({}, 'alice', 'subscription { changed(since: "0") { value } }');
    await rest();
    world.log.append('a');
    await rest();
    world.log.isDown = true;
    world.log.cut();
    await rest();
    world.log.append('b');
    for (const pause of [75, 150, 300]) {
      const asked = world.log.asked.length;
      world.timers.advance(pause - 1);
      await rest();
      expect(world.log.asked).toHaveLength(asked);
      world.timers.advance(1);
      await rest();
      expect(world.log.asked).toHaveLength(asked + 1);
    }
    world.log.isDown = false;
    world.timers.advance(1000);
    await rest();
    world.log.append('c');
    await rest();
    expect(follower.values).toEqual(['a', 'b', 'c']);
    expect(world.losses).toHaveLength(4);
  });

  it('ends with an error when the subgraph stays lost', async () => {
    const world = new World();
    const follower = world.follow({ since: '0' });
    await rest();
    world.log.isDown = true;
    world.log.cut();
    for (let attempt = 0; attempt < 10; attempt += 1) {
      await rest();
      world.timers.advance(1000);
    }
    expect(follower.end).toBe('SUBSCRIPTION_INTERRUPTED');
    expect([world.timers.pending, world.streams, world.stages.held]).toEqual([0, 0, 0]);
  });

  it('ends with an error when there is no cursor to go on from', async () => {
    const world = new World();
    const ticking = world.follow({}, 'alice', 'subscription { tick }');
    const silent = world.follow();
    await rest();
    world.log.append('a');
    await rest();
    world.log.cut();
    await rest();
    expect(ticking.values).toEqual([1]);
    expect(ticking.end).toBe('SUBSCRIPTION_INTERRUPTED');
    expect(silent.end).toBeUndefined();
    silent.leaving.abort();
    const unheard = world.follow({ topic: 'never' });
    await rest();
    world.log.cut();
    await rest();
    expect(unheard.end).toBe('SUBSCRIPTION_INTERRUPTED');
  });

  it('leaving while the subgraph is lost ends the attempts', async () => {
    const world = new World();
    const follower = world.follow({ since: '0' });
    await rest();
    world.log.isDown = true;
    world.log.cut();
    await rest();
    follower.leaving.abort();
    await rest();
    expect([world.timers.pending, world.streams]).toEqual([0, 0]);
  });
});

describe('a new generation', () => {
  it('keeps a subscription whose operation for the subgraph is the same', async () => {
    const world = new World();
    const [one, ticking] = [world.follow(), world.follow({}, 'alice', 'subscription { tick }')];
    await rest();
    world.log.append('a');
    await rest();
    world.stages.today = {};
    await world.subscriptions.generationChanged();
    const two = world.follow();
    await rest();
    world.log.append('b');
    await rest();
    expect([one.values, two.values, ticking.values]).toEqual([['a', 'b'], ['b'], [1, 2]]);
    expect(world.log.asked).toHaveLength(2);
    expect(world.stages.held).toBe(2);
  });

  it('goes on from the last cursor when the subgraph is asked something else', async () => {
    const world = new World();
    const follower = world.follow();
    await rest();
    world.log.append('a');
    await rest();
    world.stages.today = {};
    world.stages.rewrite = (query) => query.replace('{ value }', '{ value __typename }');
    const changing = world.subscriptions.generationChanged();
    world.log.append('b');
    await changing;
    world.log.append('c');
    await rest();
    expect(follower.values).toEqual(['a', 'b', 'c']);
    expect([world.log.asked.length, world.log.subscribers]).toEqual([2, 1]);
  });

  it('ends what can not go on without a gap, and what is not valid any more', async () => {
    const world = new World();
    const ticking = world.follow({}, 'alice', 'subscription { tick }');
    const follower = world.follow({ topic: 'x' });
    await rest();
    world.stages.today = { refuses: 'changed' };
    world.stages.rewrite = (query) => query.replace('tick', 'tick: tick');
    await world.subscriptions.generationChanged();
    expect([ticking.end, follower.end]).toEqual(['SUBSCRIPTION_INTERRUPTED', 'GRAPHQL_VALIDATION_FAILED']);
    await rest();
    expect([world.log.subscribers, world.stages.held]).toEqual([0, 0]);
  });
});

describe('whatever happens', () => {
  type Step =
    | { readonly kind: 'append' | 'cut' | 'down' | 'up' | 'reload' | 'rewrite' | 'rest' | 'turn' }
    | { readonly kind: 'time'; readonly ms: number }
    | { readonly kind: 'now' }
    | { readonly kind: 'since'; readonly back: number }
    | { readonly kind: 'leave' | 'again'; readonly who: number };
  const simple = fc.constantFrom(
    'append',
    'append',
    'append',
    'cut',
    'down',
    'up',
    'reload',
    'rewrite',
    'rest',
    'turn',
    'turn',
  );
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 6, arbitrary: simple.map((kind) => ({ kind }) as Step) },
    fc.integer({ min: 1, max: 800 }).map((ms): Step => ({ kind: 'time', ms })),
    fc.constant<Step>({ kind: 'now' }),
    fc.nat(6).map((back): Step => ({ kind: 'since', back })),
    fc.record({ kind: fc.constantFrom('leave', 'again'), who: fc.nat(5) }) as fc.Arbitrary<Step>,
  );

  interface Expected {
    readonly follower: Follower;
    /** Place of the first event that it is to get; of one that began without a cursor, the last place that this may be. */
    readonly from: number;
    readonly beganNow?: true;
  }

  const placeOf = (value: string | undefined, values: readonly string[]): number =>
    value === undefined ? values.length : values.indexOf(value);

  it('everybody gets exactly the events after their cursor, in order', async () => {
    const property = fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.infiniteStream(fc.nat(6)),
      async (steps, delays) => {
        const world = new World();
        const all: Expected[] = [];
        world.stages.beforeEvent = async () => {
          for (let turns = delays.next().value ?? 0; turns > 0; turns -= 1) await new Promise(setImmediate);
        };
        // One that has begun keeps the position known, so that losses can always be mended.
        world.log.append('first');
        const begin = (since: number): void => {
          all.push({ follower: world.follow({ since: String(since) }), from: since });
        };
        begin(0);
        for (const { kind, ...rested } of steps) {
          const given = rested as { ms: number; back: number; who: number };
          const { length } = world.log.events;
          if (kind === 'append') world.log.append(`e${length}`);
          else if (kind === 'cut') world.log.cut();
          else if (kind === 'down') world.log.isDown = true;
          else if (kind === 'up') world.log.isDown = false;
          else if (kind === 'rest') await rest();
          else if (kind === 'turn') await new Promise(setImmediate);
          else if (kind === 'time') world.timers.advance(given.ms);
          else if (kind === 'now') {
            const follower = world.follow();
            await rest();
            all.push({ follower, from: length, beganNow: true });
          } else if (kind === 'since') begin(Math.max(0, length - given.back));
          else if (kind === 'reload' || kind === 'rewrite') {
            world.stages.today = {};
            if (kind === 'rewrite')
              world.stages.rewrite = (query) => query.replace('{ value', `{ v${length}: __typename value`);
            await world.subscriptions.generationChanged();
          } else if (kind === 'leave' || kind === 'again') {
            const chosen = all[given.who % all.length];
            chosen?.follower.leaving.abort();
            if (kind === 'again' && chosen && !chosen.beganNow) begin(chosen.from + chosen.follower.values.length);
          }
        }
        world.log.isDown = false;
        for (let round = 0; round < 12; round += 1) {
          await rest();
          world.timers.advance(1000);
        }
        await rest();
        world.stages.beforeEvent = async () => {};
        world.log.append('last');
        await rest();
        const values = world.log.events.map(({ value }) => value);
        for (const { follower, from, beganNow } of all) {
          const isWhole = !follower.leaving.signal.aborted && follower.end === undefined;
          const due = values.slice(beganNow ? Math.min(from, placeOf(follower.values[0], values)) : from);
          expect(follower.values).toEqual(isWhole ? due : due.slice(0, follower.values.length));
          if (follower.end !== undefined) expect(follower.end).toBe('SUBSCRIPTION_INTERRUPTED');
        }
        const whole = all.filter(({ follower }) => !follower.leaving.signal.aborted && follower.end === undefined);
        expect(world.subscriptions.counts).toEqual({ followers: whole.length, streams: whole.length > 0 ? 1 : 0 });
        expect(world.log.subscribers).toBe(whole.length > 0 ? 1 : 0);
        expect(world.stages.held).toBe(whole.length > 0 ? 1 : 0);
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });
});
