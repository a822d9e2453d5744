import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type ExportLine, MAX_LINE_BYTES, readExportLines } from '../../subgraphs/import/export-lines.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'c360-lines-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function linesOf(content: Buffer | string, fromOffset = 0, linesBefore = 0): Promise<ExportLine[]> {
  const file = join(folder, 'export.ndjson');
  const bytes = Buffer.from(content as string);
  await writeFile(file, bytes);
  const lines: ExportLine[] = [];
  for await (const chunk of readExportLines({ file, fromOffset, toOffset: bytes.length, linesBefore }))
    lines.push(...chunk);
  return lines;
}

describe('the lines of an export file', () => {
  it('are numbered, and each knows where the next one begins', async () => {
    expect(await linesOf('a\nbé\n\nlast')).toEqual([
      { lineNumber: 1, endOffset: 2, text: 'a' },
      { lineNumber: 2, endOffset: 6, text: 'bé' },
      { lineNumber: 3, endOffset: 7, text: '' },
      { lineNumber: 4, endOffset: 11, text: 'last' },
    ]);
    expect(await linesOf('')).toEqual([]);
    expect((await linesOf('\uFEFFa\n\uFEFFb\n')).map((line) => line.text)).toEqual(['a', '\uFEFFb']);
  });

  it('can be read from any line on, and are the same then', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ''))),
        async (texts) => {
          const content = texts.map((text) => `${text}\n`).join('');
          const lines = await linesOf(content);
          const middle = lines[lines.length >> 1];
          const rest = await linesOf(content, middle?.endOffset ?? 0, middle?.lineNumber ?? 0);
          expect(rest).toEqual(lines.slice((lines.length >> 1) + 1));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('over 1 MiB or not in UTF-8 are faults and do not spoil the next line', async () => {
    const longest = 'x'.repeat(MAX_LINE_BYTES);
    const lines = await linesOf(
      Buffer.concat([Buffer.from(`${longest}\n${longest}x\nc\n`), Buffer.from([0xc3, 0x28, 0x0a]), Buffer.from('e')]),
    );
    expect(lines.map((line) => line.fault ?? line.text?.length)).toEqual([
      MAX_LINE_BYTES,
      'TOO_LONG',
      1,
      'NOT_UTF_8',
      1,
    ]);
    expect(lines.at(-1)?.lineNumber).toBe(5);
  });
});
