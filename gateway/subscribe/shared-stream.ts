import type { GraphQLFormattedError } from 'graphql';
import type { Clock } from '../../schema/clock.ts';
import type { After } from '../timers.ts';
import { type Backoff, pauseBefore } from './backoff.ts';
import { EventIncomplete } from './event-patience.ts';
import type { Cursor, PreparedSubscription, Subscriber } from './live-operation.ts';
import { interruption, isFinal, isLoss, PrincipalOutdated, UNMENDABLE } from './loss.ts';
import type { Resumption } from './resumption.ts';
import { isSamePrincipal } from './share-key.ts';
import { type ReaderEnd, UpstreamReader } from './upstream-reader.ts';

/** One who follows a stream; moved when two streams become one. */
export interface Member {
  readonly subscriber: Subscriber;
  stream: SharedStream | undefined;
}

/** What every stream of a gateway is made with. */
export interface StreamParts {
  readonly after: After;
  readonly clock: Clock;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  readonly backoff: Backoff;
  /** Called after every event that moved a stream. */
  readonly onMoved: (stream: SharedStream) => void;
  /** Prepares a stream anew and replaces what it was prepared with, or fails it. */
  readonly renew: (stream: SharedStream) => Promise<void>;
  /** Called once when a stream is over, before its members are told. */
  readonly onOver: (stream: SharedStream) => void;
  /** Called for every event with how many it went to. */
  readonly onEvent: (members: number) => void;
  /** Called for every loss of a subgraph, for the operator. */
  readonly onLoss: (subgraph: string, reason: unknown) => void;
}

/** How a stream begins. */
export interface StreamStart {
  readonly key: string;
  readonly prepared: PreparedSubscription;
  readonly resumption: Resumption | undefined;
  /** Where it begins; undefined: now. */
  readonly since: Cursor | undefined;
}

interface Answered {
  readonly text: string;
  /** Set when the text lacks what a subgraph did not answer. */
  readonly incomplete?: EventIncomplete;
  readonly cursor: Cursor | undefined;
}

/** A read this long was a success, even without an event: the next loss is the first of its row. */
const STEADY_MS = 30_000;
/** For how long after a loss the events count as those of the past. */
const CATCHING_UP_MS = 10_000;

/**
 * One subscription to a subgraph, for all who follow the same operation from the same position. What each event needs is done
 * once. When the subgraph is lost it goes on from the last cursor, so that nobody sees a gap or a repeat.
 */
export class SharedStream {
  readonly key: string;
  /** False: it began at a cursor and tells the past first. */
  readonly beganNow: boolean;
  readonly members = new Set<Member>();
  /** The cursor of the last event that was delivered, or where it began; undefined while unknown. */
  position: Cursor | undefined;
  readonly #parts: StreamParts;
  #prepared: PreparedSubscription;
  #resumption: Resumption | undefined;
  #reader: UpstreamReader<Answered> | undefined;
  #isResumed = false;
  #catchingUpUntil = 0;
  #isOver = false;
  #cancelPause: (() => void) | undefined;

  constructor(start: StreamStart, parts: StreamParts) {
    this.key = start.key;
    this.position = start.since;
    this.beganNow = start.since === undefined;
    this.#parts = parts;
    this.#prepared = start.prepared;
    this.#resumption = start.resumption;
  }

  /** The generation that it runs in. */
  get prepared(): PreparedSubscription {
    return this.#prepared;
  }

  /** Begins to read. It is over when its events end, when it is lost for good, or when its last member leaves. */
  follow(): void {
    this.#follow().catch((reason: unknown) => this.#lose(reason));
  }

  join(member: Member): void {
    member.stream = this;
    this.members.add(member);
  }

  leave(member: Member): void {
    this.members.delete(member);
    member.stream = undefined;
    if (this.members.size === 0) this.#over();
  }

  /** Hands all members over to a stream that stands at the same position, and ends. */
  mergeInto(other: SharedStream): void {
    for (const member of this.members) other.join(member);
    this.members.clear();
    this.#over();
  }

  /** Goes on as prepared anew: with the same subscription when the subgraph is asked the same for the same, else from the last cursor. */
  replace(prepared: PreparedSubscription, resumption: Resumption | undefined): void {
    if (this.#isOver) {
      prepared.release();
      return;
    }
    const before = this.#prepared;
    const isForSame = isSamePrincipal(before.principal, prepared.principal);
    const isSame =
      isForSame && before.transport === prepared.transport && operationText(before) === operationText(prepared);
    const canRestart = resumption !== undefined && this.#resumption !== undefined && this.position !== undefined;
    this.#prepared = prepared;
    this.#resumption = resumption;
    before.release();
    if (isSame) return;
    if (!canRestart) {
      this.#lose(isForSame ? UNMENDABLE : new PrincipalOutdated());
      return;
    }
    this.#reader?.stop();
    this.#cancelPause?.();
  }

  /** Ends for all members. */
  fail(errors: readonly GraphQLFormattedError[]): void {
    const members = [...this.members];
    this.#over();
    for (const { subscriber } of members) subscriber.fail(errors);
  }

  async #follow(): Promise<void> {
    for (let attempt = 0; !this.#isOver; ) {
      const { position } = this;
      const began = this.#parts.clock();
      const end = await this.#read();
      if (this.#isOver) return;
      if (end.kind === 'completed') {
        this.#complete();
        return;
      }
      if (end.kind === 'stopped') continue;
      if (end.reason instanceof PrincipalOutdated && this.#resumption && this.position !== undefined) {
        await this.#parts.renew(this);
        continue;
      }
      this.#parts.onLoss(this.#prepared.upstream.subgraph, end.reason);
      const wasSteady = this.position !== position || this.#parts.clock() - began >= STEADY_MS;
      attempt = wasSteady ? 1 : attempt + 1;
      if (isFinal(end.reason)) return this.#lose(end.reason);
      if (!this.#resumption || this.position === undefined || attempt > this.#parts.backoff.attempts) {
        return this.#lose(end.reason);
      }
      await this.#pause(pauseBefore(attempt, this.#parts.backoff, this.#parts.random));
    }
  }

  #read(): Promise<ReaderEnd> {
    const prepared = this.#prepared;
    const resumption = this.#resumption;
    const { query, variables, operationName } = resumption?.operationAt(this.position) ?? prepared.upstream;
    const reader = new UpstreamReader<Answered>({
      open: (signal) =>
        prepared.transport.subscribe({
          query,
          variables,
          ...(operationName !== undefined && { operationName }),
          principal: prepared.principal,
          signal,
        }),
      isLoss,
      // The generation of the moment: a reload that leaves the subgraph's operation as it is does not end the subscription.
      answer: async (event, signal) => {
        const opened = resumption?.open(event) ?? { event, cursor: undefined };
        const { answerEvent, stillHolds } = this.#prepared;
        const made = await answerEvent(opened.event, signal).catch(asFarAsItCame);
        // Asked when all of the event is read: what was the principal's own until then may be told.
        if (stillHolds && !(await stillHolds())) throw new PrincipalOutdated();
        return { ...(typeof made === 'string' ? { text: made } : made), cursor: opened.cursor };
      },
      deliver: (answered) => this.#deliver(answered),
    });
    this.#reader = reader;
    return reader.ended.finally(() => {
      this.#isResumed = true;
      this.#catchingUpUntil = this.#parts.clock() + CATCHING_UP_MS;
    });
  }

  #deliver({ text, incomplete, cursor }: Answered): Promise<void> | undefined {
    // Whoever can come again with a cursor is told the event when it is whole; the others would lose it.
    if (incomplete && cursor !== undefined && this.position !== undefined) throw incomplete;
    // Some subgraphs begin with the event that they were asked to go on after.
    if (this.#isResumed && cursor !== undefined && cursor === this.position) return undefined;
    if (cursor !== undefined) this.position = cursor;
    this.#parts.onEvent(this.members.size);
    for (const { subscriber } of [...this.members]) subscriber.next(text, cursor);
    if (cursor !== undefined && !this.#isOver) this.#parts.onMoved(this);
    return this.#isTellingThePast() ? this.#anyReady() : undefined;
  }

  /** The past comes as fast as it can be read: it would fill every queue. The present comes at its own pace. */
  #isTellingThePast(): boolean {
    return !this.#isOver && (!this.beganNow || this.#parts.clock() < this.#catchingUpUntil);
  }

  /** The quickest member gives the pace. */
  #anyReady(): Promise<void> | undefined {
    const waits: Promise<void>[] = [];
    for (const { subscriber } of this.members) {
      const wait = subscriber.ready();
      if (!wait) return undefined;
      waits.push(wait);
    }
    return Promise.race(waits);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.after(ms, resolve);
      this.#cancelPause = () => {
        cancel();
        resolve();
      };
    });
  }

  #complete(): void {
    const members = [...this.members];
    this.#over();
    for (const { subscriber } of members) subscriber.complete();
  }

  #lose(reason: unknown): void {
    this.fail([interruption(this.#prepared.upstream.subgraph, reason)]);
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const member of this.members) member.stream = undefined;
    this.members.clear();
    this.#reader?.stop();
    this.#cancelPause?.();
    this.#parts.onOver(this);
    this.#prepared.release();
  }
}

function asFarAsItCame(reason: unknown): Omit<Answered, 'cursor'> {
  if (reason instanceof EventIncomplete) return { text: reason.text, incomplete: reason };
  throw reason;
}

function operationText({ upstream }: PreparedSubscription): string {
  return JSON.stringify([upstream.subgraph, upstream.query, upstream.operationName, upstream.variables]);
}
