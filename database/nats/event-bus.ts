import type { Clock } from '../../schema/clock.ts';
import type { NatsAddress } from '../../schema/nats-address.ts';
import type { OutboxReader } from '../outbox-reader.ts';
import { waitFor } from '../wait-for.ts';
import type { StreamPlace } from './event-stream.ts';
import { NatsLink, type NatsLinkOptions } from './link.ts';
import { createRelayedReader } from './reader.ts';
import { Relay } from './relay.ts';
import type { RelayedLog } from './relayed-log.ts';

/** What a process's way to NATS is made from. */
export interface EventBusOptions extends Pick<NatsLinkOptions, 'name' | 'log'> {
  readonly address: NatsAddress;
  /** First part of the names of streams and subjects. */
  readonly prefix: string;
  /** How long streams keep events, in milliseconds. */
  readonly retentionMs: number;
  /** Servers of a cluster that keep a copy. */
  readonly replicas: number;
  readonly clock: Clock;
  /** Resolves after the time, in milliseconds, or when the signal aborts. Passed in by tests. */
  readonly wait?: NatsLinkOptions['wait'];
  /** Told where the events of a store were read. */
  readonly onRead?: (store: string, from: 'nats' | 'store', count: number) => void;
}

/** Relays the logs of this process's stores to NATS and reads them there. Nothing waits for the server: without it the stores go on. */
export class EventBus {
  readonly #options: EventBusOptions;
  readonly #wait: NatsLinkOptions['wait'];
  readonly #link: NatsLink;
  readonly #relays: Relay[] = [];

  constructor(options: EventBusOptions) {
    this.#options = options;
    this.#wait = options.wait ?? waitFor;
    this.#link = new NatsLink({ ...options, wait: this.#wait });
  }

  /** True while the server can be reached. */
  get isUp(): boolean {
    return this.#link.session !== null;
  }

  /** The relays, for what they tell of themselves. */
  get relays(): readonly Relay[] {
    return this.#relays;
  }

  /** Begins to relay a log, by its identity (`[0-9a-z]+`), and gives what reads it by way of NATS. */
  relay(log: RelayedLog, logId: string): OutboxReader {
    const { prefix, retentionMs, replicas, clock, log: logger, onRead } = this.#options;
    const place: StreamPlace = { prefix, store: log.store, logId, retentionMs, replicas };
    const parts = { link: this.#link, place, wait: this.#wait };
    this.#relays.push(new Relay({ ...parts, log, clock, onWarning: (message) => logger.warn(message) }));
    return createRelayedReader({
      ...parts,
      store: log.reader,
      ...(onRead && { onRead: (from, count) => onRead(log.store, from, count) }),
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#relays.map((relay) => relay.close()));
    await this.#link.close();
  }
}
