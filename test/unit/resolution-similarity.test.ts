import fc from 'fast-check';
import { editDistance, jaroWinkler } from '../../subgraphs/identity/resolution/compare/similarity.ts';

const name = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd', 'é'), maxLength: 12 });

/** Optimal string alignment by its definition: slow and plain. */
function plainDistance(a: string, b: string): number {
  const rows: number[][] = Array.from({ length: a.length + 1 }, (_, i) => [i]);
  for (let j = 0; j <= b.length; j += 1) (rows[0] as number[])[j] = j;
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i += 1) {
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, at(i - 2, j - 2) + 1);
      (rows[i] as number[])[j] = best;
    }
  }
  return at(a.length, b.length);
}

it('counts edits as the plain definition does', () => {
  fc.assert(
    fc.property(name, name, (a, b) => expect(editDistance(a, b)).toBe(plainDistance(a, b))),
    { numRuns: 2_000 },
  );
});

it('is symmetric, and 1 for equal texts alone', () => {
  fc.assert(
    fc.property(name, name, (a, b) => {
      const similarity = jaroWinkler(a, b);
      expect(similarity).toBe(jaroWinkler(b, a));
      expect(similarity).toBeGreaterThanOrEqual(0);
      expect(similarity).toBeLessThanOrEqual(1);
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      if (a !== '') expect(jaroWinkler(a, a)).toBe(1);
    }),
    { numRuns: 2_000 },
  );
});

it.each([
  ['martha', 'marhta', 0.961],
  ['dixon', 'dicksonx', 0.813],
  ['dwayne', 'duane', 0.84],
])('of %s and %s is as published', (a, b, value) => expect(jaroWinkler(a, b)).toBeCloseTo(value, 2));
