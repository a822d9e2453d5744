import { type Database, type StatementObserver, StoreUnavailable } from './database.ts';
import { openPglite } from './pglite.ts';
import { openPostgresql } from './postgresql.ts';

/** Where the stores of a process are. */
export interface StoresOptions {
  /** Folder of the embedded store, null to keep it in memory. */
  readonly directory: string | null;
  /** Told of every statement and the store it goes to: `embedded`, or the name that a server was opened under. */
  readonly observe?: ((store: string, statement: string) => void) | undefined;
}

/** The stores of a process: servers by name, and one embedded store for whoever has none. */
export class Stores {
  readonly #options: StoresOptions;
  readonly #servers: Database[] = [];
  #embedded: Promise<Database> | undefined;

  constructor(options: StoresOptions) {
    this.#options = options;
  }

  /** Opens a PostgreSQL server. Throws StoreUnavailable. */
  async server(name: string, url: string): Promise<Database> {
    const server = await openPostgresql({ url, ...this.observerOf(name) });
    this.#servers.push(server);
    return server;
  }

  /** The embedded store, opened by the first call. Throws FolderLocked. */
  embedded(): Promise<Database> {
    this.#embedded ??= openPglite({ directory: this.#options.directory, ...this.observerOf('embedded') });
    return this.#embedded;
  }

  /** What a store of this name is opened with, to have its statements observed. */
  observerOf(name: string): { observe?: StatementObserver } {
    const { observe } = this.#options;
    return observe ? { observe: (statement) => observe(name, statement) } : {};
  }

  /** Closes every store that was opened, also one that is still opening. */
  async close(): Promise<void> {
    const embedded = await this.#embedded?.catch(() => undefined);
    await Promise.all([...this.#servers, ...(embedded ? [embedded] : [])].map((store) => store.close()));
  }
}

/** Says which variable to look at when a store can't be used. */
export async function namingVariable<T>(variable: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    throw new StoreUnavailable(`${variable}: ${error.message}`, { cause: error });
  }
}
