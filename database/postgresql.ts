import pg from 'pg';
import type { Database, Row, StatementObserver, Transaction } from './database.ts';
import { describeServer, toStoreError } from './postgresql-errors.ts';
import { PostgresqlListener } from './postgresql-listener.ts';
import { StatementCanceller } from './statement-canceller.ts';
import { isStalePlan } from './statement-errors.ts';
import { StatementNames } from './statement-names.ts';
import { formatParameter, parserOf } from './values.ts';

/** A transaction that says nothing for so long was left by a process that hangs; its locks are in everybody's way. */
const IDLE_IN_TRANSACTION_MS = 30_000;
/** Times and intervals are written as `values.ts` reads them, whatever the server's own settings. */
const SESSION = '-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres -c bytea_output=hex';

/** How to reach a PostgreSQL server. */
export interface PostgresqlOptions {
  /** `postgresql://user:password@host:port/database`. Never logged. */
  readonly url: string;
  readonly observe?: StatementObserver;
  /** Connections at most, beside one for notifications. Default 10. */
  readonly poolSize?: number;
  /** A statement that takes longer is cancelled by the server, which becomes StoreUnavailable. Default 5,000. */
  readonly statementTimeoutMs?: number;
  /** How long to wait for a connection, a new one or one of the pool. Default 3,000. */
  readonly connectTimeoutMs?: number;
}

/** Opens a pool on a PostgreSQL server and checks that it lets us in. Throws StoreUnavailable. */
export async function openPostgresql(given: PostgresqlOptions): Promise<Database> {
  const { url, connectTimeoutMs = 3_000 } = given;
  // Throws when the URL is none, before anything could print it.
  const server = describeServer(url);
  const location = new URL(url);
  const options = [location.searchParams.get('options'), SESSION].filter(Boolean).join(' ');
  // What stands in the URL would replace what is set here.
  location.searchParams.delete('options');
  const settings: pg.ClientConfig = {
    connectionString: location.href,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: 'customer-360',
    keepAlive: true,
    options,
    types: { getTypeParser: parserOf },
  };
  const database = new PostgresqlDatabase(server, settings, given);
  try {
    await database.checkLogin();
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

class PostgresqlDatabase implements Database {
  readonly engine = 'postgresql';
  readonly #server: string;
  readonly #pool: pg.Pool;
  readonly #observe: StatementObserver | undefined;
  readonly #names = new StatementNames();
  readonly #listener: PostgresqlListener;
  readonly #canceller: StatementCanceller;
  #closing: Promise<void> | null = null;

  constructor(server: string, settings: pg.ClientConfig, options: PostgresqlOptions) {
    this.#server = server;
    this.#observe = options.observe;
    this.#pool = new pg.Pool({
      ...settings,
      max: options.poolSize ?? 10,
      statement_timeout: options.statementTimeoutMs ?? 5_000,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    });
    // A server that breaks off an idle connection must not take the process with it; the pool opens a new one.
    this.#pool.on('error', () => undefined);
    this.#listener = new PostgresqlListener(server, settings);
    this.#canceller = new StatementCanceller(settings);
  }

  async checkLogin(): Promise<void> {
    (await this.#connect()).release();
  }

  async query<R extends Row = Row>(text: string, values: readonly unknown[] = [], signal?: AbortSignal): Promise<R[]> {
    if (signal) return this.#queryUntil<R>(text, values, signal);
    try {
      return await this.#run<R>(this.#pool, text, values, this.#names.nameOf(text));
    } catch (error) {
      if (!isStalePlan(error)) throw toStoreError(this.#server, error);
      return this.#run<R>(this.#pool, text, values, undefined).catch((again) => {
        throw toStoreError(this.#server, again);
      });
    }
  }

  async #queryUntil<R extends Row>(text: string, values: readonly unknown[], signal: AbortSignal): Promise<R[]> {
    signal.throwIfAborted();
    const client = await this.#connect();
    let breakage: Error | undefined;
    const onError = (error: Error): void => {
      breakage = error;
    };
    let cancelling: Promise<void> | undefined;
    const cancel = (): void => {
      cancelling = this.#canceller.cancel(client);
    };
    client.on('error', onError);
    signal.addEventListener('abort', cancel, { once: true });
    try {
      signal.throwIfAborted();
      return await this.#run<R>(client, text, values, this.#names.nameOf(text)).catch((error) => {
        if (!isStalePlan(error)) throw error;
        return this.#run<R>(client, text, values, undefined);
      });
    } catch (error) {
      throw signal.aborted ? signal.reason : toStoreError(this.#server, error);
    } finally {
      signal.removeEventListener('abort', cancel);
      // What comes next on the connection must not be what is cancelled.
      await cancelling;
      client.off('error', onError);
      client.release(breakage);
    }
  }

  async script(text: string): Promise<void> {
    this.#observe?.(text);
    await this.#pool.query(text).catch((error) => {
      throw toStoreError(this.#server, error);
    });
  }

  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    let breakage: Error | undefined;
    const onError = (error: Error) => {
      breakage = error;
    };
    // Without a listener the end of a connection between two statements would end the process.
    client.on('error', onError);
    const state = { ended: false };
    try {
      await this.#send(client, 'BEGIN');
      const result = await work(this.#transactionOf(client, state));
      state.ended = true;
      const { command } = await this.#send(client, 'COMMIT');
      if (command === 'ROLLBACK')
        throw new Error('A statement of the transaction failed, so all of it was rolled back.');
      return result;
    } catch (error) {
      state.ended = true;
      // Ends an open transaction, and is no more than a warning when COMMIT has ended it.
      await this.#send(client, 'ROLLBACK').catch(onError);
      throw toStoreError(this.#server, error);
    } finally {
      client.off('error', onError);
      client.release(breakage);
    }
  }

  listen(channel: string, onNotify: () => void): Promise<() => Promise<void>> {
    return this.#listener.listen(channel, onNotify);
  }

  async close(): Promise<void> {
    this.#closing ??= Promise.all([this.#listener.close(), this.#pool.end()]).then(() => undefined);
    await this.#closing;
  }

  async #connect(): Promise<pg.PoolClient> {
    return this.#pool.connect().catch((error) => {
      throw toStoreError(this.#server, error);
    });
  }

  #transactionOf(client: pg.PoolClient, state: { readonly ended: boolean }): Transaction {
    const refuseWhenEnded = () => {
      if (state.ended) throw new Error('The transaction has ended.');
    };
    const translate = (error: unknown) => {
      throw toStoreError(this.#server, error);
    };
    return {
      query: async <R extends Row>(text: string, values: readonly unknown[] = []) => {
        refuseWhenEnded();
        return this.#run<R>(client, text, values, this.#names.nameOf(text)).catch(translate);
      },
      script: async (text) => {
        refuseWhenEnded();
        await this.#send(client, text).catch(translate);
      },
    };
  }

  async #run<R extends Row>(
    on: pg.Pool | pg.PoolClient,
    text: string,
    values: readonly unknown[],
    name: string | undefined,
  ): Promise<R[]> {
    this.#observe?.(text);
    const parameters = values.map(formatParameter);
    const { rows } = await on.query<R>({ text, values: parameters, ...(name !== undefined && { name }) });
    return rows;
  }

  #send(client: pg.PoolClient, text: string): Promise<pg.QueryResult> {
    this.#observe?.(text);
    return client.query(text);
  }
}
