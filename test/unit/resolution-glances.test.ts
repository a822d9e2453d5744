import fc from 'fast-check';
import { Dictionary } from '../../subgraphs/identity/resolution/block/dictionary.ts';
import { IndexTable } from '../../subgraphs/identity/resolution/block/index-table.ts';
import { emailLevel } from '../../subgraphs/identity/resolution/compare/email-likeness.ts';
import { EmailTable, NameGlances, PhoneTable } from '../../subgraphs/identity/resolution/compare/glance-table.ts';
import { EMAIL } from '../../subgraphs/identity/resolution/compare/levels.ts';
import { editDistance, isOneEdit, jaroWinkler } from '../../subgraphs/identity/resolution/compare/similarity.ts';

const SIMILAR = 0.82;
const RUNS = { numRuns: 5_000 };

/** A text and one that is some slips away from it, or another one. */
function pairOf(letters: string, minLength: number, maxLength: number): fc.Arbitrary<readonly [string, string]> {
  const letter = fc.constantFrom(...letters);
  const text = fc.string({ unit: letter, minLength, maxLength });
  const slip = fc.record({ at: fc.nat(maxLength), kind: fc.constantFrom('drop', 'add', 'swap', 'cut'), letter });
  const slipped = (from: string, slips: readonly { at: number; kind: string; letter: string }[]): string =>
    slips.reduce((before, { at, kind, letter: own }) => {
      if (kind === 'add') return before.slice(0, at) + own + before.slice(at);
      if (kind === 'drop') return before.slice(0, at) + before.slice(at + 1);
      if (kind === 'cut') return before.slice(at);
      return (
        before.slice(0, at) +
        before
          .slice(at, at + 2)
          .split('')
          .reverse()
          .join('') +
        before.slice(at + 2)
      );
    }, from);
  const near = fc
    .tuple(text, fc.array(slip, { maxLength: 3 }))
    .map(([from, slips]) => [from, slipped(from, slips)] as const);
  return fc.oneof(near, fc.tuple(text, text)).filter(([left, right]) => left !== right && right.length >= minLength);
}

function idsOf(texts: readonly [string, string]): readonly [Dictionary, number, number] {
  const dictionary = new Dictionary();
  return [dictionary, dictionary.idOf(texts[0]), dictionary.idOf(texts[1])];
}

describe('what is told apart at a glance is different', () => {
  it('of e-mail addresses', () => {
    const domain = fc.constantFrom('mail.example.com', 'mail.exmaple.com', 'post.org');
    const addresses = fc.tuple(pairOf('abcde.17', 1, 34), domain, domain);
    fc.assert(
      fc.property(addresses, ([[a, b], first, second]) => {
        const pair = [`${a}@${first}`, `${b}@${second}`] as const;
        const [emails, left, right] = idsOf(pair);
        if (!new EmailTable(emails).mayBeAlike(left, right)) expect(emailLevel(...pair)).toBe(EMAIL.different);
      }),
      RUNS,
    );
  });

  it('of telephone numbers', () => {
    fc.assert(
      fc.property(pairOf('0123456789', 5, 14), (pair) => {
        const [phones, left, right] = idsOf(pair);
        if (new PhoneTable(phones).mayBeAlike(left, right)) return;
        expect(isOneEdit(...pair)).toBe(false);
        expect(pair[0].endsWith(pair[1]) || pair[1].endsWith(pair[0])).toBe(false);
      }),
      RUNS,
    );
  });

  it('of names', () => {
    fc.assert(
      fc.property(pairOf('abcdefghij', 1, 34), (pair) => {
        const [names, left, right] = idsOf(pair);
        const glances = new NameGlances(names, { isSpelledOut: () => false, isListed: () => false });
        if (glances.mayBeAlike(left, right, true, SIMILAR)) return;
        expect(editDistance(...pair)).toBeGreaterThan(2);
        expect(jaroWinkler(...pair)).toBeLessThan(SIMILAR);
        expect(pair[0].startsWith(pair[1]) || pair[1].startsWith(pair[0])).toBe(false);
      }),
      RUNS,
    );
  });
});

it('the index says the same when the records of each key have been put together, and goes on from there', () => {
  const change = fc.record({ key: fc.integer({ min: -3, max: 3 }), slot: fc.nat(30) });
  fc.assert(
    fc.property(fc.array(change), fc.array(change), fc.array(change), (before, gone, after) => {
      const [plain, gathered] = [new IndexTable(), new IndexTable()];
      const read = (table: IndexTable): number[][] =>
        [-3, -2, -1, 0, 1, 2, 3].map((key) => {
          const into = new Int32Array(500);
          expect(table.count(key)).toBe(table.read(key, into));
          return [...into.subarray(0, table.count(key))];
        });
      for (const table of [plain, gathered]) {
        for (const { key, slot } of before) table.add(key, slot);
        for (const { key, slot } of gone) table.remove(key, slot);
      }
      for (const _ of gathered.gather());
      expect(read(gathered)).toEqual(read(plain));
      for (const table of [plain, gathered]) {
        for (const { key, slot } of after) table.add(key, slot);
        for (const { key, slot } of gone) table.remove(key, slot);
      }
      expect(read(gathered)).toEqual(read(plain));
    }),
  );
});
