import type { Database, Queryable, Row } from '../../database/database.ts';
import type { ExportFile } from './export-file.ts';
import { ImportError } from './import-error.ts';
import type { RefusedLine } from './write-rows.ts';

/** How far a file has been imported. */
export interface ImportProgress {
  readonly bytesDone: number;
  /** Lines read, blank ones and refused ones among them. */
  readonly linesDone: number;
  readonly accepted: number;
  readonly inserted: number;
  readonly updated: number;
  readonly refused: number;
}

const REFUSALS_A_PAGE = 1_000;

/** Keeps the progress of one file's import in the cloud's own store, where it commits together with the rows. */
export class ProgressStore {
  readonly #database: Database;
  readonly #cloud: string;
  readonly #file: ExportFile;

  constructor(database: Database, cloud: string, file: ExportFile) {
    this.#database = database;
    this.#cloud = cloud;
    this.#file = file;
  }

  /** Where to go on: where a run that was cut off stopped, else at the beginning, also for a file that was imported before. */
  async begin(now: number): Promise<ImportProgress> {
    const { digest, name, bytes } = this.#file;
    return this.#database.transaction(async (transaction) => {
      await transaction.query(
        `DELETE FROM ${this.#cloud}.import_progress WHERE file_digest = $1 AND finished_at IS NOT NULL`,
        [digest],
      );
      const [row] = await transaction.query(
        `INSERT INTO ${this.#cloud}.import_progress AS stored
           (file_digest, file_name, file_bytes, bytes_done, lines_done, lines_accepted, rows_inserted, rows_updated,
            lines_refused, started_at)
         VALUES ($1, $2, $3, 0, 0, 0, 0, 0, 0, $4)
         ON CONFLICT (file_digest) DO UPDATE SET file_name = excluded.file_name
         RETURNING bytes_done, lines_done, lines_accepted, rows_inserted, rows_updated, lines_refused`,
        [digest, name, bytes, new Date(now).toISOString()],
      );
      return progressOf(row ?? {});
    });
  }

  /** Moves on from one position to the next. Throws ImportError ALREADY_RUNNING when another run has moved meanwhile. */
  async advance(
    transaction: Queryable,
    from: ImportProgress,
    to: ImportProgress,
    refused: readonly RefusedLine[],
  ): Promise<void> {
    const moved = await transaction.query(
      `UPDATE ${this.#cloud}.import_progress
       SET bytes_done = $3, lines_done = $4, lines_accepted = $5, rows_inserted = $6, rows_updated = $7, lines_refused = $8
       WHERE file_digest = $1 AND bytes_done = $2 AND finished_at IS NULL RETURNING 1`,
      [this.#file.digest, from.bytesDone, to.bytesDone, to.linesDone, to.accepted, to.inserted, to.updated, to.refused],
    );
    if (moved.length === 0) {
      throw new ImportError('ALREADY_RUNNING', `Another run is importing ${this.#file.name} into ${this.#cloud}.`);
    }
    if (refused.length === 0) return;
    await transaction.query(
      `INSERT INTO ${this.#cloud}.import_refusal (file_digest, line_number, reason)
       SELECT $1, refusal.line_number, refusal.reason
       FROM jsonb_to_recordset($2::jsonb) AS refusal(line_number bigint, reason text)`,
      [
        this.#file.digest,
        JSON.stringify(refused.map((line) => ({ line_number: line.lineNumber, reason: line.reason }))),
      ],
    );
  }

  /** Marks the file as imported, so that the next run begins anew. */
  async finish(now: number): Promise<void> {
    await this.#database.query(`UPDATE ${this.#cloud}.import_progress SET finished_at = $2 WHERE file_digest = $1`, [
      this.#file.digest,
      new Date(now).toISOString(),
    ]);
  }

  /** The lines refused so far, in their order, a page at a time. */
  async *refusals(): AsyncGenerator<RefusedLine> {
    let after = 0;
    for (;;) {
      const rows = await this.#database.query(
        `SELECT line_number, reason FROM ${this.#cloud}.import_refusal
         WHERE file_digest = $1 AND line_number > $2 ORDER BY line_number LIMIT ${REFUSALS_A_PAGE}`,
        [this.#file.digest, after],
      );
      for (const row of rows) {
        after = Number(row['line_number']);
        yield { lineNumber: after, reason: String(row['reason']) };
      }
      if (rows.length < REFUSALS_A_PAGE) return;
    }
  }
}

function progressOf(row: Row): ImportProgress {
  return {
    bytesDone: Number(row['bytes_done']),
    linesDone: Number(row['lines_done']),
    accepted: Number(row['lines_accepted']),
    inserted: Number(row['rows_inserted']),
    updated: Number(row['rows_updated']),
    refused: Number(row['lines_refused']),
  };
}
