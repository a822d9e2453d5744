import type { StreamInfo } from '@nats-io/jetstream';
import type { OutboxEvent } from '../outbox.ts';
import type { NatsSession } from './link.ts';
import { encodeEvent, encodeMarker, type Link, messageIdOf, readLink, subjectToken } from './message.ts';

const NANOSECONDS = 1_000_000;
const DUPLICATE_WINDOW_MS = 120_000;
/** Codes of the server. */
const STREAM_NOT_FOUND = 10059;
const WRONG_LAST_SEQUENCE = 10071;
const NO_MESSAGE = 10037;
const NAME_IN_USE = 10058;
const LOCATE_TRIES = 3;

/** The stream of one log: every log has its own, named by the log's identity, so that two stores never meet in one. */
export interface StreamPlace {
  /** First part of every name, `c360` by default: what shares a NATS and is not the same installation has another. */
  readonly prefix: string;
  /** Such as `commerce`. */
  readonly store: string;
  /** Tells this log from every other one of the same name: `[0-9a-z]+`. */
  readonly logId: string;
  /** How long events are kept. */
  readonly retentionMs: number;
  /** Servers of a cluster that keep a copy. */
  readonly replicas: number;
}

/** The end of a stream: what is published next comes after it. */
export interface StreamEnd extends Link {
  /** The message's number in the stream. */
  readonly streamSequence: number;
  /** Of the event; empty for a marker. */
  readonly id: string;
  /** When the server took it, in milliseconds. */
  readonly storedAtMs: number;
}

/** Somebody else published meanwhile; nothing was written by us that was not theirs too. */
export class Outrun extends Error {}

/** One log's stream at a server. Errors are those of the client; all of them mean: try again later. */
export class EventStream {
  readonly name: string;
  readonly #session: NatsSession;
  readonly #place: StreamPlace;
  readonly #subject: string;

  constructor(session: NatsSession, place: StreamPlace) {
    this.#session = session;
    this.#place = place;
    this.name = `${place.prefix}_${place.store}_${place.logId}`;
    this.#subject = `${place.prefix}.${place.store}.${place.logId}`;
  }

  /** Makes the stream, or adapts it when retention or copies have changed. */
  async ensure(): Promise<void> {
    const { streams } = this.#session;
    const { retentionMs, replicas } = this.#place;
    const limits = {
      max_age: retentionMs * NANOSECONDS,
      duplicate_window: Math.min(DUPLICATE_WINDOW_MS, retentionMs) * NANOSECONDS,
      num_replicas: replicas,
    };
    const found = await this.#info();
    if (!found) {
      const configuration = {
        name: this.name,
        subjects: [`${this.#subject}.*`],
        storage: 'file' as const,
        retention: 'limits' as const,
        discard: 'old' as const,
        ...limits,
      };
      // Another relay may make it at the same time, with other limits for a moment.
      await streams.add(configuration).catch(ignoring(NAME_IN_USE));
    } else if (found.config.max_age !== limits.max_age || found.config.num_replicas !== replicas) {
      await streams.update(this.name, limits);
    }
  }

  /** Takes the stream away with everything in it: it told of a past that the store no longer knows. */
  async remove(): Promise<void> {
    await this.#session.streams.delete(this.name).catch(ignoring(STREAM_NOT_FOUND));
  }

  /** The last message; null when there is none, with the number after which the next comes. */
  async end(): Promise<{ readonly last: StreamEnd | null; readonly streamSequence: number }> {
    const info = await this.#info();
    const streamSequence = info?.state.last_seq ?? 0;
    if (!info || info.state.messages === 0) return { last: null, streamSequence };
    return { last: await this.#at(streamSequence), streamSequence };
  }

  /**
   * Publishes events in order, after the end given. Each is taken only right after the one before it, so any number of relays
   * may try: what stands in the stream is the log, once and in order. Throws Outrun.
   */
  async publish(
    events: readonly OutboxEvent[],
    end: { readonly sequence: number; readonly streamSequence: number },
  ): Promise<{ readonly sequence: number; readonly streamSequence: number }> {
    let { sequence: previous, streamSequence } = end;
    const acknowledged = events.map((event) => {
      const place = { previous, expectedLast: streamSequence };
      const { data, headers } = encodeEvent(this.#session.makeHeaders(), event, place);
      previous = event.sequence;
      streamSequence += 1;
      return this.#send(subjectToken(event.type), data, headers, streamSequence);
    });
    await allInTurn(acknowledged);
    return { sequence: previous, streamSequence };
  }

  /** Keeps the position alive in a log in which nothing happens for long. Throws Outrun. */
  async mark({ sequence, streamSequence }: Pick<StreamEnd, 'sequence' | 'streamSequence'>): Promise<{
    readonly sequence: number;
    readonly streamSequence: number;
  }> {
    const headers = encodeMarker(this.#session.makeHeaders(), { sequence, expectedLast: streamSequence });
    await this.#send('_marker', '', headers, streamSequence + 1);
    return { sequence, streamSequence: streamSequence + 1 };
  }

  async #send(
    token: string,
    data: string,
    headers: ReturnType<NatsSession['makeHeaders']>,
    expected: number,
  ): Promise<void> {
    try {
      const { seq, duplicate } = await this.#session.publish(`${this.#subject}.${token}`, data, { headers });
      // Another relay has just sent it, or it was sent before the stream was emptied: then it is taken when the server forgets its id.
      if (duplicate || seq !== expected) throw new Outrun('The message was there already.');
    } catch (error) {
      throw codeOf(error) === WRONG_LAST_SEQUENCE ? new Outrun('Another relay was faster.') : error;
    }
  }

  /**
   * The numbers of the first message after a position of the log, which may be yet to come, and of the last there is; null when
   * the stream can't tell all that came after the position: it begins later, or has a hole there.
   */
  async locate(position: number): Promise<{ readonly next: number; readonly last: number } | null> {
    for (let tries = 0; tries < LOCATE_TRIES; tries += 1) {
      const info = await this.#info();
      if (!info || info.state.messages === 0) return null;
      const found = await this.#search(position, info.state.first_seq, info.state.last_seq);
      if (found !== 'gone') return found === null ? null : { next: found, last: info.state.last_seq };
    }
    return null;
  }

  /** By halves, beginning where it would be if the log had no gaps. A message that grew too old meanwhile is `gone`. */
  async #search(position: number, first: number, last: number): Promise<number | null | 'gone'> {
    const [begin, end] = [await this.#at(first), await this.#at(last)];
    if (!begin || !end) return 'gone';
    if (begin.previous > position) return null;
    if (end.sequence <= position) return last + 1;
    let low = first;
    let high = last;
    let guess = Math.max(first, last - (end.sequence - position));
    while (low < high) {
      const message = await this.#at(guess);
      if (!message) return 'gone';
      if (message.sequence > position) high = guess;
      else low = guess + 1;
      guess = low + Math.floor((high - low) / 2);
    }
    const message = await this.#at(low);
    if (!message) return 'gone';
    return message.previous > position ? null : low;
  }

  async #at(streamSequence: number): Promise<StreamEnd | null> {
    const message = await this.#session.streams
      .getMessage(this.name, { seq: streamSequence })
      .catch(ignoring(NO_MESSAGE));
    const link = message && readLink(message.header);
    if (!message || !link) return null;
    return { ...link, streamSequence, id: messageIdOf(message.header), storedAtMs: message.time.getTime() };
  }

  async #info(): Promise<StreamInfo | null> {
    return (await this.#session.streams.info(this.name).catch(ignoring(STREAM_NOT_FOUND))) ?? null;
  }
}

/** Waits for all, so that none is left behind unhandled, and throws the first failure in their order. */
async function allInTurn(promises: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(promises)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

function ignoring(code: number): (error: unknown) => undefined {
  return (error) => {
    if (codeOf(error) !== code) throw error;
  };
}

function codeOf(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}
