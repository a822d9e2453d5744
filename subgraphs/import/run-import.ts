import type { Database } from '../../database/database.ts';
import type { Clock } from '../../schema/clock.ts';
import type { CloudImport } from './cloud-import.ts';
import { cloudImportOf } from './clouds.ts';
import { identifyFile } from './export-file.ts';
import { type ExportLine, readExportLines } from './export-lines.ts';
import { ImportError } from './import-error.ts';
import { parseLine } from './parse-line.ts';
import { type ImportProgress, ProgressStore } from './progress-store.ts';
import { type NumberedRow, type RefusedLine, writeRows } from './write-rows.ts';

const LINES_A_BATCH = 1_000;
const BYTES_A_BATCH = 4 * 1024 * 1024;
const MAX_UNKNOWN_FIELDS = 20;

/** What to import. */
export interface ImportOptions {
  /** The cloud's store, migrated. */
  readonly database: Database;
  /** Name of the cloud, such as `commerce`. */
  readonly cloud: string;
  /** Path of the export: one JSON object a line, in UTF-8. */
  readonly file: string;
  readonly clock: Clock;
  /** Called when the import begins and after each batch that has been committed. */
  readonly onProgress?: (progress: ImportProgress & { readonly bytes: number }) => void;
  /** Called with each refused line, in the order of the file; after a cut-off also with those that were refused before it. */
  readonly onRefused?: (line: RefusedLine) => void;
}

/** What came of an import, the part before a cut-off included. */
export interface ImportReport {
  readonly cloud: string;
  readonly file: string;
  /** Lines of the file. */
  readonly lines: number;
  readonly accepted: number;
  readonly inserted: number;
  readonly updated: number;
  /** Accepted lines whose record was there already, exactly so, or that a later line of the batch replaced. */
  readonly unchanged: number;
  readonly refused: number;
  /** Where this run began: 0, or the lines that a run that was cut off had done. */
  readonly resumedAfterLine: number;
  /** How long this run took. */
  readonly milliseconds: number;
  /** Names of fields that the cloud has no place for, at most 20. */
  readonly unknownFields: readonly string[];
}

/**
 * Imports a cloud's own export into its store, in batches of 1,000 lines that commit together with the progress: a run that is
 * cut off anywhere goes on with the next, nothing is half written or done twice. Importing a file again changes nothing and rings
 * no doorbell. When a record stands in a file twice, the last line counts. A line that is not acceptable is refused and named.
 * Throws ImportError, or StoreUnavailable.
 */
export async function runImport(options: ImportOptions): Promise<ImportReport> {
  const { database, clock } = options;
  const startedAt = clock();
  const cloudImport = cloudImportOf(options.cloud);
  const file = await identifyFile(options.file);
  await checkTables(database, cloudImport);
  const store = new ProgressStore(database, cloudImport.cloud, file);
  const begun = await store.begin(startedAt);
  for await (const refusal of store.refusals()) options.onRefused?.(refusal);
  let progress = begun;
  options.onProgress?.({ ...progress, bytes: file.bytes });
  const unknownFields = new Set<string>();
  for await (const lines of batches(file.path, begun, file.bytes)) {
    const batch = parseBatch(lines, cloudImport, unknownFields);
    const { next, refused } = await commitBatch({ database, cloudImport, store, batch, progress });
    progress = next;
    for (const refusal of refused) options.onRefused?.(refusal);
    options.onProgress?.({ ...progress, bytes: file.bytes });
  }
  await store.finish(clock());
  await database.query(`ANALYZE ${cloudImport.cloud}.${cloudImport.table}`);
  return {
    cloud: cloudImport.cloud,
    file: file.name,
    lines: progress.linesDone,
    accepted: progress.accepted,
    inserted: progress.inserted,
    updated: progress.updated,
    unchanged: progress.accepted - progress.inserted - progress.updated,
    refused: progress.refused,
    resumedAfterLine: begun.linesDone,
    milliseconds: clock() - startedAt,
    unknownFields: [...unknownFields],
  };
}

/** The lines of one batch, sorted out. */
interface Batch {
  /** Every key once: of several lines with one key, the last. */
  readonly rows: readonly NumberedRow[];
  readonly refused: readonly RefusedLine[];
  readonly accepted: number;
  readonly linesDone: number;
  readonly bytesDone: number;
}

function parseBatch(lines: readonly ExportLine[], cloudImport: CloudImport, unknownFields: Set<string>): Batch {
  const rows = new Map<unknown, NumberedRow>();
  const refused: RefusedLine[] = [];
  let accepted = 0;
  for (const line of lines) {
    const parsed = parseLine(line, cloudImport);
    if (parsed.kind === 'refused') refused.push({ lineNumber: line.lineNumber, reason: parsed.reason });
    if (parsed.kind !== 'row') continue;
    accepted++;
    rows.set(parsed.row[cloudImport.key], { lineNumber: line.lineNumber, row: parsed.row });
    for (const name of parsed.unknownFields) {
      // A field's name is shown to the operator: only what looks like a name is let through, never somebody's data.
      if (unknownFields.size < MAX_UNKNOWN_FIELDS && /^[A-Za-z_]{1,40}$/.test(name)) unknownFields.add(name);
    }
  }
  const last = lines.at(-1);
  return {
    rows: [...rows.values()],
    refused,
    accepted,
    linesDone: last?.lineNumber ?? 0,
    bytesDone: last?.endOffset ?? 0,
  };
}

async function commitBatch(step: {
  readonly database: Database;
  readonly cloudImport: CloudImport;
  readonly store: ProgressStore;
  readonly batch: Batch;
  readonly progress: ImportProgress;
}): Promise<{ next: ImportProgress; refused: readonly RefusedLine[] }> {
  const { batch, progress } = step;
  return step.database.transaction(async (transaction) => {
    const written = await writeRows(transaction, step.cloudImport, batch.rows);
    const refused = [...batch.refused, ...written.refused].sort((a, b) => a.lineNumber - b.lineNumber);
    const next = {
      bytesDone: batch.bytesDone,
      linesDone: batch.linesDone,
      accepted: progress.accepted + batch.accepted - written.refused.length,
      inserted: progress.inserted + written.inserted,
      updated: progress.updated + written.updated,
      refused: progress.refused + refused.length,
    };
    await step.store.advance(transaction, progress, next, refused);
    return { next, refused };
  });
}

async function* batches(path: string, begun: ImportProgress, bytes: number): AsyncGenerator<ExportLine[]> {
  const range = { file: path, fromOffset: begun.bytesDone, toOffset: bytes, linesBefore: begun.linesDone };
  let batch: ExportLine[] = [];
  let batchStart = begun.bytesDone;
  for await (const lines of readExportLines(range)) {
    for (const line of lines) {
      batch.push(line);
      if (batch.length < LINES_A_BATCH && line.endOffset - batchStart < BYTES_A_BATCH) continue;
      yield batch;
      batch = [];
      batchStart = line.endOffset;
    }
  }
  if (batch.length > 0) yield batch;
}

async function checkTables(database: Database, { cloud, table }: CloudImport): Promise<void> {
  const [row] = await database.query('SELECT to_regclass($1) IS NOT NULL AND to_regclass($2) IS NOT NULL AS is_ours', [
    `${cloud}.${table}`,
    `${cloud}.import_progress`,
  ]);
  if (row?.['is_ours'] === true) return;
  throw new ImportError(
    'NOT_OURS',
    `The ${cloud} store has no tables of ours: load data into that system by its own means.`,
  );
}
