import fc from 'fast-check';
import { StandingStreams } from '../../gateway/subscribe/standing-streams.ts';

describe('streams by where they stand', () => {
  it('are found by those that come to the same place, and by nobody once they have gone', () => {
    const step = fc.record({
      stream: fc.integer({ min: 0, max: 5 }),
      place: fc.option(fc.tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 0, max: 3 }))),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const streams = Array.from({ length: 6 }, (_, id) => ({ id }));
        const standing = new StandingStreams<{ readonly id: number }>();
        const places = new Map<number, string>();
        for (const { stream, place } of steps) {
          const one = streams[stream] ?? { id: stream };
          if (!place) {
            standing.delete(one);
            places.delete(stream);
            continue;
          }
          places.set(stream, place.join());
          const found = [...standing.move(one, ...place)].map(({ id }) => id).sort();
          const wanted = [...places].flatMap(([id, at]) => (at === place.join() ? [id] : []));
          expect(found).toEqual(wanted.sort());
        }
      }),
    );
  });
});
