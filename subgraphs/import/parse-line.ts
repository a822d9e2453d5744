import type { CloudImport, NativeRow } from './cloud-import.ts';
import type { ExportLine } from './export-lines.ts';
import { isPlainObject, LineFault, LineReader } from './line-reader.ts';

/** What became of one line: a row, a refusal, or nothing at all because the line is blank. */
export type ParsedLine =
  | { readonly kind: 'row'; readonly row: NativeRow; readonly unknownFields: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'blank' };

/** Makes a row of a line. Reasons name fields of the export and never their values. */
export function parseLine(line: ExportLine, cloudImport: CloudImport): ParsedLine {
  if (line.fault === 'TOO_LONG') return refused('the line is longer than 1 MiB');
  if (line.text === undefined) return refused('the line is not UTF-8');
  if (line.text.trim() === '') return { kind: 'blank' };
  try {
    const value: unknown = JSON.parse(line.text);
    if (!isPlainObject(value)) return refused('the line is not a JSON object');
    const reader = new LineReader(value);
    const source = reader.text('source');
    if (source !== null && source !== cloudImport.cloud) return refused(`source is not ${cloudImport.cloud}`);
    const row = cloudImport.rowOf(reader);
    return { kind: 'row', row, unknownFields: reader.unknownFields() };
  } catch (error) {
    if (error instanceof LineFault) return refused(error.message);
    if (error instanceof SyntaxError) return refused('the line is not valid JSON');
    throw error;
  }
}

function refused(reason: string): ParsedLine {
  return { kind: 'refused', reason };
}
