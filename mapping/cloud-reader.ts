import type { Database } from '../database/database.ts';
import { readCatalogue } from './catalogue.ts';
import { checkMapping } from './check.ts';
import { compileObjects } from './compile.ts';
import type { MappingDocument } from './document.ts';
import { MappingInvalid } from './faults.ts';
import type { CloudReader } from './reader.ts';
import { SqlHopReader } from './sql/hop-reader.ts';
import { PreparedReads } from './sql/prepared-reads.ts';
import { StatementBatch, StatementTexts } from './sql/statement-batch.ts';

/** What a cloud is read from. */
export interface CloudReaderOptions {
  readonly database: Database;
  readonly document: MappingDocument;
  /** Says which document in a message; without it the cloud's name does. */
  readonly subject?: string;
  /** What `loadMapping` found wrong with the document, to be listed with what the database shows. */
  readonly faults?: readonly string[];
  readonly malformed?: readonly string[];
  /** Told of what an operator should know: columns without an index, rows left out. It never carries values. */
  readonly onWarning?: (message: string) => void;
}

/**
 * Checks a mapping against the database and makes the reader of its cloud. Throws MappingInvalid with every fault, or
 * StoreUnavailable.
 */
export async function createCloudReader(options: CloudReaderOptions): Promise<CloudReader> {
  const { database, document, malformed, onWarning = () => {} } = options;
  const catalogue = await readCatalogue(database, document);
  const { faults: misfits, warnings } = checkMapping(document, catalogue, malformed);
  const faults = [...new Set([...(options.faults ?? []), ...misfits])];
  if (faults.length > 0) throw new MappingInvalid(options.subject ?? `of ${document.cloud}`, faults);
  for (const warning of warnings) onWarning(`Mapping of ${document.cloud}: ${warning}`);
  const objects = compileObjects(document, catalogue);
  const texts = new StatementTexts();
  const reads = new PreparedReads(objects);
  const onIncomplete = countIncompleteRows(document.cloud, onWarning);
  return {
    cloud: document.cloud,
    forOperation: (signal) =>
      new SqlHopReader({ objects, reads, onIncomplete, batch: new StatementBatch(database, texts, signal) }),
  };
}

/** Tells of rows that were left out: of the first of a kind, of the tenth, the hundredth … so that it stays readable. */
function countIncompleteRows(
  cloud: string,
  onWarning: (message: string) => void,
): (object: string, field: string) => void {
  const counts = new Map<string, number>();
  return (object, field) => {
    const name = `${object}.${field}`;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    if (!Number.isInteger(Math.log10(count))) return;
    onWarning(`${cloud}: ${name} is required and has no usable value in the source; rows left out so far: ${count}.`);
  };
}
