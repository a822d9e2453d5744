import { AsyncLocalStorage } from 'node:async_hooks';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, type Row, type StatementObserver, StoreUnavailable, type Transaction } from './database.ts';
import { lockFolder } from './folder-lock.ts';
import { PgliteConnection } from './pglite-connection.ts';
import { loadPglite, type Pglite, type PgliteClass } from './pglite-module.ts';

/** How to open the embedded store. */
export interface PgliteOptions {
  /** Folder that keeps the data, made where it is missing; null keeps it in memory. */
  readonly directory: string | null;
  readonly observe?: StatementObserver;
  /** Told of what SQL says with RAISE NOTICE. */
  readonly onNotice?: (message: string) => void;
}

/**
 * Opens the embedded store: PostgreSQL compiled to WebAssembly, one instance and one connection in this process.
 * Statements and transactions queue behind one another. Throws FolderLocked when another process has the folder.
 * It is durable against the end of the process, kill -9 included, not against a power cut: the engine never calls fsync.
 */
export async function openPglite({ directory, observe, onNotice }: PgliteOptions): Promise<Database> {
  const unlock = directory === null ? () => undefined : lockFolder(directory);
  try {
    const { PGlite, protocol } = await loadPglite();
    const engine = await createEngine(PGlite, directory);
    const connection = new PgliteConnection({ engine, serialize: protocol.serialize, observe, onNotice });
    return new PgliteDatabase(connection, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

/**
 * A new store is unpacked from a ready-made image instead of running initdb, which would need twice the memory and time.
 * The marker is written last: a folder without it was left half unpacked by a killed process and is begun anew.
 */
async function createEngine(engine: PgliteClass, directory: string | null): Promise<Pglite> {
  if (directory === null) return engine.create({ loadDataDir: await emptyImage() });
  const dataDir = join(directory, 'pglite');
  const marker = join(directory, 'pglite.complete');
  if (existsSync(marker)) return engine.create({ dataDir });
  rmSync(dataDir, { recursive: true, force: true });
  const created = await engine.create({ dataDir, loadDataDir: await emptyImage() });
  writeFileSync(marker, '');
  return created;
}

async function emptyImage(): Promise<Blob> {
  const { dataDir } = await import('@electric-sql/pglite-prepopulatedfs');
  return dataDir();
}

class PgliteDatabase implements Database {
  readonly engine = 'pglite';
  readonly #connection: PgliteConnection;
  readonly #unlock: () => void;
  readonly #listeners = new Map<string, Set<() => void>>();
  /** The transaction that the running code is part of. */
  readonly #inside = new AsyncLocalStorage<{ ended: boolean }>();
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(connection: PgliteConnection, unlock: () => void) {
    this.#connection = connection;
    this.#unlock = unlock;
    connection.onNotification((channel) => {
      for (const onNotify of this.#listeners.get(channel) ?? []) onNotify();
    });
  }

  query<R extends Row = Row>(text: string, values: readonly unknown[] = [], signal?: AbortSignal): Promise<R[]> {
    return this.#inTurn(async () => {
      signal?.throwIfAborted();
      return this.#connection.query<R>(text, values);
    });
  }

  script(text: string): Promise<void> {
    return this.#inTurn(async () => {
      await this.#connection.script(text);
    });
  }

  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      const state = { ended: false };
      await this.#connection.script('BEGIN');
      try {
        const result = await this.#inside.run(state, () => work(this.#transactionOf(state)));
        state.ended = true;
        const command = await this.#connection.script('COMMIT');
        if (command === 'ROLLBACK')
          throw new Error('A statement of the transaction failed, so all of it was rolled back.');
        return result;
      } catch (error) {
        state.ended = true;
        // Ends an open transaction, and is no more than a warning when COMMIT has ended it.
        await this.#connection.script('ROLLBACK');
        throw error;
      }
    });
  }

  async listen(channel: string, onNotify: () => void): Promise<() => Promise<void>> {
    const own = () => onNotify();
    const listeners = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, listeners.add(own));
    await this.#inTurn(() => this.#connection.listen(channel));
    return async () => {
      listeners.delete(own);
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#inTurn(async () => {
      this.#closed = true;
      await this.#connection.close();
      this.#unlock();
    });
  }

  #transactionOf(state: { readonly ended: boolean }): Transaction {
    const refuseWhenEnded = () => {
      if (state.ended) throw new Error('The transaction has ended.');
    };
    return {
      query: async <R extends Row>(text: string, values: readonly unknown[] = []) => {
        refuseWhenEnded();
        return this.#connection.query<R>(text, values);
      },
      script: async (text) => {
        refuseWhenEnded();
        await this.#connection.script(text);
      },
    };
  }

  /** One after the other, in the order of the calls. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside.getStore()?.ended === false) {
      throw new Error('Inside a transaction statements go through it: one beside it would wait for its end for ever.');
    }
    const turn = this.#last.then(() => {
      if (this.#closed) throw new StoreUnavailable('The embedded store is closed.');
      return work();
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
