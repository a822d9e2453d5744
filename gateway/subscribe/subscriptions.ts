import type { GraphQLFormattedError } from 'graphql';
import type { PrincipalChanges } from '../authorize/complete-principal.ts';
import type { OperationRequest } from '../operation.ts';
import type { Cursor, LiveCaller, LiveStages, PreparedSubscription, Subscriber } from './live-operation.ts';
import { type Resumption, Resumptions } from './resumption.ts';
import { shareKey } from './share-key.ts';
import { type Member, SharedStream, type StreamParts } from './shared-stream.ts';
import { StandingStreams } from './standing-streams.ts';

/** What subscriptions are made with. */
export interface SubscriptionsParts extends Omit<StreamParts, 'onMoved' | 'onOver' | 'renew'> {
  readonly stages: LiveStages;
  readonly principalChanges?: PrincipalChanges | undefined;
}

/** Where and how somebody follows an operation, beside the operation itself. */
export interface FollowOptions {
  /** The last event that it got, as its event stream named it: where it begins, in place of what the operation says. */
  readonly lastEventId?: string;
}

interface Origin {
  readonly request: OperationRequest;
  readonly caller: LiveCaller;
}

/** Where a subscription belongs: which ones it may share with, and where it begins; undefined: now. */
interface Place {
  readonly resumption: Resumption | undefined;
  readonly since: Cursor | undefined;
  readonly key: string;
}

/**
 * Everybody who follows an operation. Those with the same subscription, the same rights and the same position share one
 * stream; one who comes with an older cursor has a stream of their own until it has caught up.
 */
export class Subscriptions {
  readonly #parts: SubscriptionsParts;
  readonly #streamParts: StreamParts;
  readonly #resumptions = new Resumptions();
  readonly #streams = new Map<string, Set<SharedStream>>();
  readonly #standing = new StandingStreams<SharedStream>();
  /** With what each stream is prepared again for another generation. */
  readonly #origins = new WeakMap<SharedStream, Origin>();
  /** Ends what tells that a stream's principal is completed otherwise by now. */
  readonly #watches = new WeakMap<SharedStream, AbortController>();
  #members = 0;

  constructor(parts: SubscriptionsParts) {
    this.#parts = parts;
    this.#streamParts = {
      ...parts,
      onMoved: (stream) => this.#mergeAt(stream),
      onOver: (stream) => this.#forget(stream),
      renew: (stream) => this.#renew(stream),
    };
  }

  /** How many follow a subscription, and over how many subscriptions to subgraphs. */
  get counts(): { readonly followers: number; readonly streams: number } {
    let streams = 0;
    for (const set of this.#streams.values()) streams += set.size;
    return { followers: this.#members, streams };
  }

  /** Begins to tell a subscriber what comes of an operation, until it is over or the caller's signal fires. */
  follow(request: OperationRequest, caller: LiveCaller, subscriber: Subscriber, options: FollowOptions = {}): void {
    void this.#follow(request, caller, subscriber, options).catch((error: unknown) => {
      if (!caller.signal.aborted) subscriber.fail(this.#parts.stages.refuse(error, caller.requestId));
    });
  }

  /** Takes every stream into the generation of today. Those that are no longer valid in it end and say why. */
  async generationChanged(): Promise<void> {
    const streams = [...this.#streams.values()].flatMap((set) => [...set]);
    await Promise.all(streams.map((stream) => this.#renew(stream)));
  }

  /** Ends every subscription. */
  close(errors: readonly GraphQLFormattedError[]): void {
    for (const set of [...this.#streams.values()]) for (const stream of [...set]) stream.fail(errors);
  }

  async #follow(
    request: OperationRequest,
    caller: LiveCaller,
    subscriber: Subscriber,
    options: FollowOptions,
  ): Promise<void> {
    const { signal } = caller;
    const prepared = await this.#parts.stages.prepare(request, caller);
    if (prepared.kind === 'refused') {
      if (!signal.aborted) subscriber.fail(prepared.errors);
    } else if (prepared.kind === 'request') {
      const text = await prepared.run();
      if (signal.aborted) return;
      subscriber.next(text);
      subscriber.complete();
    } else if (signal.aborted) {
      prepared.release();
    } else {
      this.#join(prepared, { request, caller }, subscriber, options);
    }
  }

  #join(prepared: PreparedSubscription, origin: Origin, subscriber: Subscriber, options: FollowOptions): void {
    const { resumption, since, key } = this.#placeOf(prepared, options);
    const streams = this.#streams.get(key) ?? new Set<SharedStream>();
    const isOpenTo = (stream: SharedStream): boolean =>
      stream.prepared.generation === prepared.generation &&
      (since === undefined ? stream.beganNow : stream.position === since);
    const known = [...streams].find(isOpenTo);
    const stream = known ?? new SharedStream({ key, prepared, resumption, since }, this.#streamParts);
    if (known) prepared.release();
    stream.join(this.#memberOf(subscriber, origin.caller.signal));
    if (known) return;
    this.#origins.set(stream, origin);
    this.#streams.set(key, streams.add(stream));
    if (since !== undefined) this.#standing.move(stream, key, since);
    stream.follow();
    this.#watchPrincipal(stream, prepared, origin);
    // A reload that came between was not told of this stream.
    if (this.#parts.stages.generation() !== prepared.generation) void this.#renew(stream);
  }

  /** Takes a stream along whenever its principal is completed otherwise, such as with other records after a merge. */
  #watchPrincipal(stream: SharedStream, { principal }: PreparedSubscription, { caller }: Origin): void {
    const changes = this.#parts.principalChanges?.(principal);
    if (!changes) return;
    const ending = new AbortController();
    this.#watches.set(stream, ending);
    this.follow(
      changes.request,
      { ...caller, isOwnOperation: true, signal: ending.signal },
      {
        next: (text) => {
          const { data } = JSON.parse(text);
          if (data && changes.concerns(data)) void this.#renew(stream);
        },
        ready: () => undefined,
        complete: () => undefined,
        fail: (errors) => stream.fail(errors),
      },
    );
  }

  /** Where a subscription belongs. What is wrong with it, such as variables nested too deeply, must not keep the generation. */
  #placeOf(prepared: PreparedSubscription, options: FollowOptions): Place {
    try {
      const resumption = this.#resumptions.of(prepared.upstream, prepared.fullSchema);
      const asked = options.lastEventId === undefined ? undefined : resumption?.cursorOf(options.lastEventId);
      return { resumption, since: asked ?? resumption?.since, key: shareKey(prepared, resumption !== undefined) };
    } catch (error) {
      prepared.release();
      throw error;
    }
  }

  /** A member counts from now until it is told an end or its signal fires. */
  #memberOf(subscriber: Subscriber, signal: AbortSignal): Member {
    this.#members += 1;
    let isOver = false;
    // An end that is told to one operation of a socket may close the socket, and so end the next before it is told.
    const over = (): void => {
      if (isOver) return;
      isOver = true;
      this.#members -= 1;
      signal.removeEventListener('abort', leave);
    };
    const leave = (): void => {
      over();
      member.stream?.leave(member);
    };
    const member: Member = {
      stream: undefined,
      subscriber: {
        next: (text, cursor) => {
          if (!signal.aborted) subscriber.next(text, cursor);
        },
        ready: () => subscriber.ready(),
        complete: () => {
          over();
          subscriber.complete();
        },
        fail: (errors) => {
          over();
          subscriber.fail(errors);
        },
      },
    };
    signal.addEventListener('abort', leave, { once: true });
    return member;
  }

  /** Streams that stand at the same position tell the same from there on: one of them is enough. */
  #mergeAt(stream: SharedStream): void {
    const { position, prepared } = stream;
    if (position === undefined) return;
    for (const other of [...this.#standing.move(stream, stream.key, position)]) {
      if (other === stream || other.prepared.generation !== prepared.generation) continue;
      // The one that began now stays: newcomers without a cursor may join only that one.
      const [kept, gone] = stream.beganNow ? [stream, other] : [other, stream];
      gone.mergeInto(kept);
      if (gone === stream) return;
    }
  }

  async #renew(stream: SharedStream): Promise<void> {
    const origin = this.#origins.get(stream);
    if (!origin) return;
    const { request, caller } = origin;
    const { stages } = this.#parts;
    const generation = stages.generation();
    // Whoever began the stream may have left: it goes on for the others, who have the same rights.
    const prepared = await stages.prepare(request, { ...caller, signal: NEVER });
    if (generation !== stages.generation()) {
      // Another reload came between, and may already have taken the stream further than this one would.
      if (prepared.kind === 'subscription') prepared.release();
      return this.#renew(stream);
    }
    if (prepared.kind === 'subscription') {
      stream.replace(prepared, this.#resumptions.of(prepared.upstream, prepared.fullSchema));
    } else if (prepared.kind === 'refused') {
      stream.fail(prepared.errors);
    }
  }

  #forget(stream: SharedStream): void {
    this.#watches.get(stream)?.abort();
    this.#standing.delete(stream);
    const streams = this.#streams.get(stream.key);
    streams?.delete(stream);
    if (streams?.size === 0) this.#streams.delete(stream.key);
  }
}

const NEVER = new AbortController().signal;
