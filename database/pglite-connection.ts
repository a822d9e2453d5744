import type { Row, StatementObserver } from './database.ts';
import { quoteIdentifier } from './identifiers.ts';
import type {
  BackendMessage,
  CommandComplete,
  DataRow,
  Notice,
  Pglite,
  RowDescription,
  Serialize,
} from './pglite-module.ts';
import { isStalePlan, withoutData } from './statement-errors.ts';
import { StatementNames } from './statement-names.ts';
import { formatParameter, parserOf } from './values.ts';

/** What a connection is made of. */
export interface PgliteConnectionOptions {
  readonly engine: Pglite;
  readonly serialize: Serialize;
  readonly observe: StatementObserver | undefined;
  readonly onNotice: ((message: string) => void) | undefined;
}

/**
 * The one connection of the embedded store. It speaks PostgreSQL's protocol itself: a statement goes into the engine in one
 * piece and stays prepared there, where PGlite's own `query` enters it six times and parses and plans every time.
 * Its caller keeps statements from overlapping.
 */
export class PgliteConnection {
  readonly #engine: Pglite;
  readonly #serialize: Serialize;
  readonly #observe: StatementObserver | undefined;
  readonly #onNotice: ((notice: Notice) => void) | undefined;
  #names = new StatementNames();
  readonly #prepared = new Set<string>();
  readonly #channels = new Set<string>();

  constructor({ engine, serialize, observe, onNotice }: PgliteConnectionOptions) {
    this.#engine = engine;
    this.#serialize = serialize;
    this.#observe = observe;
    this.#onNotice = onNotice && ((notice) => onNotice(notice.message ?? ''));
  }

  /** Runs one statement and gives its rows. Throws the engine's error, freed of data. */
  async query<R extends Row>(text: string, values: readonly unknown[]): Promise<R[]> {
    this.#observe?.(text);
    let answer = await this.#execute(text, values);
    if (isStalePlan(answer.find(isError))) {
      await this.#forgetPrepared();
      const again = await this.#execute(text, values);
      // Inside a transaction the first failure stands: the server answers nothing more.
      if (!again.some(isError)) answer = again;
    }
    throwError(answer);
    return rowsOf<R>(answer);
  }

  async #execute(text: string, values: readonly unknown[]): Promise<BackendMessage[]> {
    const name = this.#names.nameOf(text) ?? '';
    const isPrepared = this.#prepared.has(name);
    const parts = [
      ...(isPrepared ? [] : [this.#serialize.parse({ name, text })]),
      this.#serialize.bind({ statement: name, values: values.map(formatParameter) }),
      this.#serialize.describe({ type: 'P' }),
      this.#serialize.execute({}),
      this.#serialize.sync(),
    ];
    const answer = await this.#send(Buffer.concat(parts));
    if (name !== '' && answer.some((message) => message.name === 'parseComplete')) this.#prepared.add(name);
    return answer;
  }

  /** Runs several statements and gives the last one's command, such as `COMMIT`. */
  async script(text: string): Promise<string> {
    this.#observe?.(text);
    const answer = await this.#send(this.#serialize.query(text));
    throwError(answer);
    if (!/^(BEGIN|COMMIT|ROLLBACK)$/.test(text)) await this.#forgetPrepared();
    const last = answer.findLast((message) => message.name === 'commandComplete') as CommandComplete;
    return last?.text.split(' ')[0] ?? '';
  }

  /** From now on the channel's notifications arrive. */
  async listen(channel: string): Promise<void> {
    if (this.#channels.has(channel)) return;
    throwError(await this.#send(this.#serialize.query(`LISTEN ${quoteIdentifier(channel)}`)));
    this.#channels.add(channel);
  }

  onNotification(onNotify: (channel: string) => void): void {
    this.#engine.onNotification(onNotify);
  }

  async close(): Promise<void> {
    await this.#engine.close();
  }

  /** A script may alter tables that prepared statements read, and a plan for the old ones is refused. */
  async #forgetPrepared(): Promise<void> {
    if (this.#prepared.size > 0) await this.#send(this.#serialize.query('DEALLOCATE ALL'));
    this.#prepared.clear();
    this.#names = new StatementNames();
  }

  #send(bytes: Uint8Array): Promise<BackendMessage[]> {
    return this.#engine.execProtocolStream(bytes, {
      syncToFs: false,
      throwOnError: false,
      ...(this.#onNotice && { onNotice: this.#onNotice }),
    });
  }
}

function throwError(answer: readonly BackendMessage[]): void {
  const error = answer.find(isError);
  if (error) throw withoutData(error);
}

function isError(message: BackendMessage): boolean {
  return message.name === 'error';
}

function rowsOf<R extends Row>(answer: readonly BackendMessage[]): R[] {
  let columns: { readonly name: string; readonly parse: (text: string) => unknown }[] = [];
  const rows: Row[] = [];
  for (const message of answer) {
    if (message.name === 'rowDescription') {
      const { fields } = message as RowDescription;
      columns = fields.map(({ name, dataTypeID }) => ({ name, parse: parserOf(dataTypeID) }));
    } else if (message.name === 'dataRow') {
      const { fields } = message as DataRow;
      const row: Row = {};
      for (const [index, { name, parse }] of columns.entries()) {
        const text = fields[index];
        row[name] = text === null || text === undefined ? null : parse(text);
      }
      rows.push(row);
    }
  }
  return rows as R[];
}
