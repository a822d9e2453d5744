/** What the head of an answer says about the rest of it. */
export interface AnswerHead {
  readonly status: number;
  readonly contentType: string;
  /** Undefined when the length is not told; the body is chunked then, or ends with the connection. */
  readonly length: number | undefined;
  readonly isChunked: boolean;
  /** False when the connection serves no further request. */
  readonly keepsAlive: boolean;
  /** How long the server keeps an idle connection, milliseconds, when it says so. */
  readonly idleMs: number | undefined;
}

/** The bytes are not an answer by HTTP/1.1, or a larger one than is taken. The message quotes nothing of them. */
export class WireFault extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WireFault';
  }
}

/** One line of status and any number of fields, each by the letter: no folded lines, no bare line feeds, no control characters. */
const HEAD =
  /^HTTP\/1\.[01] [1-5]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*)*$/;
const DIGITS = /^\d{1,15}$/;

/** Reads the head of an answer, without the empty line that ends it. Throws WireFault. */
export function parseHead(text: string): AnswerHead {
  if (!HEAD.test(text)) throw new WireFault('the head of the answer is not HTTP/1.1');
  const fields = readFields(text);
  const { length, encoding, connection } = fields;
  if (fields.contentEncoding !== undefined && fields.contentEncoding.toLowerCase() !== 'identity') {
    throw new WireFault('the answer is compressed, which was not asked for');
  }
  // Two ways to tell the length are how one answer is smuggled behind another.
  if (encoding !== undefined && (length !== undefined || encoding.toLowerCase() !== 'chunked')) {
    throw new WireFault('the answer tells its length in an unknown way, or in two');
  }
  if (length !== undefined && !DIGITS.test(length)) throw new WireFault('the length of the answer is no number');
  const isOld = text.charCodeAt(7) === 48;
  const isDelimited = length !== undefined || encoding !== undefined;
  const isClosing = connection !== undefined && /(?:^|,)\s*(?:close|upgrade)\s*(?:,|$)/i.test(connection);
  const idle = fields.keepAlive === undefined ? undefined : /(?:^|[,\s])timeout=(\d{1,6})/i.exec(fields.keepAlive)?.[1];
  return {
    status: Number(text.slice(9, 12)),
    contentType: fields.contentType ?? '',
    length: length === undefined ? undefined : Number(length),
    isChunked: encoding !== undefined,
    keepsAlive: isDelimited && !isClosing && !isOld,
    idleMs: idle === undefined ? undefined : Number(idle) * 1000,
  };
}

interface Fields {
  length: string | undefined;
  encoding: string | undefined;
  connection: string | undefined;
  contentType: string | undefined;
  contentEncoding: string | undefined;
  keepAlive: string | undefined;
}

/** Only the fields that matter are looked at, found by the length of their names. */
function readFields(text: string): Fields {
  const fields: Fields = {
    length: undefined,
    encoding: undefined,
    connection: undefined,
    contentType: undefined,
    contentEncoding: undefined,
    keepAlive: undefined,
  };
  let at = text.indexOf('\r\n');
  while (at >= 0) {
    const start = at + 2;
    at = text.indexOf('\r\n', start);
    const end = at < 0 ? text.length : at;
    const colon = text.indexOf(':', start);
    const size = colon - start;
    if (size !== 14 && size !== 17 && size !== 10 && size !== 12 && size !== 16) continue;
    const name = text.slice(start, colon).toLowerCase();
    const value = text.slice(colon + 1, end).trim();
    if (name === 'content-length') fields.length = once(fields.length, value);
    else if (name === 'transfer-encoding') fields.encoding = once(fields.encoding, value);
    else if (name === 'content-type') fields.contentType = once(fields.contentType, value);
    else if (name === 'content-encoding') fields.contentEncoding = once(fields.contentEncoding, value);
    else if (name === 'connection') fields.connection = fields.connection ? `${fields.connection},${value}` : value;
    else if (name === 'keep-alive') fields.keepAlive = value;
  }
  return fields;
}

/** A field that counts may stand there once. */
function once(known: string | undefined, value: string): string {
  if (known !== undefined) throw new WireFault('the head of the answer says the same thing twice');
  return value;
}

/** Bytes a line of a chunk's size may have, extensions included. */
const SIZE_LINE_LIMIT = 256;
const CHUNK_SIZE = /^([0-9a-f]{1,8})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/i;

/** The size that a chunk's first line tells. Throws WireFault. */
export function parseChunkSize(line: string): number {
  const size = line.length > SIZE_LINE_LIMIT ? undefined : CHUNK_SIZE.exec(line)?.[1];
  if (size === undefined) throw new WireFault('a chunk of the answer has no size');
  return Number.parseInt(size, 16);
}
