import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { NatsAddress } from '../../schema/nats-address.ts';

/** How long one request may take. */
const TIMEOUT_MS = 2_000;
/** A process that starts is too busy for a while to notice that it is connected. */
const CONNECT_MS = 10_000;
const RETRY_MS = 1_000;
const RECONNECT_MS = 250;
/** A server that went away without a word is noticed after two of these. */
const PING_MS = 5_000;

/** JetStream while the server is there. */
export interface NatsSession {
  readonly streams: JetStreamManager['streams'];
  readonly consumers: JetStreamClient['consumers'];
  readonly deleteConsumer: JetStreamManager['consumers']['delete'];
  readonly publish: JetStreamClient['publish'];
  readonly makeHeaders: () => NatsHeaders;
  /** Aborts when the server is lost, also for a moment. */
  readonly lost: AbortSignal;
}

/** Headers of a message that is being made. */
export type NatsHeaders = ReturnType<typeof import('@nats-io/transport-node')['headers']>;

/** What a link is made from. */
export interface NatsLinkOptions {
  readonly address: NatsAddress;
  /** Name of this process at the server. */
  readonly name: string;
  readonly log: { info(message: string): void; warn(message: string): void };
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
}

/**
 * The one connection of a process, kept up for as long as it lives: nobody waits for it, everybody asks whether it is there. The
 * client is loaded with the first link. Each outage is told once, and its end.
 */
export class NatsLink {
  readonly #options: NatsLinkOptions;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  readonly #waiting = new Set<() => void>();
  #session: NatsSession | null = null;
  #isOutageTold = false;
  #isConnecting = false;

  constructor(options: NatsLinkOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Null while the server can't be reached. */
  get session(): NatsSession | null {
    return this.#session;
  }

  /** The session as soon as there is one; null when the signal aborts first. */
  async untilUp(signal: AbortSignal): Promise<NatsSession | null> {
    while (!this.#session && !signal.aborted && !this.#closing.signal.aborted) {
      await new Promise<void>((resolve) => {
        const finish = () => {
          this.#waiting.delete(finish);
          signal.removeEventListener('abort', finish);
          resolve();
        };
        this.#waiting.add(finish);
        signal.addEventListener('abort', finish);
      });
    }
    return signal.aborted ? null : this.#session;
  }

  /** A try to connect that is under way is not waited for: it ends by itself. */
  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#isConnecting) this.#wakeAll();
    else await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    const [transport, jetstream] = await Promise.all([import('@nats-io/transport-node'), import('@nats-io/jetstream')]);
    const { address, name, wait } = this.#options;
    while (!signal.aborted) {
      try {
        this.#isConnecting = true;
        const connecting = transport.connect({
          servers: [...address.servers],
          ...address.login,
          ...(address.isEncrypted && { tls: {} }),
          name,
          timeout: CONNECT_MS,
          maxReconnectAttempts: -1,
          reconnectTimeWait: RECONNECT_MS,
          reconnectJitter: RECONNECT_MS,
          pingInterval: PING_MS,
          ignoreAuthErrorAbort: true,
        });
        const connection = await connecting.finally(() => {
          this.#isConnecting = false;
        });
        await this.#use(connection, transport, jetstream);
      } catch (error) {
        this.#down(error);
      }
      if (!signal.aborted) await wait(RETRY_MS, signal);
    }
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Until the connection ends for good. */
  async #use(
    connection: NatsConnection,
    { headers }: typeof import('@nats-io/transport-node'),
    { jetstream }: typeof import('@nats-io/jetstream'),
  ): Promise<void> {
    const client = jetstream(connection, { timeout: TIMEOUT_MS });
    const manager = await client.jetstreamManager(false);
    let losing = new AbortController();
    const up = () => {
      losing = new AbortController();
      this.#up({
        streams: manager.streams,
        consumers: client.consumers,
        deleteConsumer: manager.consumers.delete.bind(manager.consumers),
        publish: client.publish.bind(client),
        makeHeaders: () => headers(),
        lost: losing.signal,
      });
    };
    const stop = () => void connection.close();
    this.#closing.signal.addEventListener('abort', stop);
    try {
      if (this.#closing.signal.aborted) return await connection.close();
      up();
      for await (const status of connection.status()) {
        if (status.type === 'disconnect') {
          losing.abort();
          this.#down();
        } else if (status.type === 'reconnect') {
          up();
        }
      }
    } finally {
      this.#closing.signal.removeEventListener('abort', stop);
      losing.abort();
      this.#session = null;
      await connection.close().catch(() => {});
    }
  }

  #up(session: NatsSession): void {
    this.#session = session;
    if (this.#isOutageTold) this.#options.log.info('NATS is there again.');
    this.#isOutageTold = false;
    this.#wakeAll();
  }

  #down(error?: unknown): void {
    this.#session = null;
    if (this.#isOutageTold || this.#closing.signal.aborted) return;
    this.#isOutageTold = true;
    // The name of the fault only: what a server says may repeat the login.
    const reason = error instanceof Error ? ` (${error.name})` : '';
    const { servers } = this.#options.address;
    this.#options.log.warn(`NATS at ${servers.join(', ')} can't be reached${reason}: events come from the stores.`);
  }
}
