import { compareObjects } from '../../subgraphs/marketing/journeys/packages/package-changes.ts';

const JOURNEY = { objectType: 'Journey', objectId: 'win-back', document: '{"id":"win-back"}' } as const;
const INSTALLATION = { name: 'win-back', version: 1, settings: {}, objects: [JOURNEY] };

function compare(isStopped: boolean, isListed = true) {
  const present = { document: JOURNEY.document, packageName: 'win-back', isListed, isStopped };
  return compareObjects([JOURNEY], INSTALLATION, new Map([['win-back', present]]));
}

it('takes a journey that was stopped by hand for changed by hand: installing says so, and starts it when that is wanted', () => {
  expect(compare(true)).toEqual({
    changes: [{ objectType: 'Journey', objectId: 'win-back', change: 'UPDATED', diff: null }],
    edited: ['win-back'],
    foreign: [],
  });
});

it('has nothing to do for one that runs, and makes one anew that was taken from the lists', () => {
  expect(compare(false)).toEqual({ changes: [], edited: [], foreign: [] });
  expect(compare(true, false).changes).toEqual([
    { objectType: 'Journey', objectId: 'win-back', change: 'CREATED', diff: null },
  ]);
});
