import { readFileSync } from 'node:fs';
import Ajv from 'ajv';
import documentSchema from './document.schema.json';
import type { MappingDocument } from './document.ts';
import { findRuleFaults } from './document-rules.ts';
import { faultAt, MappingInvalid } from './faults.ts';
import { describeSchemaErrors } from './schema-errors.ts';

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

/** Reads a mapping document from a file. Throws MappingInvalid with every fault that shows without the database. */
export function loadMapping(path: string): MappingDocument {
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
  return checkDocument(value, path);
}

/** Takes a value for a mapping document. `subject` names it in the message of MappingInvalid. */
export function checkDocument(value: unknown, subject: string): MappingDocument {
  const isValid = validate(value);
  const faults = [...(isValid ? [] : describeSchemaErrors(validate.errors ?? [])), ...findRuleFaults(value)];
  if (faults.length > 0) throw new MappingInvalid(subject, faults);
  return value as MappingDocument;
}

/** The engine's message may quote the document, so only the place is taken from it. */
function positionOf(error: unknown, text: string): string {
  const position = /position (\d+)/.exec(String(error))?.[1];
  if (position === undefined) return '';
  const before = text.slice(0, Number(position)).split('\n');
  return `: line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
