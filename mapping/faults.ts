/** A mapping document that cannot be used. `faults` has all of them, each a path into the document and a sentence. */
export class MappingInvalid extends Error {
  readonly faults: readonly string[];

  /** `subject` says which document: a path, or the cloud's name. */
  constructor(subject: string, faults: readonly string[]) {
    const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`;
    super(`The mapping ${subject} has ${count}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.name = 'MappingInvalid';
    this.faults = faults;
  }
}

/** Writes one fault: where in the document (keys from the root), and what is wrong there. */
export function faultAt(path: readonly (string | number)[], sentence: string): string {
  const pointer = pointerTo(path);
  return `${pointer === '' ? '/' : pointer}: ${sentence}`;
}

/** Writes a place in the document (keys from the root) as a JSON pointer. */
export function pointerTo(path: readonly (string | number)[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
