import { readFileSync } from 'node:fs';
import Ajv from 'ajv';
import documentSchema from './document.schema.json';
import type { MappingDocument } from './document.ts';
import { findRuleFaults } from './document-rules.ts';
import { faultAt, MappingInvalid } from './faults.ts';
import { describeSchemaErrors } from './schema-errors.ts';
import { usableDocument } from './usable-document.ts';

/**
 * The schema is our own and proven valid by a test, which is not worth repeating at each start, nor is code worth optimising
 * that runs once for each document; of what the validator calls strict, only unknown keywords matter.
 */
const ajv = new Ajv({
  validateSchema: false,
  code: { optimize: false },
  allErrors: true,
  discriminator: true,
  verbose: true,
  strictRequired: false,
  strictTypes: false,
});
const validate = ajv.compile(documentSchema);

/** A document as it was read, with the faults that show without the database: those of the database are listed with them. */
export interface LoadedMapping {
  /** Says which document in a message: its path. */
  readonly subject: string;
  /** The document; where there are faults, only the parts that can be compared with the database. */
  readonly document: MappingDocument;
  readonly faults: readonly string[];
  /** JSON pointers to places whose shape is wrong. */
  readonly malformed: readonly string[];
  /** False when the document names its database in a way that must not be followed. */
  readonly isPlaced: boolean;
}

/** Reads a mapping document from a file. Throws MappingInvalid when there is nothing in it to compare with the database. */
export function loadMapping(path: string): LoadedMapping {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const reason = (error as { code?: string }).code ?? 'unknown reason';
    throw new MappingInvalid(path, [faultAt([], `The file can't be read (${reason}).`)]);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new MappingInvalid(path, [faultAt([], `The file is not JSON${positionOf(error, text)}.`)]);
  }
  return readDocument(value, path);
}

/** Takes a value for a mapping document, named by `subject` in messages. Throws as `loadMapping` does. */
export function readDocument(value: unknown, subject: string): LoadedMapping {
  const shape = describeSchemaErrors(validate(value) ? [] : (validate.errors ?? []));
  const rules = findRuleFaults(value);
  const faults = [...new Set([...shape.faults, ...rules])];
  const isPlaced = !faults.some((fault) => fault.startsWith('/database: '));
  const { malformed } = shape;
  if (faults.length === 0) return { subject, document: value as MappingDocument, faults, malformed, isPlaced };
  const document = usableDocument(value);
  if (!document) throw new MappingInvalid(subject, faults);
  return { subject, document, faults, malformed, isPlaced };
}

/** The engine's message may quote the document, so only the place is taken from it. */
function positionOf(error: unknown, text: string): string {
  const position = /position (\d+)/.exec(String(error))?.[1];
  if (position === undefined) return '';
  const before = text.slice(0, Number(position)).split('\n');
  return `: line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
