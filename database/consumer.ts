import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../schema/clock.ts';
import type {
  ConsumedEvent,
  Consumer,
  ConsumerOptions,
  ConsumerPhase,
  ConsumerStatus,
  EventBatch,
  ReplayResult,
} from './consumer-contract.ts';
import { codeOfFailure, describeFailure, isGap, isPassing } from './consumer-failure.ts';
import { type ConsumerPlace, ConsumerStore, type ConsumerTurn, isStale } from './consumer-store.ts';
import type { Database, Transaction } from './database.ts';
import { untilAborted } from './until-aborted.ts';

/** What every consumer of a store stands on. */
export interface ConsumerParts {
  /** Where the effect lives. */
  readonly database: Database;
  /** Its schema, migrated: it has the tables of `consumer-schema.ts`. */
  readonly schema: string;
  readonly clock: Clock;
  /** Told what an operator should know. Never given personal data. */
  readonly onWarning?: (message: string) => void;
  /** Waits so many milliseconds, or until the signal aborts. Never rejects. Passed in by tests. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  /** Chance between 0 and 1, for the spread of attempts. */
  readonly random?: () => number;
}

/** After so many tries an event is set aside. */
const TRIES = 5;
/** Waits between the tries of one event, and what all events of a batch may cost the others together, milliseconds. */
const TRY_AGAIN_MS = [10, 20, 40, 80];
const PATIENCE_MS = 500;
const RECONNECT = { firstMs: 100, mostMs: 30_000 };
/** What comes within this time after a batch was begun is one batch: a stream that never rests shares what a transaction costs. */
const GATHER_MS = 50;
/** So often a consumer that stands before a gap looks whether another process has passed it. */
const GAP_LOOK_MS = 30_000;

/** Makes a consumer: see `consumer-contract.ts` for what it promises, docs/events.md for how. */
export function createConsumer<Event extends ConsumedEvent>(
  options: ConsumerOptions<Event>,
  parts: ConsumerParts,
): Consumer {
  const consumer = new LogConsumer(options, parts);
  let running: Promise<void> | undefined;
  return {
    start: () => {
      running ??= consumer.run();
    },
    stop: async () => {
      consumer.end();
      await running;
    },
    status: () => consumer.status,
    caughtUp: () => consumer.caughtUp(),
    replay: (eventIds) => consumer.replay(eventIds),
    skipGap: () => consumer.skipGap(),
  };
}

class LogConsumer<Event extends ConsumedEvent> {
  readonly #options: ConsumerOptions<Event>;
  readonly #parts: ConsumerParts;
  readonly #store: ConsumerStore;
  readonly #wait: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  readonly #stopping = new AbortController();
  readonly #waiting = new Set<() => void>();
  #status: ConsumerStatus;
  /** Where the store said that it stands when this process last looked. */
  #seen: ConsumerPlace = { position: null, taken: 0 };
  #isCaughtUp = false;
  #mustSkip = false;
  #wakeFromGap: () => void = () => {};

  constructor(options: ConsumerOptions<Event>, parts: ConsumerParts) {
    this.#options = options;
    this.#parts = parts;
    this.#wait = parts.wait ?? waitByTimer;
    this.#store = new ConsumerStore(parts.schema, options.name);
    const { name, log } = options;
    const none = { position: null, lagMs: null, lastFailure: null };
    this.#status = { name, log, phase: 'STOPPED', applied: 0, setAside: 0, failures: 0, gaps: 0, ...none };
  }

  get status(): ConsumerStatus {
    return this.#status;
  }

  end(): void {
    this.#stopping.abort();
    this.#resolveWaiting();
  }

  caughtUp(): Promise<void> {
    if (this.#isCaughtUp || this.#stopping.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  skipGap(): void {
    if (this.#status.phase !== 'GAP') return;
    this.#mustSkip = true;
    this.#wakeFromGap();
  }

  /** Follows, again and again after failures, until it is stopped. */
  async run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        if (this.#status.phase !== 'GAP') this.#update({ phase: 'CATCHING_UP' });
        this.#note(await this.#store.open(this.#parts.database, this.#options.log, this.#now()));
        await this.#follow(this.#seen.position);
        if (!signal.aborted) throw new Error('The source ended.');
      } catch (error) {
        if (signal.aborted) break;
        if (error instanceof Stale) continue;
        if (isGap(error) && this.#seen.position !== null) await this.#meetGap(error);
        else await this.#retryLater(error);
      }
    }
    this.#update({ phase: 'STOPPED' });
  }

  async replay(eventIds: readonly string[]): Promise<ReplayResult> {
    const replayedIds: string[] = [];
    const failed: ReplayResult['failed'][number][] = [];
    for (const id of new Set(eventIds)) {
      try {
        if (await this.#replayOne(id)) replayedIds.push(id);
      } catch (error) {
        if (isPassing(error)) throw error;
        const record = await this.#store.failAgain(this.#parts.database, id, describeFailure(error));
        if (record) failed.push(record);
      }
    }
    return { replayedIds, failed };
  }

  #replayOne(id: string): Promise<boolean> {
    return this.#parts.database.transaction(async (transaction) => {
      await this.#store.takeTurn(transaction);
      const event = await this.#store.poisonEvent(transaction, id);
      if (!event) return false;
      // It was written by this consumer, with all that its source gave.
      await this.#options.apply(transaction, [event as Event]);
      await this.#store.release(transaction, id);
      return true;
    });
  }

  async #follow(since: string | null, onFirst?: (transaction: Transaction) => Promise<void>): Promise<void> {
    const ending = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, ending.signal]);
    let isFirst = true;
    try {
      for await (const batch of untilAborted(this.#options.source(since, signal), signal)) {
        if (isFirst && onFirst) await this.#passGap(batch.cursor, onFirst);
        if (isFirst) this.#update({ phase: 'CATCHING_UP' });
        isFirst = false;
        const gathered = this.#status.phase === 'FOLLOWING' ? waitByTimer(GATHER_MS, signal) : undefined;
        if (batch.events.length > 0) await this.#takeBatch(batch);
        else await this.#moveOn(batch.cursor);
        this.#update({ failures: 0, lastFailure: null });
        await gathered;
        if (signal.aborted) return;
      }
    } finally {
      ending.abort();
    }
  }

  /** All at once; when that fails one by one, so that only what can't be taken is set aside. */
  async #takeBatch(batch: EventBatch<Event>): Promise<void> {
    const [only] = batch.events;
    try {
      return await this.#take(batch.events, batch.cursor);
    } catch (error) {
      if (isPassing(error) || error instanceof Stale) throw error;
      const patience = { leftMs: PATIENCE_MS };
      if (batch.events.length === 1 && only) return this.#takeOne(only, batch.cursor, patience, { tries: 1, error });
    }
    const patience = { leftMs: PATIENCE_MS };
    for (const [index, event] of batch.events.entries()) {
      const isLast = index === batch.events.length - 1;
      await this.#takeOne(event, isLast ? batch.cursor : null, patience, { tries: 0, error: undefined });
    }
  }

  async #takeOne(
    event: Event,
    cursor: string | null,
    patience: { leftMs: number },
    failed: { tries: number; error: unknown },
  ): Promise<void> {
    let { tries, error } = failed;
    while (tries < TRIES) {
      if (tries > 0) {
        const pause = Math.min(TRY_AGAIN_MS[tries - 1] ?? 0, patience.leftMs);
        patience.leftMs -= pause;
        if (pause > 0) await this.#wait(pause, this.#stopping.signal);
      }
      try {
        return await this.#take([event], cursor);
      } catch (failure) {
        if (isPassing(failure) || failure instanceof Stale) throw failure;
        error = failure;
        tries += 1;
      }
    }
    await this.#setAside(event, cursor, tries, describeFailure(error));
  }

  /** Effect and position, or neither. Without a cursor the position stays: the events are known by their ids when they come again. */
  #take(events: readonly Event[], cursor: string | null): Promise<void> {
    return this.#inTurn(async (turn, transaction) => {
      const fresh = await turn.remember(events);
      if (fresh.length > 0) await this.#options.apply(transaction, fresh);
      const place = await this.#move(turn, cursor, fresh.length);
      return () => {
        const last = fresh.at(-1);
        this.#note(place);
        this.#update({
          applied: this.#status.applied + fresh.length,
          ...(last && { lagMs: Math.max(0, this.#parts.clock() - Date.parse(last.occurredAt)) }),
        });
      };
    });
  }

  async #setAside(event: Event, cursor: string | null, tries: number, error: string): Promise<void> {
    await this.#inTurn(async (turn) => {
      const fresh = await turn.remember([event]);
      if (fresh.length > 0) await turn.setAside(event, { tries, error, at: this.#now() });
      const place = await this.#move(turn, cursor, fresh.length);
      return () => {
        this.#note(place);
        this.#update({ setAside: this.#status.setAside + fresh.length });
      };
    });
    this.#warn(`set aside the event ${event.id} (${event.eventType}) after ${tries} tries: ${error}`);
  }

  /** Nothing new up to here: all that was there is told. */
  async #moveOn(cursor: string): Promise<void> {
    if (cursor !== this.#seen.position) {
      await this.#inTurn(async (turn) => {
        const place = await this.#move(turn, cursor, 0);
        return () => this.#note(place);
      });
    }
    this.#update({ phase: 'FOLLOWING' });
    this.#isCaughtUp = true;
    this.#resolveWaiting();
  }

  /** What another process has taken moves the position for this one too; what it has not, only this one does. */
  async #move(turn: ConsumerTurn, cursor: string | null, count: number): Promise<ConsumerPlace> {
    const mayMove = cursor !== null && (count > 0 || turn.position === this.#seen.position);
    const place = { position: mayMove ? cursor : turn.position, taken: turn.taken + count };
    if (place.position !== turn.position || count > 0) await turn.moveTo(place.position, place.taken, this.#now());
    return place;
  }

  /** What the work gives is called when it has been committed. */
  async #inTurn(work: (turn: ConsumerTurn, transaction: Transaction) => Promise<() => void>): Promise<void> {
    const committed = await this.#parts.database.transaction(async (transaction) => {
      const turn = await this.#store.takeTurn(transaction);
      if (isStale(this.#seen, turn)) throw new Stale();
      return work(turn, transaction);
    });
    committed();
  }

  async #meetGap(error: unknown): Promise<void> {
    const { onGap } = this.#options;
    if (onGap) {
      this.#warn(`lost events (${codeOfFailure(error)}) and reads again what it keeps`);
      return this.#follow(null, onGap).catch((failure) => {
        if (!this.#stopping.signal.aborted && !(failure instanceof Stale)) return this.#retryLater(failure);
      });
    }
    if (this.#status.phase !== 'GAP') this.#warn(`stands still: events are lost (${codeOfFailure(error)})`);
    this.#update({ phase: 'GAP', lastFailure: codeOfFailure(error) });
    const woken = new AbortController();
    this.#wakeFromGap = () => woken.abort();
    await this.#wait(GAP_LOOK_MS, AbortSignal.any([this.#stopping.signal, woken.signal]));
    if (!this.#mustSkip) return;
    this.#mustSkip = false;
    await this.#follow(null, async () => {}).catch((failure) => {
      if (!this.#stopping.signal.aborted && !(failure instanceof Stale)) return this.#retryLater(failure);
    });
  }

  /** Once, by whoever is first; the subscription is open already, so that nothing is lost between. */
  #passGap(cursor: string, onGap: (transaction: Transaction) => Promise<void>): Promise<void> {
    return this.#inTurn(async (turn, transaction) => {
      if (turn.position !== this.#seen.position) throw new Stale();
      await onGap(transaction);
      await turn.moveTo(cursor, turn.taken, this.#now());
      return () => {
        this.#note({ position: cursor, taken: turn.taken });
        this.#update({ gaps: this.#status.gaps + 1 });
      };
    });
  }

  async #retryLater(error: unknown): Promise<void> {
    const failures = this.#status.failures + 1;
    this.#update({ phase: 'RETRYING', failures, lastFailure: codeOfFailure(error) });
    // The first failure may be a restart; one that goes on is worth a line, and not one for each attempt.
    if (failures === 3) this.#warn(`fails again and again: ${describeFailure(error).replace(/\.$/, '')}`);
    const whole = Math.min(RECONNECT.mostMs, RECONNECT.firstMs * 2 ** Math.min(failures - 1, 20));
    const random = this.#parts.random ?? Math.random;
    await this.#wait(whole / 2 + (whole / 2) * random(), this.#stopping.signal);
  }

  #note(place: ConsumerPlace): void {
    this.#seen = place;
    this.#update({ position: place.position });
  }

  #warn(what: string): void {
    this.#parts.onWarning?.(`The consumer ${this.#options.name} ${what}.`);
  }

  #now(): Date {
    return new Date(this.#parts.clock());
  }

  #update(changes: Partial<Omit<ConsumerStatus, 'name' | 'log'>> & { readonly phase?: ConsumerPhase }): void {
    this.#status = { ...this.#status, ...changes };
  }

  #resolveWaiting(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** Another process has gone so far ahead that what is in memory is of no use: the events are asked for again. */
class Stale extends Error {}

function waitByTimer(milliseconds: number, signal: AbortSignal): Promise<unknown> {
  return sleep(milliseconds, undefined, { signal, ref: false }).catch(() => undefined);
}
