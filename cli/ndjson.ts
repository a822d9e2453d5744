import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

const CHUNK_BYTES = 1 << 20;
/** A longer line is no record. */
const LINE_LENGTH_LIMIT = 10_000_000;

/** A line that is no record: where, and why. The line itself is not kept, it may hold anybody's data. */
export interface BadLine {
  readonly file: string;
  /** From 1 on. */
  readonly line: number;
  readonly reason: string;
}

/**
 * Reads a file of one JSON object a line, in chunks, so that memory does not grow with the file. Empty lines are skipped;
 * a line that is not an object goes to `onBadLine`, and reading goes on. `-` reads standard input.
 */
export function* readNdjson(
  file: string,
  onBadLine: (bad: BadLine) => void,
): Generator<{ readonly value: Record<string, unknown>; readonly line: number }> {
  const descriptor = file === '-' ? 0 : openSync(file, 'r');
  try {
    let line = 0;
    for (const text of linesOf(descriptor)) {
      line += 1;
      if (text !== null && text.trim() === '') continue;
      const value = text === null ? 'too long' : parse(text);
      if (typeof value === 'string') onBadLine({ file, line, reason: value });
      else yield { value, line };
    }
  } finally {
    if (descriptor !== 0) closeSync(descriptor);
  }
}

/** The lines; null for one that is too long, of which nothing is kept. */
function* linesOf(descriptor: number): Generator<string | null> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let isTooLong = false;
  let isFirst = true;
  const line = (text: string): string | null => {
    const whole = isTooLong || text.length > LINE_LENGTH_LIMIT ? null : text;
    isTooLong = false;
    return whole;
  };
  for (;;) {
    const read = readSync(descriptor, chunk, 0, CHUNK_BYTES, null);
    if (read === 0) break;
    let text = rest + decoder.write(chunk.subarray(0, read));
    if (isFirst) text = text.replace(/^\uFEFF/, '');
    isFirst = false;
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      yield line(text.slice(start, end));
      start = end + 1;
    }
    rest = text.slice(start);
    if (rest.length <= LINE_LENGTH_LIMIT) continue;
    isTooLong = true;
    rest = '';
  }
  rest += decoder.end();
  if (rest !== '' || isTooLong) yield line(rest);
}

/** The object, or what is wrong. */
function parse(text: string): Record<string, unknown> | string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not a JSON object';
    return value as Record<string, unknown>;
  } catch {
    return 'not JSON';
  }
}
