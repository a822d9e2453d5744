import fc from 'fast-check';
import type { OutboxEvent } from '../../database/outbox.ts';
import type { OutboxReader } from '../../database/outbox-reader.ts';
import { createOutboxTail, type OutboxTail } from '../../database/outbox-tail.ts';

const unknown = () => new Error('unknown');

/** A log in memory with holes, of which every second number was given to nobody; its followers see it when they are told to. */
class MemoryLog implements OutboxReader {
  readonly events: OutboxEvent[] = [];
  /** What followers may see: a look may lag behind the log. */
  shown = 0;
  reads = 0;
  isBroken = false;
  #wake = (): void => {};

  add(count: number): void {
    for (let n = 0; n < count; n += 1) {
      const sequence = (this.events.at(-1)?.sequence ?? 0) + 1 + (this.events.length % 2);
      const rest = { occurredAt: '2026-03-01T08:30:00.000Z', payload: {} };
      this.events.push({ sequence, id: `e${sequence}`, type: sequence % 3 === 0 ? 'A' : 'B', key: 'k', ...rest });
    }
  }
  show(): void {
    this.shown = this.events.length;
    this.#wake();
  }
  async read(after: number, limit: number): Promise<OutboxEvent[]> {
    this.reads += 1;
    return this.events.filter(({ sequence }) => sequence > after).slice(0, limit);
  }
  async head(): Promise<number> {
    return this.events.at(-1)?.sequence ?? 0;
  }
  async bounds() {
    const newest = await this.head();
    return { newest, lastGiven: newest, floor: 0 };
  }
  async *follow(after: number, { signal }: { readonly signal: AbortSignal }): AsyncGenerator<OutboxEvent[], undefined> {
    let position = after;
    while (!signal.aborted) {
      if (this.isBroken) throw new Error('The store is away.');
      const seen = this.events.slice(0, this.shown).filter(({ sequence }) => sequence > position);
      if (seen.length > 0) {
        position = seen.at(-1)?.sequence ?? position;
        yield seen;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
      }
    }
  }
}

/** What a follower is told: sequences, and 0 for the news that all is told. */
class Follower {
  readonly told: number[] = [];
  readonly #ending = new AbortController();
  readonly done: Promise<void>;

  constructor(tail: OutboxTail, after: number | undefined, type?: string) {
    const wants = type === undefined ? {} : { wants: (event: OutboxEvent) => event.type === type };
    this.done = (async () => {
      const how = { signal: this.#ending.signal, unknown, batchSize: 3, ...wants };
      for await (const { events } of tail.follow(after, how)) {
        this.told.push(...(events.length === 0 ? [0] : events.map(({ sequence }) => sequence)));
      }
    })();
    this.done.catch(() => {});
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await this.done;
  }
}

async function settle(): Promise<void> {
  for (let turns = 0; turns < 30; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}

const open = (log: MemoryLog, windowLimit = 4): OutboxTail =>
  createOutboxTail({ reader: log, windowLimit, pace: async () => {} });

it('tells every follower everything after its position once, in order, and once that all is told', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({ add: fc.nat({ max: 7 }), isShown: fc.boolean(), joins: fc.boolean(), back: fc.nat({ max: 20 }) }),
        {
          maxLength: 12,
        },
      ),
      async (steps) => {
        const log = new MemoryLog();
        const tail = open(log);
        const followers: { after: number; newest: number; type: string | undefined; follower: Follower }[] = [];
        for (const [index, { add, isShown, joins, back }] of steps.entries()) {
          log.add(add);
          if (isShown) log.show();
          if (joins) {
            const newest = await log.head();
            const after = Math.max(0, newest - back);
            const type = index % 2 === 0 ? 'A' : undefined;
            followers.push({ after, newest, type, follower: new Follower(tail, after, type) });
          }
          await settle();
        }
        log.show();
        await settle();
        for (const { after, newest, type, follower } of followers) {
          await follower.end();
          const wanted = log.events.filter((event) => event.sequence > after && (!type || event.type === type));
          expect(follower.told.filter((sequence) => sequence > 0)).toEqual(wanted.map(({ sequence }) => sequence));
          expect(follower.told.filter((sequence) => sequence === 0)).toHaveLength(1);
          const before = follower.told.slice(0, follower.told.indexOf(0));
          expect(before.filter((sequence) => sequence <= newest)).toEqual(
            wanted.map(({ sequence }) => sequence).filter((sequence) => sequence <= newest),
          );
        }
      },
    ),
    { numRuns: 100 },
  );
});

it('reads what is new once for a crowd, and not the log for those who are up to date', async () => {
  const log = new MemoryLog();
  log.add(10);
  log.show();
  const tail = open(log, 100);
  const crowd = Array.from({ length: 500 }, () => new Follower(tail, undefined));
  await settle();
  log.add(20);
  log.show();
  await settle();
  expect(crowd.every(({ told }) => told.length === 21)).toBe(true);
  expect(log.reads).toBe(0);
  await Promise.all(crowd.map((follower) => follower.end()));
});

it('tells of a failure, and begins anew with the next who comes', async () => {
  const log = new MemoryLog();
  log.add(2);
  log.show();
  const tail = open(log);
  const first = new Follower(tail, undefined);
  await settle();
  log.isBroken = true;
  log.show();
  await expect(first.done).rejects.toThrow('The store is away.');
  log.isBroken = false;
  log.add(3);
  const second = new Follower(tail, 0);
  await settle();
  log.show();
  await settle();
  expect(second.told.filter((sequence) => sequence > 0)).toEqual(log.events.map(({ sequence }) => sequence));
  await second.end();
});
