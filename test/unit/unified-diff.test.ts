import fc from 'fast-check';
import { readableDocument } from '../../subgraphs/marketing/journeys/packages/readable-document.ts';
import { unifiedDiff } from '../../subgraphs/marketing/journeys/packages/unified-diff.ts';

/** Does what `patch` does. */
function apply(before: string, diff: string): string {
  const lines = before.split('\n');
  const result: string[] = [];
  let position = 0;
  for (const line of diff.split('\n').slice(2)) {
    const [, start, count] = /^@@ -(\d+)(?:,(\d+))? /.exec(line) ?? [];
    if (start !== undefined) {
      const begin = Number(start) - (count === '0' ? 0 : 1);
      result.push(...lines.slice(position, begin));
      position = begin;
    } else if (line.startsWith('+')) {
      result.push(line.slice(1));
    } else {
      if (lines[position] !== line.slice(1)) throw new Error(`Line ${position + 1} is not ${line}.`);
      if (line.startsWith(' ')) result.push(lines[position] ?? '');
      position += 1;
    }
  }
  return [...result, ...lines.slice(position)].join('\n');
}

describe('a unified diff', () => {
  it('has the lines that differ with three around them', () => {
    const before = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].join('\n');
    expect(unifiedDiff(before, before.replace('e', 'E'))).toBe(
      ['--- installed', '+++ new', '@@ -2,7 +2,7 @@', ' b', ' c', ' d', '-e', '+E', ' f', ' g', ' h'].join('\n'),
    );
  });

  it('is none where nothing differs', () => {
    expect(unifiedDiff('a\nb', 'a\nb')).toBeNull();
  });

  it('makes the new text out of the old one', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', '', '-x', '+y', '@@ z'), { maxLength: 40 });
    fc.assert(
      fc.property(text, text, (one, other) => {
        const [before, after] = [one.join('\n'), other.join('\n')];
        const diff = unifiedDiff(before, after);
        expect(diff === null ? before : apply(before, diff)).toBe(after);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a document as it is compared', () => {
  it('has each line of a template on a line of its own', () => {
    const document = JSON.stringify({ id: 'x', template: { mjml: '<mjml>\n  "quoted" \\ text\n</mjml>' } });
    expect(readableDocument(document).split('\n')).toEqual([
      '{',
      '  "id": "x",',
      '  "template": {',
      '    "mjml": """',
      '      <mjml>',
      '        "quoted" \\ text',
      '      </mjml>',
      '    """',
      '  }',
      '}',
    ]);
  });

  it('stays as it is when it is not JSON', () => {
    expect(readableDocument('query A { b }')).toBe('query A { b }');
  });
});
