import fc from 'fast-check';
import { compareProportions } from '../../subgraphs/marketing/journeys/reports/newcombe.ts';

describe('the interval of a difference of proportions', () => {
  // R. G. Newcombe (1998), table II, method 10: contrasts (a) to (h).
  it.each([
    [56, 70, 48, 80, 0.0524, 0.3339],
    [9, 10, 3, 10, 0.1705, 0.809],
    [6, 7, 2, 7, 0.0582, 0.8062],
    [5, 56, 0, 29, -0.0381, 0.1926],
    [0, 10, 0, 20, -0.1611, 0.2775],
    [0, 10, 0, 10, -0.2775, 0.2775],
    [10, 10, 0, 20, 0.6791, 1],
    [10, 10, 0, 10, 0.6075, 1],
  ])('is the published one for %i/%i and %i/%i', (count, total, otherCount, otherTotal, low, high) => {
    const found = compareProportions({ count, total }, { count: otherCount, total: otherTotal });
    expect(found?.difference).toBeCloseTo(count / total - otherCount / otherTotal, 12);
    expect(Math.abs((found?.low ?? 9) - low)).toBeLessThan(0.00005001);
    expect(Math.abs((found?.high ?? 9) - high)).toBeLessThan(0.00005001);
  });

  it('is none while a group is empty', () => {
    expect(compareProportions({ count: 0, total: 0 }, { count: 1, total: 2 })).toBeNull();
    expect(compareProportions({ count: 1, total: 2 }, { count: 0, total: 0 })).toBeNull();
  });

  it('lies around the difference, within -1 and 1, and turns round with the groups', () => {
    const proportion = fc
      .integer({ min: 1, max: 100_000 })
      .chain((total) => fc.record({ total: fc.constant(total), count: fc.integer({ min: 0, max: total }) }));
    fc.assert(
      fc.property(proportion, proportion, (one, other) => {
        const there = compareProportions(one, other);
        const back = compareProportions(other, one);
        if (!there || !back) return false;
        expect(there.low).toBeLessThanOrEqual(there.difference + 1e-12);
        expect(there.high).toBeGreaterThanOrEqual(there.difference - 1e-12);
        expect(there.low).toBeGreaterThanOrEqual(-1 - 1e-12);
        expect(there.high).toBeLessThanOrEqual(1 + 1e-12);
        expect(back.low).toBeCloseTo(-there.high, 10);
        return true;
      }),
    );
  });
});
