import { isPassing } from '../../../../database/consumer-failure.ts';
import type { JourneyParts, JourneySettings } from '../parts.ts';
import { claimInstances, nextInstanceWake, renewInstances } from '../store/instances.ts';
import { nextTaskWakes, renewTasks } from '../store/tasks.ts';
import type { InstanceRunner } from './instance-runner.ts';
import { Pace } from './pace.ts';
import { nameOf, type TaskRunner } from './task-runner.ts';
import type { TaskWork } from './task-work.ts';

/** What a worker does its work with. */
export interface WorkerWork {
  readonly works: readonly TaskWork[];
  readonly tasks: TaskRunner;
  readonly instances: InstanceRunner;
}

/** A wake-up may get lost with its connection: then the store is looked at after this time. */
const LOOK_MS = 60_000;
const FAILED_MS = 1_000;
const RENEWALS = 3;

/**
 * Works off what is due and sleeps until the next thing is: what only waits costs nothing. Two loops, so that nothing that is read
 * live for entries is in the way of what is to be sent.
 */
export class Worker {
  readonly #parts: JourneyParts;
  readonly #settings: JourneySettings;
  readonly #work: WorkerWork;
  readonly #worker: string;
  /** What this worker has taken up and not yet put down, by claim: how many. */
  readonly #claims = new Map<string, number>();
  #claimsMade = 0;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #loops: Loop[];
  readonly #pace: Pace;
  #began: Promise<unknown> | undefined;

  constructor(parts: JourneyParts, settings: JourneySettings, work: WorkerWork) {
    this.#parts = parts;
    this.#settings = settings;
    this.#work = work;
    this.#worker = parts.newId();
    this.#pace = new Pace(settings.perSecond, parts.clock);
    this.#loops = [
      new Loop(this.#stopping.signal, () => this.#tasksTurn()),
      new Loop(this.#stopping.signal, () => this.#instancesTurn()),
    ];
  }

  /** Begins. */
  start(): void {
    this.#began ??= Promise.all([...this.#loops.map((loop) => this.#run(loop)), this.#renew()]);
  }

  /** Finishes what was begun; what was taken up and not begun is due again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.wake();
    await this.#began;
    await Promise.all(this.#running);
  }

  /** Looks at once for what is due. */
  wake(): void {
    for (const loop of this.#loops) loop.wake();
  }

  /** Resolves when nothing is due and nothing is under way. */
  async idle(): Promise<void> {
    for (;;) {
      await Promise.all(this.#loops.map((loop) => loop.rest()));
      if (this.#running.size === 0 && this.#loops.every((loop) => loop.isResting)) return;
      await Promise.all(this.#running);
    }
  }

  async #run(loop: Loop): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      loop.begin();
      let sleepMs: number;
      try {
        sleepMs = await loop.turn();
      } catch (error) {
        if (!isPassing(error))
          this.#parts.log.error({ reason: nameOf(error) }, 'The worker of journeys failed; it goes on.');
        sleepMs = FAILED_MS;
      }
      if (sleepMs > 0) await loop.sleep(() => this.#parts.wait(sleepMs, loop.signal));
    }
    loop.end();
  }

  /** One round over all kinds that have something due. Gives how long to sleep, 0 for not at all. */
  async #tasksTurn(): Promise<number> {
    const { database, clock } = this.#parts;
    const { works, tasks } = this.#work;
    const wakes = await nextTaskWakes(
      database,
      works.map(({ kind }) => kind),
    );
    let took = 0;
    let waitMs = LOOK_MS;
    for (const work of works) {
      if (this.#stopping.signal.aborted) return LOOK_MS;
      const wakeMs = wakes.get(work.kind);
      if (wakeMs === undefined) continue;
      const untilMs = wakeMs - clock();
      const allowed = work.isTimed ? this.#pace.allows() : Number.MAX_SAFE_INTEGER;
      if (untilMs > 0) {
        waitMs = Math.min(waitMs, untilMs);
      } else if (allowed === 0) {
        waitMs = Math.min(waitMs, this.#pace.nextMs());
      } else {
        const count = await this.#claiming((claim) => tasks.run(work, claim, allowed));
        if (work.isTimed) this.#pace.take(count);
        took += count;
      }
    }
    if (took === 0) return waitMs;
    // Who entered may go on at once: nobody has to ring for what was done here.
    this.wake();
    return 0;
  }

  /** Takes up as many instances as there is room for. */
  async #instancesTurn(): Promise<number> {
    const { database, clock } = this.#parts;
    const { concurrency, leaseMs } = this.#settings;
    const room = concurrency - this.#running.size;
    // Several are taken up with one statement, and asked about with one question.
    if (room < concurrency / 2) {
      await Promise.race(this.#running);
      return 0;
    }
    const claim = this.#newClaim();
    const rows = await claimInstances(database, { nowMs: clock(), leaseMs, claim, most: room });
    for (const row of rows) {
      const running: Promise<void> = this.#claiming(() => this.#work.instances.run(row), claim).finally(() =>
        this.#running.delete(running),
      );
      this.#running.add(running);
    }
    if (rows.length === room) return 0;
    // Something may be due again as soon as what runs is through.
    if (this.#running.size > 0) {
      await Promise.race(this.#running);
      return 0;
    }
    const wakeMs = await nextInstanceWake(database);
    return wakeMs === null ? LOOK_MS : Math.min(LOOK_MS, Math.max(0, wakeMs - clock()));
  }

  /** A name that nothing else is taken up under: who had something before is known from who has it now. */
  #newClaim(): string {
    this.#claimsMade += 1;
    return `${this.#worker}:${this.#claimsMade}`;
  }

  async #claiming<T>(work: (claim: string) => Promise<T>, claim: string = this.#newClaim()): Promise<T> {
    this.#claims.set(claim, (this.#claims.get(claim) ?? 0) + 1);
    try {
      return await work(claim);
    } finally {
      const left = (this.#claims.get(claim) ?? 1) - 1;
      if (left === 0) this.#claims.delete(claim);
      else this.#claims.set(claim, left);
    }
  }

  /** Whoever lives keeps what it has. */
  async #renew(): Promise<void> {
    const { database, clock, wait } = this.#parts;
    const { leaseMs } = this.#settings;
    while (!this.#stopping.signal.aborted) {
      await wait(leaseMs / RENEWALS, this.#stopping.signal);
      const claims = [...this.#claims.keys()];
      if (this.#stopping.signal.aborted || claims.length === 0) continue;
      const untilMs = clock() + leaseMs;
      await renewInstances(database, claims, untilMs).catch(() => {});
      await renewTasks(database, claims, untilMs).catch(() => {});
    }
  }
}

/** One of a worker's loops: turns and sleeps, and is woken. */
class Loop {
  readonly turn: () => Promise<number>;
  readonly #stopping: AbortSignal;
  #rung = new AbortController();
  #isResting = false;
  #waiting: (() => void)[] = [];

  constructor(stopping: AbortSignal, turn: () => Promise<number>) {
    this.#stopping = stopping;
    this.turn = turn;
  }

  get signal(): AbortSignal {
    return AbortSignal.any([this.#rung.signal, this.#stopping]);
  }

  /** True while it sleeps and nobody has woken it. */
  get isResting(): boolean {
    return this.#isResting && !this.#rung.signal.aborted;
  }

  /** What wakes it from now on is not slept through. */
  begin(): void {
    this.#rung = new AbortController();
    this.#isResting = false;
  }

  wake(): void {
    this.#rung.abort();
  }

  async sleep(waiting: () => Promise<void>): Promise<void> {
    if (this.#rung.signal.aborted || this.#stopping.aborted) return;
    this.#isResting = true;
    this.end();
    await waiting();
  }

  /** Resolves the next time that it sleeps, at once when it does. */
  rest(): Promise<void> {
    if (this.isResting || this.#stopping.aborted) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Lets go whoever waits for it to rest. */
  end(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
