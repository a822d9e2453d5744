/** A row as both engines give it: int8 as number, numeric and date as string, timestamptz as Date, json parsed. */
export type Row = Record<string, unknown>;

/**
 * Runs statements. Parameters are `$1`, `$2` … of PostgreSQL; how values become parameters and columns become values is
 * told in `values.ts` and is the same on both engines.
 */
export interface Queryable {
  /**
   * Runs one statement and gives its rows. Throws StoreUnavailable when the server can't be reached, else the engine's error. When
   * the signal fires, a statement that waits is not sent, one that runs is cancelled (not in PGlite nor in a transaction, where it
   * runs to its end), and the signal's reason is thrown.
   */
  query<R extends Row = Row>(text: string, values?: readonly unknown[], signal?: AbortSignal): Promise<R[]>;
}

/** Statements that become true together. Of no use after its end. */
export interface Transaction extends Queryable {
  /** Runs a script of several statements without parameters (migrations). */
  script(text: string): Promise<void>;
}

/** One store: PGlite in this process, or a PostgreSQL server. The same SQL text serves both. */
export interface Database extends Queryable {
  readonly engine: 'pglite' | 'postgresql';
  /** Commits when `work` resolves, rolls back when it throws. Work is short and never waits for the network. */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** Runs a script of several statements without parameters (migrations). */
  script(text: string): Promise<void>;
  /** Calls `onNotify` for each NOTIFY on the channel and after each reconnect. Gives a function that stops it. */
  listen(channel: string, onNotify: () => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** Told of every statement as it is sent, so that tests and benchmarks can count them. */
export type StatementObserver = (text: string) => void;

/** The server can't be reached, refused the login, or broke off. Its message is for the operator, never for a caller. */
export class StoreUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreUnavailable';
  }
}
