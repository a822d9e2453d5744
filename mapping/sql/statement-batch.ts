import type { Queryable } from '../../database/database.ts';
import type { RawRow } from '../value.ts';
import { numbered, type ReadArguments } from './parameters.ts';
import type { PreparedRead } from './prepared-read.ts';

const REMEMBERED_STATEMENTS = 500;

/** Texts of statements by the reads they are made of, so that the same hop sends the same text again. */
export class StatementTexts {
  readonly #texts = new Map<string, string>();

  /** One statement that gives each read's rows as one JSON value: `r0`, `r1` … */
  textOf(reads: readonly PreparedRead[]): string {
    const name = reads.map((read) => read.id).join(' ');
    const known = this.#texts.get(name);
    if (known !== undefined) return known;
    let before = 0;
    const columns = reads.map((read, index) => {
      const sql = numbered(read.text, before);
      before += read.parameters.count;
      return `(SELECT coalesce(json_agg(q.j), '[]') FROM (${sql}) q) AS r${index}`;
    });
    const text = `SELECT ${columns.join(',\n')}`;
    if (this.#texts.size >= REMEMBERED_STATEMENTS) this.#texts.clear();
    this.#texts.set(name, text);
    return text;
  }
}

interface WaitingRead {
  readonly read: PreparedRead;
  readonly values: ReadArguments;
  readonly resolve: (rows: readonly RawRow[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends all reads of a tick as one statement. It is sent when the event loop has nothing left to do in the tick, after
 * every promise that is already settled and every loader that waits for those: `setImmediate` comes behind them all.
 */
export class StatementBatch {
  readonly #database: Queryable;
  readonly #texts: StatementTexts;
  readonly #signal: AbortSignal | undefined;
  #waiting: WaitingRead[] = [];

  /** Nothing is waited for any longer once the signal has fired. */
  constructor(database: Queryable, texts: StatementTexts, signal?: AbortSignal) {
    this.#database = database;
    this.#texts = texts;
    this.#signal = signal;
  }

  /** The rows of a read. When the statement fails, all of its reads fail alike. */
  rows(read: PreparedRead, values: ReadArguments): Promise<readonly RawRow[]> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ read, values, resolve, reject }) === 1) setImmediate(() => void this.#send());
    });
  }

  async #send(): Promise<void> {
    const reads = this.#waiting;
    this.#waiting = [];
    try {
      const text = this.#texts.textOf(reads.map(({ read }) => read));
      const parameters = reads.flatMap(({ read, values }) => read.parameters.bind(values));
      const [row = {}] = await this.#database.query(text, parameters, this.#signal);
      for (const [index, { resolve }] of reads.entries()) resolve(row[`r${index}`] as readonly RawRow[]);
    } catch (error) {
      for (const { reject } of reads) reject(error);
    }
  }
}
