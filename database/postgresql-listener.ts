import pg from 'pg';
import { StoreUnavailable } from './database.ts';
import { toStoreError } from './postgresql-errors.ts';

const RECONNECT_FIRST_MS = 100;
const RECONNECT_AT_MOST_MS = 5_000;

/**
 * Listens on all channels over one connection of its own, made with the first and kept until `close`. A lost connection is
 * made again, ever more slowly, and then everybody is called: a notification may have been missed meanwhile.
 */
export class PostgresqlListener {
  readonly #server: string;
  readonly #settings: pg.ClientConfig;
  readonly #listeners = new Map<string, Set<() => void>>();
  #connection: Promise<pg.Client> | null = null;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(server: string, settings: pg.ClientConfig) {
    this.#server = server;
    this.#settings = settings;
  }

  /** Calls `onNotify` for each notification until the function given back is called. Throws StoreUnavailable. */
  async listen(channel: string, onNotify: () => void): Promise<() => Promise<void>> {
    const own = () => onNotify();
    const listeners = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, listeners.add(own));
    try {
      const client = await this.#connect();
      // Also for a channel that is known, where it changes nothing: so it surely holds when this returns.
      await client.query(listenTo(channel));
    } catch (error) {
      listeners.delete(own);
      throw toStoreError(this.#server, error);
    }
    return async () => {
      listeners.delete(own);
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    const client = await this.#connection?.catch(() => null);
    await client?.end().catch(() => undefined);
  }

  #connect(): Promise<pg.Client> {
    if (this.#closed) throw new StoreUnavailable(`${this.#server} is closed.`);
    if (!this.#connection) {
      const connection = this.#open();
      this.#connection = connection;
      connection.catch(() => {
        if (this.#connection === connection) this.#connection = null;
      });
    }
    return this.#connection;
  }

  async #open(): Promise<pg.Client> {
    const client = new pg.Client(this.#settings);
    client.on('notification', ({ channel }) => this.#call(channel));
    client.on('error', () => undefined);
    try {
      await client.connect();
      for (const channel of this.#listeners.keys()) await client.query(listenTo(channel));
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    client.on('end', () => this.#reconnectAfter(RECONNECT_FIRST_MS));
    return client;
  }

  #reconnectAfter(milliseconds: number): void {
    this.#connection = null;
    if (this.#closed) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(async () => {
      try {
        await this.#connect();
        for (const channel of this.#listeners.keys()) this.#call(channel);
      } catch {
        this.#reconnectAfter(Math.min(milliseconds * 2, RECONNECT_AT_MOST_MS));
      }
    }, milliseconds);
    this.#retry.unref();
  }

  #call(channel: string): void {
    for (const onNotify of this.#listeners.get(channel) ?? []) onNotify();
  }
}

function listenTo(channel: string): string {
  return `LISTEN ${pg.escapeIdentifier(channel)}`;
}
