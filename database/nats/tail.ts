import type { Consumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { NatsSession } from './link.ts';
import { decodeMessage, type RelayedMessage } from './message.ts';

/** Messages that are asked for ahead of their arrival. */
const ASKED_FOR = 1_000;
/** Beyond this many unread messages the tail ends; who reads it goes on from where it is with a new one. */
const LARGEST_BACKLOG = 20_000;
/** A consumer that the server has forgotten is noticed after two heartbeats, which are half of this. */
const PULL_MS = 10_000;
/** The server forgets a consumer whose process was killed. */
const FORGOTTEN_AFTER_MS = 60_000;

/** The messages of a stream from one on, as they come. */
export class StreamTail {
  readonly #session: NatsSession;
  readonly #stream: string;
  readonly #consumer: Consumer;
  #messages: ConsumerMessages | null = null;
  #arrived: JsMsg[] = [];
  #isEnded = false;
  #wake: () => void = () => {};

  private constructor(session: NatsSession, stream: string, consumer: Consumer) {
    this.#session = session;
    this.#stream = stream;
    this.#consumer = consumer;
  }

  /** Begins with a message by its number in the stream, which may be yet to come. */
  static async open(session: NatsSession, stream: string, streamSequence: number): Promise<StreamTail> {
    const consumer = await session.consumers.get(stream, {
      deliver_policy: 'by_start_sequence',
      opt_start_seq: streamSequence,
      inactive_threshold: FORGOTTEN_AFTER_MS,
    });
    const tail = new StreamTail(session, stream, consumer);
    const end = () => {
      tail.#isEnded = true;
      tail.#wake();
    };
    session.lost.addEventListener('abort', end, { once: true });
    if (session.lost.aborted) end();
    tail.#messages = await consumer.consume({
      max_messages: ASKED_FOR,
      expires: PULL_MS,
      callback: (message) => tail.#take(message),
    });
    void tail.#messages.closed().then(end, end);
    return tail;
  }

  /** True when nothing comes any more and everything that came was taken. */
  get isEnded(): boolean {
    return this.#isEnded && this.#arrived.length === 0;
  }

  /** At most so many of the messages that have arrived, in order; those that are none of ours are left out. */
  take(limit: number): RelayedMessage[] {
    const taken = this.#arrived.splice(0, limit);
    return taken.flatMap(({ headers, data }) => decodeMessage(headers, data) ?? []);
  }

  /** Resolves when there may be something to take, when the tail has ended, and when the signal aborts. */
  arrival(signal: AbortSignal): Promise<void> {
    if (this.#arrived.length > 0 || this.#isEnded || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = () => {
        this.#wake = () => {};
        signal.removeEventListener('abort', finish);
        resolve();
      };
      this.#wake = finish;
      signal.addEventListener('abort', finish);
    });
  }

  async close(): Promise<void> {
    this.#arrived = [];
    this.#messages?.stop();
    // One that can't be taken back is forgotten by the server.
    const name = (await this.#consumer.info(true).catch(() => null))?.name;
    if (name && !this.#session.lost.aborted) await this.#session.deleteConsumer(this.#stream, name).catch(() => {});
  }

  #take(message: JsMsg): void {
    this.#arrived.push(message);
    if (this.#arrived.length > LARGEST_BACKLOG) this.#messages?.stop();
    this.#wake();
  }
}
