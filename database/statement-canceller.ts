import pg from 'pg';

/**
 * Cancels statements that nobody waits for any more. It does so over a connection of its own, because those of the pool may all be
 * busy with such statements, and over one at a time, because many clients may go at once.
 */
export class StatementCanceller {
  readonly #settings: pg.ClientConfig;
  #turn: Promise<void> = Promise.resolve();

  constructor(settings: pg.ClientConfig) {
    this.#settings = settings;
  }

  /** Cancels what the connection runs. Resolves when the server has been told, or can't be: the statement's own timeout holds then. */
  cancel(connection: pg.ClientBase): Promise<void> {
    const processId = (connection as { readonly processID?: number | null }).processID;
    if (typeof processId !== 'number') return Promise.resolve();
    this.#turn = this.#turn.then(() => this.#tell(processId)).catch(() => undefined);
    return this.#turn;
  }

  async #tell(processId: number): Promise<void> {
    const client = new pg.Client(this.#settings);
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('SELECT pg_cancel_backend($1)', [processId]);
    } finally {
      await client.end();
    }
  }
}
