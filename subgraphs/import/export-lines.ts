import { createReadStream } from 'node:fs';

/** The longest line that is read, in bytes without its end. */
export const MAX_LINE_BYTES = 1024 * 1024;

const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = '\uFEFF';

/** One line of an export file. */
export interface ExportLine {
  /** 1, 2, 3 … over the whole file. */
  readonly lineNumber: number;
  /** Where the next line begins, in bytes from the beginning of the file. */
  readonly endOffset: number;
  /** The line without its end, or undefined when it can't be read. */
  readonly text: string | undefined;
  /** Why it can't be read. */
  readonly fault?: 'TOO_LONG' | 'NOT_UTF_8';
}

/** Which part of a file to read. */
export interface ExportRange {
  readonly file: string;
  /** Where to begin, at the beginning of a line. */
  readonly fromOffset: number;
  /** Where to stop, exclusive. */
  readonly toOffset: number;
  /** How many lines stand before `fromOffset`. */
  readonly linesBefore: number;
}

/**
 * Reads a file line by line, a chunk's lines at a time. Memory is bounded by a chunk and one line of the greatest length:
 * the rest of a longer line is passed over unread.
 */
export async function* readExportLines(range: ExportRange): AsyncGenerator<ExportLine[]> {
  if (range.fromOffset >= range.toOffset) return;
  const splitter = new LineSplitter(range.fromOffset, range.linesBefore);
  const stream = createReadStream(range.file, {
    start: range.fromOffset,
    end: range.toOffset - 1,
    highWaterMark: 256 * 1024,
  });
  for await (const chunk of stream) {
    const lines = splitter.push(chunk as Buffer);
    if (lines.length > 0) yield lines;
  }
  const last = splitter.finish();
  if (last) yield [last];
}

/** Cuts a stream of bytes into lines. */
class LineSplitter {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #offset: number;
  #lineNumber: number;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(offset: number, lineNumber: number) {
    this.#offset = offset;
    this.#lineNumber = lineNumber;
  }

  push(chunk: Buffer): ExportLine[] {
    const lines: ExportLine[] = [];
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      this.#keep(chunk.subarray(from, end));
      lines.push(this.#cut(1));
      from = end + 1;
    }
    this.#keep(chunk.subarray(from));
    return lines;
  }

  /** The last line, when the file does not end with a line's end. */
  finish(): ExportLine | undefined {
    return this.#length > 0 ? this.#cut(0) : undefined;
  }

  #keep(part: Buffer): void {
    this.#length += part.length;
    if (this.#length > MAX_LINE_BYTES) this.#parts = [];
    else if (part.length > 0) this.#parts.push(part);
  }

  #cut(endBytes: number): ExportLine {
    const parts = this.#parts;
    const isTooLong = this.#length > MAX_LINE_BYTES;
    this.#offset += this.#length + endBytes;
    this.#lineNumber++;
    this.#parts = [];
    this.#length = 0;
    const position = { lineNumber: this.#lineNumber, endOffset: this.#offset };
    if (isTooLong) return { ...position, text: undefined, fault: 'TOO_LONG' };
    try {
      const only = parts.length === 1 ? parts[0] : Buffer.concat(parts);
      const text = this.#decoder.decode(only);
      return {
        ...position,
        text: position.lineNumber === 1 && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text,
      };
    } catch {
      return { ...position, text: undefined, fault: 'NOT_UTF_8' };
    }
  }
}
