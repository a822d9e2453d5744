import { LineFault, type LineReader } from './line-reader.ts';

/** When the source created and last changed the record; each stands in for the other. Throws LineFault when both are missing. */
export function readTimes(line: LineReader): { readonly created: string; readonly updated: string } {
  const created = line.instant('createdAt');
  const updated = line.instant('updatedAt');
  const either = created ?? updated;
  if (either === null) throw new LineFault('createdAt and updatedAt are missing');
  return { created: created ?? either, updated: updated ?? either };
}
