import neo4j, {
  type Driver,
  type ManagedTransaction,
  Neo4jError,
  type Record as Neo4jRecord,
  type Session,
} from 'neo4j-driver';
import { type StatementObserver, StoreUnavailable } from '../../../database/database.ts';

/** Where a Neo4j is and how patient to be with it. */
export interface Neo4jConnectionOptions {
  /** Such as `bolt://127.0.0.1:7687` or `neo4j+s://graph.example.com`. */
  readonly uri: string;
  readonly user: string;
  readonly password: string;
  /** Database of the server; its default when not given. */
  readonly database?: string;
  /** Told of every statement as it is sent. */
  readonly observe?: StatementObserver;
  /** How long a transaction is tried again after failures that pass, milliseconds. 5,000 when not given. */
  readonly maxRetryMs?: number;
  /** How long to wait for a free connection, milliseconds. 5,000 when not given. */
  readonly acquisitionMs?: number;
  /** How long a reading call may take altogether, milliseconds; one that writes, and so waits for its turn, three times as long. 10,000 when not given. */
  readonly answerMs?: number;
  /** Connections kept at most. 50 when not given. */
  readonly maxPoolSize?: number;
}

/** A row as Cypher's RETURN names it. */
export type CypherRow = Readonly<Record<string, unknown>>;

/** Runs one statement of a transaction. */
export type RunCypher = <R extends CypherRow>(
  text: string,
  parameters?: Readonly<Record<string, unknown>>,
) => Promise<R[]>;

const WRITE_PATIENCE = 3;

/** The driver with everything around it that every statement needs: managed transactions, bounded waits, errors for operators. */
export class Neo4jConnection {
  readonly #driver: Driver;
  readonly #options: Neo4jConnectionOptions;
  readonly #answerMs: number;
  readonly #bookmarks = neo4j.bookmarkManager();

  /** Throws StoreUnavailable when the URI is none of Neo4j's; connects with the first call. */
  constructor(options: Neo4jConnectionOptions) {
    this.#options = options;
    this.#answerMs = options.answerMs ?? 10_000;
    const acquisition = options.acquisitionMs ?? 5_000;
    try {
      this.#driver = neo4j.driver(options.uri, neo4j.auth.basic(options.user, options.password), {
        maxConnectionPoolSize: options.maxPoolSize ?? 50,
        connectionAcquisitionTimeout: acquisition,
        connectionTimeout: Math.min(3_000, acquisition),
        maxTransactionRetryTime: options.maxRetryMs ?? 5_000,
        disableLosslessIntegers: true,
        telemetryDisabled: true,
        userAgent: 'customer-360',
      });
    } catch {
      throw new StoreUnavailable('NEO4J_URI is no address of a Neo4j, such as bolt://127.0.0.1:7687.');
    }
  }

  /** Runs one statement that reads. */
  async read<R extends CypherRow>(text: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<R[]> {
    const timeout = this.#answerMs;
    return this.#inSession(timeout, (session) =>
      session.executeRead((transaction) => this.#run<R>(transaction, text, parameters), { timeout }),
    );
  }

  /** Runs `work` in one transaction that writes; it is run again from the start after a failure that passes. */
  async write<T>(work: (run: RunCypher) => Promise<T>): Promise<T> {
    const timeout = this.#answerMs * WRITE_PATIENCE;
    return this.#inSession(timeout, (session) =>
      session.executeWrite((transaction) => work((text, parameters = {}) => this.#run(transaction, text, parameters)), {
        timeout,
      }),
    );
  }

  /** Resolves when the server answers and accepts the login; tries once. */
  async checkReadiness(): Promise<void> {
    await this.#translated(this.#answerMs, () => this.#driver.getServerInfo(this.#databaseOption()));
  }

  async close(): Promise<void> {
    await this.#driver.close();
  }

  async #inSession<T>(deadlineMs: number, work: (session: Session) => Promise<T>): Promise<T> {
    return this.#translated(deadlineMs, async () => {
      const session = this.#driver.session({ ...this.#databaseOption(), bookmarkManager: this.#bookmarks });
      try {
        return await work(session);
      } finally {
        // A session that can't be closed cleanly has lost its connection; what there was to say has been thrown already.
        await session.close().catch(() => undefined);
      }
    });
  }

  async #run<R extends CypherRow>(
    transaction: ManagedTransaction,
    text: string,
    parameters: Readonly<Record<string, unknown>>,
  ): Promise<R[]> {
    this.#options.observe?.(text);
    const result = await transaction.run(text, parameters);
    return result.records.map((record: Neo4jRecord) => record.toObject() as R);
  }

  /** The driver has no limit of its own for a server that accepts a connection and then says nothing. */
  async #translated<T>(deadlineMs: number, work: () => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.#silence(deadlineMs)), deadlineMs);
    });
    try {
      return await Promise.race([work(), deadline]);
    } catch (error) {
      throw error instanceof Neo4jError ? this.#errorForOperators(error) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  #silence(deadlineMs: number): StoreUnavailable {
    return new StoreUnavailable(`Neo4j at ${hostOf(this.#options.uri)} did not answer within ${deadlineMs} ms.`);
  }

  /** The server's own messages can quote property values, so only the code of an error goes on. */
  #errorForOperators(error: Neo4jError): Error {
    const place = `Neo4j at ${hostOf(this.#options.uri)}`;
    if (error.code.startsWith('Neo.ClientError.Security')) {
      return new StoreUnavailable(
        `${place} refused the login of user ${this.#options.user} (${error.code}): check NEO4J_USER and NEO4J_PASSWORD.`,
      );
    }
    if (error.code === 'Neo.ClientError.Database.DatabaseNotFound') {
      return new StoreUnavailable(`${place} has no database ${this.#options.database ?? '(default)'} (${error.code}).`);
    }
    if (error.code.startsWith('Neo.ClientError')) return new Error(`${place} refused a statement (${error.code}).`);
    return new StoreUnavailable(
      `${place} can't be reached or broke off (${error.code}): check NEO4J_URI and the server.`,
    );
  }

  #databaseOption(): { database?: string } {
    return this.#options.database === undefined ? {} : { database: this.#options.database };
  }
}

/** A count as Cypher wants it for LIMIT: JavaScript's numbers would go out as floats. */
export function cypherInteger(value: number): unknown {
  return neo4j.int(value);
}

function hostOf(uri: string): string {
  return uri
    .replace(/^[^:]*:\/\//, '')
    .replace(/^.*@/, '')
    .replace(/[/?#].*$/, '');
}
