import type { HttpAnswer } from '../answer.ts';
import { type AnswerHead, parseChunkSize, parseHead, WireFault } from './head.ts';

/** What an answer may take at most, in bytes. */
export interface AnswerLimits {
  /** Status line and fields. */
  readonly head: number;
  readonly body: number;
}

/** What can be done with the connection after an answer. */
export interface AfterAnswer {
  /** True when the next request may be sent over it. */
  readonly isReusable: boolean;
  readonly idleMs: number | undefined;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
/** Interim answers (status 1xx) that are skipped before the real one. */
const INTERIM_LIMIT = 8;
/** Pieces that an answer comes in; each costs memory of its own, however small it is. */
const PARTS_LIMIT = 65_536;

/**
 * Reads one answer of HTTP/1.1 as its bytes come, strictly: whatever could be read in two ways is refused. Most answers come
 * whole in one read; then nothing is copied but the text.
 */
export class AnswerReader {
  readonly #limits: AnswerLimits;
  #head: AnswerHead | undefined;
  #interim = 0;
  /** Bytes that are not understood yet: part of a head, of a chunk's size or of a trailer. */
  #rest: Buffer | undefined;
  readonly #parts: Buffer[] = [];
  /** Of `#parts`, how many are copies; the others are views of the buffer that is being read. */
  #copied = 0;
  #size = 0;
  /** Bytes of the current chunk that are missing; its line end counts as two. */
  #chunk = 0;
  #trailer = -1;
  #answer: HttpAnswer | undefined;
  #after: AfterAnswer | undefined;

  constructor(limits: AnswerLimits) {
    this.#limits = limits;
  }

  /** What to do with the connection, once the answer is complete. */
  get after(): AfterAnswer | undefined {
    return this.#after;
  }

  /**
   * Takes the next bytes and gives the answer as soon as it is complete. The buffer may be used again afterwards.
   * Throws WireFault.
   */
  push(bytes: Buffer): HttpAnswer | undefined {
    let data = bytes;
    if (this.#rest) {
      data = Buffer.concat([this.#rest, bytes]);
      this.#rest = undefined;
    }
    this.#read(data);
    if (this.#answer) return this.#answer;
    for (let at = this.#copied; at < this.#parts.length; at += 1) {
      const view = this.#parts[at];
      if (view) this.#parts[at] = Buffer.from(view);
    }
    this.#copied = this.#parts.length;
    return undefined;
  }

  /** The connection has ended: gives the answer when that is how it is delimited. Throws WireFault. */
  end(): HttpAnswer {
    const head = this.#head;
    if (!head || head.isChunked || head.length !== undefined) throw new WireFault('the answer is cut off');
    return this.#finish(head, false);
  }

  #read(data: Buffer): void {
    let at = 0;
    if (!this.#head) {
      at = this.#readHead(data);
      if (at < 0) return;
    }
    const head = this.#head;
    if (!head) return;
    if (head.isChunked) this.#readChunks(head, data, at);
    else if (head.length === undefined) this.#add(data, at, data.length);
    else {
      const end = Math.min(data.length, at + head.length - this.#size);
      this.#add(data, at, end);
      if (this.#size === head.length) this.#finish(head, end === data.length);
    }
  }

  /** Gives where the body begins, or -1 when the head is not complete. */
  #readHead(data: Buffer): number {
    let start = 0;
    while (true) {
      const end = data.indexOf(HEAD_END, start);
      if (end - start > this.#limits.head || (end < 0 && data.length - start > this.#limits.head)) {
        throw new WireFault('the head of the answer is too large');
      }
      if (end < 0) {
        this.#rest = Buffer.from(data.subarray(start));
        return -1;
      }
      const head = parseHead(data.toString('latin1', start, end));
      start = end + HEAD_END.length;
      if (head.status >= 200) {
        this.#head = withoutBody(head) ? { ...head, length: 0, isChunked: false } : head;
        if ((head.length ?? 0) > this.#limits.body) throw tooLarge(this.#limits);
        return start;
      }
      this.#interim += 1;
      if (head.status === 101 || this.#interim > INTERIM_LIMIT) throw new WireFault('the answer never begins');
    }
  }

  #readChunks(head: AnswerHead, data: Buffer, from: number): void {
    let at = from;
    while (at < data.length) {
      if (this.#trailer >= 0) {
        this.#readTrailer(head, data, at);
        return;
      }
      if (this.#chunk === 0) {
        const end = data.indexOf(LINE_END, at);
        if (end < 0) {
          if (data.length - at > this.#limits.head) throw new WireFault('a chunk of the answer has no size');
          this.#rest = Buffer.from(data.subarray(at));
          return;
        }
        const size = parseChunkSize(data.toString('latin1', at, end));
        at = end + 2;
        if (size === 0) this.#trailer = 0;
        else this.#chunk = size + 2;
        continue;
      }
      at = this.#readChunk(data, at);
    }
  }

  #readChunk(data: Buffer, from: number): number {
    const end = Math.min(data.length, from + Math.max(this.#chunk - 2, 0));
    this.#add(data, from, end);
    this.#chunk -= end - from;
    let at = end;
    while (at < data.length && this.#chunk > 0 && this.#chunk <= 2) {
      if (data[at] !== LINE_END[2 - this.#chunk]) throw new WireFault('a chunk of the answer is longer than it says');
      at += 1;
      this.#chunk -= 1;
    }
    return at;
  }

  /** Trailers are read over, within the limit for heads. */
  #readTrailer(head: AnswerHead, data: Buffer, from: number): void {
    let at = from;
    while (true) {
      const end = data.indexOf(LINE_END, at);
      this.#trailer += (end < 0 ? data.length : end + 2) - at;
      if (this.#trailer > this.#limits.head) throw new WireFault('the trailer of the answer is too large');
      if (end < 0) {
        this.#rest = Buffer.from(data.subarray(at));
        this.#trailer -= data.length - at;
        return;
      }
      if (end === at) {
        this.#finish(head, end + 2 === data.length);
        return;
      }
      at = end + 2;
    }
  }

  #add(data: Buffer, from: number, to: number): void {
    if (to <= from) return;
    this.#size += to - from;
    if (this.#size > this.#limits.body) throw tooLarge(this.#limits);
    if (this.#parts.length === PARTS_LIMIT) throw new WireFault('the answer comes in too many pieces');
    this.#parts.push(from === 0 && to === data.length ? data : data.subarray(from, to));
  }

  /** Bytes behind the answer belong to nobody: a connection that carries them is not used again. */
  #finish(head: AnswerHead, isAtEnd: boolean): HttpAnswer {
    const [first] = this.#parts;
    const body = this.#parts.length === 1 && first ? first : Buffer.concat(this.#parts);
    this.#after = { isReusable: head.keepsAlive && isAtEnd, idleMs: head.idleMs };
    this.#answer = { status: head.status, contentType: head.contentType, text: body.toString('utf8') };
    return this.#answer;
  }
}

/** By the standard these have none, whatever their head says. */
function withoutBody({ status }: AnswerHead): boolean {
  return status === 204 || status === 304;
}

function tooLarge({ body }: AnswerLimits): WireFault {
  return new WireFault(`the answer is larger than ${body} bytes`);
}
