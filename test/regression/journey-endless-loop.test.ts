import { checkDefinition } from '../../subgraphs/marketing/journeys/check-definition.ts';

const END = { id: 'end', kind: 'END', reason: 'OVER' };

function faultsOf(...steps: readonly object[]): readonly string[] | undefined {
  const definition = { id: 'round', name: 'Round', entry: { kind: 'CART_ABANDONED' }, steps };
  return checkDefinition(JSON.stringify(definition), () => '').faults;
}

it.each([
  ['a wait of no length', { id: 'again', kind: 'WAIT', for: 'PT0S', next: 'again' }],
  [
    'a wait for an event of no length',
    { id: 'again', kind: 'WAIT_FOR_EVENT', eventType: 'CaseChanged', atMost: 'P0D', next: 'again' },
  ],
  [
    'waiting in vain for no time',
    { id: 'again', kind: 'WAIT_FOR_EVENT', eventType: 'CaseChanged', atMost: 'PT0M', otherwise: 'again' },
  ],
])('refuses a journey that goes round and round by %s', (_name, step) => {
  expect(faultsOf(step, END)).toEqual([
    expect.stringContaining('Step `again` comes again without a wait: put one in between.'),
  ]);
});

it('lets a journey go round that waits on its way', () => {
  expect(faultsOf({ id: 'again', kind: 'WAIT', for: 'PT1S', next: 'again' })).toBeUndefined();
  expect(faultsOf({ id: 'once', kind: 'WAIT', for: 'PT0S' }, END)).toBeUndefined();
});
