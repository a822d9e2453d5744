import { readPositions, writePositions } from '../../subgraphs/identity/live/positions.ts';

const LOGS = ['identity', 'commerce'];

describe('A cursor of customerUpdated that somebody made by hand', () => {
  test.each(['abc', 'abc1', '1.5', '-1', '0x10', '1e3', ' ', '', 'Infinity', '01', '9'.repeat(40)])(
    'is refused before identity’s position %p gets into a statement',
    (identity) => {
      expect(() => readPositions(writePositions({ identity, commerce: '7' }), LOGS)).toThrow(
        expect.objectContaining({ code: 'MALFORMED_ID' }),
      );
    },
  );

  test.each(['0', '1', '999999999999999'])('is taken with the position %p', (identity) => {
    expect(readPositions(writePositions({ identity }), LOGS)).toEqual({ identity });
  });

  test('is refused when it is empty', () => {
    expect(() => readPositions('', LOGS)).toThrow(expect.objectContaining({ code: 'MALFORMED_ID' }));
  });
});
