import type { Queryable } from '../../database/database.ts';
import type { CloudImport, NativeRow } from './cloud-import.ts';

/** A row and the line it comes from. */
export interface NumberedRow {
  readonly lineNumber: number;
  readonly row: NativeRow;
}

/** A line that was not taken. The reason names fields, never values. */
export interface RefusedLine {
  readonly lineNumber: number;
  readonly reason: string;
}

/** What became of the rows. */
export interface WrittenRows {
  readonly inserted: number;
  readonly updated: number;
  readonly refused: readonly RefusedLine[];
}

/**
 * Inserts rows, or changes those whose key is there already. A row that is there exactly so is not touched, so it rings no doorbell.
 * When the store refuses the data, the rows are halved until the one that it refuses stands alone.
 * Keys must differ.
 */
export async function writeRows(
  transaction: Queryable,
  cloudImport: CloudImport,
  rows: readonly NumberedRow[],
): Promise<WrittenRows> {
  const [first] = rows;
  if (!first) return { inserted: 0, updated: 0, refused: [] };
  await transaction.query('SAVEPOINT before_rows');
  try {
    const [counts] = await transaction.query<{ inserted: number; updated: number }>(upsertText(cloudImport), [
      JSON.stringify(rows.map(({ row }) => row)),
    ]);
    await transaction.query('RELEASE SAVEPOINT before_rows');
    return { inserted: counts?.inserted ?? 0, updated: counts?.updated ?? 0, refused: [] };
  } catch (error) {
    const state = dataFault(error);
    if (state === undefined) throw error;
    await transaction.query('ROLLBACK TO SAVEPOINT before_rows');
    await transaction.query('RELEASE SAVEPOINT before_rows');
    if (rows.length === 1) {
      const reason = `the store does not take the values (SQLSTATE ${state})`;
      return { inserted: 0, updated: 0, refused: [{ lineNumber: first.lineNumber, reason }] };
    }
  }
  const middle = rows.length >> 1;
  const before = await writeRows(transaction, cloudImport, rows.slice(0, middle));
  const after = await writeRows(transaction, cloudImport, rows.slice(middle));
  return {
    inserted: before.inserted + after.inserted,
    updated: before.updated + after.updated,
    refused: [...before.refused, ...after.refused],
  };
}

/** The SQL that writes a batch given as one JSON array. */
function upsertText({ cloud, table, key, columns }: CloudImport): string {
  const list = columns.join(', ');
  const others = columns.filter((column) => column !== key);
  const all = (of: string): string => others.map((column) => `${of}.${column}`).join(', ');
  return `WITH written AS (
    INSERT INTO ${cloud}.${table} AS stored (${list})
    SELECT ${list} FROM jsonb_populate_recordset(NULL::${cloud}.${table}, $1::jsonb)
    ON CONFLICT (${key}) DO UPDATE SET ${others.map((column) => `${column} = excluded.${column}`).join(', ')}
    WHERE (${all('stored')}) IS DISTINCT FROM (${all('excluded')})
    RETURNING xmax = 0 AS is_new
  ) SELECT count(*) FILTER (WHERE is_new)::int AS inserted, count(*) FILTER (WHERE NOT is_new)::int AS updated FROM written`;
}

/** The SQLSTATE, when it says that the data is at fault: data exception, broken constraint, or beyond a limit. */
function dataFault(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^(22|23|54)...$/.test(code) ? code : undefined;
}
