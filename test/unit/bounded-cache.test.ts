import fc from 'fast-check';
import { BoundedCache } from '../../gateway/bounded-cache.ts';

describe('a bounded cache', () => {
  it('keeps what was used last, and no more than it may', () => {
    const keys = fc.array(fc.string({ minLength: 1, maxLength: 5 }), { maxLength: 200 });
    fc.assert(
      fc.property(
        keys,
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 5, max: 20 }),
        (asked, capacity, characters) => {
          const cache = new BoundedCache<{ readonly key: string }>(capacity, characters);
          let model: string[] = [];
          for (const key of asked) {
            const isKnown = model.includes(key);
            let isMade = false;
            const value = cache.getOrMake(key, () => {
              isMade = true;
              return { key };
            });
            expect([value.key, isMade]).toEqual([key, !isKnown]);
            model = [...model.filter((other) => other !== key), key];
            if (!isKnown) {
              while (model.length > 1 && (model.length > capacity || model.join('').length > characters)) model.shift();
            }
            expect(cache.size).toBe(model.length);
          }
          expect(cache.hits + cache.misses).toBe(asked.length);
        },
      ),
    );
  });

  it('does not keep what throws', () => {
    const cache = new BoundedCache<number>(2);
    expect(() => cache.getOrMake('a', () => JSON.parse('no'))).toThrow();
    expect([cache.size, cache.getOrMake('a', () => 1)]).toEqual([0, 1]);
  });
});
