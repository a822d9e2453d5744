import fc from 'fast-check';
import { AnswerReader } from '../../gateway/transport/wire/answer-reader.ts';
import { WireFault } from '../../gateway/transport/wire/head.ts';

const LIMITS = { head: 2048, body: 4096 };

/** Feeds bytes in pieces, reusing one buffer as a connection does, and ends the connection after them. */
function read(pieces: readonly Buffer[], isEnded = true) {
  const reader = new AnswerReader(LIMITS);
  const buffer = Buffer.alloc(64 * 1024);
  for (const piece of pieces) {
    piece.copy(buffer);
    const answer = reader.push(buffer.subarray(0, piece.length));
    buffer.fill(0x78);
    if (answer) return { answer, after: reader.after };
  }
  return isEnded ? { answer: reader.end(), after: reader.after } : undefined;
}

const inOne = (text: string | Buffer) => read([Buffer.isBuffer(text) ? text : Buffer.from(text, 'latin1')]);

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length));
}

/** A body as one of the three ways to delimit it writes it. */
function encode(body: string, way: 'length' | 'chunked' | 'close', sizes: readonly number[]): Buffer {
  const bytes = Buffer.from(body, 'utf8');
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nDate: now\r\n';
  if (way === 'close') return Buffer.concat([Buffer.from(`${head}\r\n`), bytes]);
  if (way === 'length') return Buffer.concat([Buffer.from(`${head}content-length: ${bytes.length}\r\n\r\n`), bytes]);
  const parts = [Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n`)];
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const size = Math.min(bytes.length - at, sizes[index % sizes.length] ?? 1);
    parts.push(Buffer.from(`${size.toString(16)};note=x\r\n`), bytes.subarray(at, at + size), Buffer.from('\r\n'));
    at += size;
  }
  parts.push(Buffer.from('0\r\nchecksum: none\r\n\r\n'));
  return Buffer.concat(parts);
}

const bodies = fc.string({ unit: 'grapheme', maxLength: 300 });
const ways = fc.constantFrom('length', 'chunked', 'close');
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
const cuts = fc.array(fc.nat(2000), { maxLength: 12 });

describe('an answer of HTTP/1.1', () => {
  it('reads the same wherever its bytes are cut', () => {
    fc.assert(
      fc.property(bodies, ways, sizes, cuts, (body, way, chunks, at) => {
        const result = read(split(encode(body, way, chunks), at));
        expect(result?.answer).toEqual({ status: 200, contentType: 'application/json; charset=utf-8', text: body });
        expect(result?.after?.isReusable).toBe(way !== 'close');
      }),
      { numRuns: 500 },
    );
  });

  it('whatever its bytes are, it is an answer or a fault, and within the limits', () => {
    const garbage = fc.array(fc.tuple(fc.nat(3000), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(bodies, ways, sizes, cuts, garbage, (body, way, chunks, at, changes) => {
        const bytes = Buffer.from(encode(body, way, chunks));
        for (const [position, byte] of changes) bytes[position % bytes.length] = byte;
        try {
          const result = read(split(bytes, at));
          expect(result?.answer.text.length).toBeLessThanOrEqual(LIMITS.body);
        } catch (error) {
          expect(error).toBeInstanceOf(WireFault);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('that is cut off is a fault, never a shorter answer', () => {
    fc.assert(
      fc.property(bodies, fc.constantFrom('length', 'chunked'), sizes, fc.nat(), (body, way, chunks, at) => {
        const bytes = encode(body, way, chunks);
        expect(() => read([bytes.subarray(0, at % bytes.length)])).toThrow(WireFault);
      }),
      { numRuns: 500 },
    );
  });

  const OK = 'HTTP/1.1 200 OK\r\n';
  it.each([
    ['nothing', ''],
    ['another protocol', 'HTTP/2 200 OK\r\n\r\n'],
    ['HTTP/1.2', 'HTTP/1.2 200 OK\r\n\r\n'],
    ['no status', 'HTTP/1.1 OK\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['bare line feeds', 'HTTP/1.1 200 OK\ncontent-length: 0\n\n'],
    ['a folded field', `${OK}x: a\r\n b\r\ncontent-length: 0\r\n\r\n`],
    ['a space before the colon', `${OK}content-length : 0\r\n\r\n`],
    ['a control character', `${OK}x: a\u0000b\r\ncontent-length: 0\r\n\r\n`],
    ['a carriage return inside', `${OK}x: a\rcontent-length: 1\r\ncontent-length: 0\r\n\r\n`],
    ['two lengths', `${OK}content-length: 2\r\ncontent-length: 2\r\n\r\n{}`],
    ['a list of lengths', `${OK}content-length: 2, 2\r\n\r\n{}`],
    ['a signed length', `${OK}content-length: +2\r\n\r\n{}`],
    ['a hexadecimal length', `${OK}content-length: 0x2\r\n\r\n{}`],
    ['length and chunks', `${OK}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`],
    ['another encoding', `${OK}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ['chunks twice', `${OK}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['a compressed body', `${OK}content-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}`],
    ['a chunk without size', `${OK}transfer-encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n`],
    ['a negative chunk', `${OK}transfer-encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n`],
    ['a chunk of 0x2', `${OK}transfer-encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n`],
    ['an endless chunk size', `${OK}transfer-encoding: chunked\r\n\r\n${'0'.repeat(300)}2\r\n{}\r\n`],
    ['a chunk longer than it says', `${OK}transfer-encoding: chunked\r\n\r\n2\r\n{}}\r\n0\r\n\r\n`],
    ['a chunk larger than is taken', `${OK}transfer-encoding: chunked\r\n\r\nffffffff\r\n${'x'.repeat(5000)}`],
    ['a length larger than is taken', `${OK}content-length: 4097\r\n\r\n`],
    ['a body larger than is taken', `${OK}\r\n${'x'.repeat(4097)}`],
    ['a head without end', `${OK}${'x: y\r\n'.repeat(1000)}`],
    ['a trailer without end', `${OK}transfer-encoding: chunked\r\n\r\n0\r\n${'x: y\r\n'.repeat(1000)}`],
    ['interim answers without end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(9)],
    ['another protocol from now on', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n'],
  ])('with %s is a fault', (_what, text) => {
    expect(() => inOne(text)).toThrow(WireFault);
  });

  it('may come after interim answers', () => {
    const text = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${OK}content-length: 2\r\n\r\n{}`;
    expect(inOne(text)?.answer).toMatchObject({ status: 200, text: '{}' });
  });

  it.each([
    ['bytes that follow it', `${OK}content-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n`, false],
    ['bytes that follow its chunks', `${OK}transfer-encoding: chunked\r\n\r\n0\r\n\r\nx`, false],
    ['`connection: close`', `${OK}Connection: keep-alive, Close\r\ncontent-length: 2\r\n\r\n{}`, false],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}', false],
    ['none of these', `${OK}connection: keep-alive\r\ncontent-length: 2\r\n\r\n{}`, true],
  ])('with %s says whether its connection can be used again', (_what, text, isReusable) => {
    expect(inOne(text)?.after?.isReusable).toBe(isReusable);
  });

  it('tells how long the server keeps the connection', () => {
    const text = `${OK}Keep-Alive: timeout=5, max=100\r\ncontent-length: 0\r\n\r\n`;
    expect(inOne(text)?.after?.idleMs).toBe(5000);
  });

  it('has no body by its status, whatever else it says', () => {
    expect(inOne('HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n')?.answer.text).toBe('');
    expect(inOne('HTTP/1.1 304 Not Modified\r\ntransfer-encoding: chunked\r\n\r\n')?.answer.text).toBe('');
  });

  it('is refused when it comes in too many pieces', () => {
    const reader = new AnswerReader({ head: 2048, body: 1_000_000 });
    reader.push(Buffer.from(`${OK}transfer-encoding: chunked\r\n\r\n`));
    const chunks = Buffer.from('1\r\nx\r\n'.repeat(1000));
    expect(() => {
      for (let sent = 0; sent < 100; sent += 1) reader.push(chunks);
    }).toThrow('too many pieces');
  });
});
