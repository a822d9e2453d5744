import fc from 'fast-check';
import type { LiveCondition } from '../../subgraphs/marketing/journeys/definition.ts';
import { conditionHolds } from '../../subgraphs/marketing/journeys/gate/condition.ts';
import { compareDecimals, isDecimal } from '../../subgraphs/marketing/journeys/gate/decimal.ts';

type Comparison = LiveCondition['all'][number];

const CUSTOMER = {
  lastName: 'Berg',
  middleName: null,
  isMember: true,
  birthDate: '1984-02-29',
  salesOrders: {
    edges: [
      { node: { grandTotalAmount: { amount: '9.90' }, orderedDate: '2026-02-01T10:00:00.000Z' } },
      { node: { grandTotalAmount: { amount: '120.00' }, orderedDate: '2025-02-01T10:00:00.000Z' } },
    ],
  },
  cases: { edges: [] },
  openShoppingCart: null,
};

const holds = (path: string, is: Comparison['is'], value?: Comparison['value']): boolean =>
  conditionHolds({ selection: '', all: [{ path, is, ...(value !== undefined && { value }) }] }, CUSTOMER);

const AMOUNT = 'salesOrders.edges.node.grandTotalAmount.amount';
const ORDERED = 'salesOrders.edges.node.orderedDate';

it.each<[string, Comparison['is'], Comparison['value'] | undefined, boolean]>([
  ['lastName', 'EQUAL', 'Berg', true],
  ['lastName', 'EQUAL', 'berg', false],
  ['lastName', 'NOT_EQUAL', 'Cole', true],
  ['lastName', 'NOT_EQUAL', 'Berg', false],
  ['lastName', 'CONTAINS', 'er', true],
  ['middleName', 'EQUAL', 'null', false],
  ['middleName', 'NOT_EQUAL', 'A', true],
  ['middleName', 'EXISTS', undefined, false],
  ['middleName', 'MISSING', undefined, true],
  ['middleName', 'LESS', 'A', false],
  ['isMember', 'EQUAL', true, true],
  ['isMember', 'EQUAL', 'true', false],
  ['isMember', 'NOT_EQUAL', false, true],
  ['birthDate', 'LESS', '2000-01-01', true],
  [AMOUNT, 'GREATER', 100, true],
  [AMOUNT, 'GREATER', '120.00', false],
  [AMOUNT, 'EQUAL', 120, true],
  [AMOUNT, 'EQUAL', '9.9', true],
  [AMOUNT, 'LESS', 10, true],
  [AMOUNT, 'LESS', '9.90', false],
  [ORDERED, 'GREATER', '2026-01-31', true],
  [ORDERED, 'GREATER', '2026-02-01T12:00:00+02:00', false],
  [ORDERED, 'EQUAL', '2026-02-01T11:00:00+01:00', true],
  ['cases.edges.node.id', 'EXISTS', undefined, false],
  ['cases.edges.node.id', 'MISSING', undefined, true],
  ['cases.edges.node.id', 'NOT_EQUAL', 'x', false],
  ['openShoppingCart.id', 'EXISTS', undefined, false],
  ['openShoppingCart.id', 'MISSING', undefined, true],
])('%s %s %s: %s', (path, is, value, expected) => {
  expect(holds(path, is, value)).toBe(expected);
});

it('holds when all of its parts do, and without any', () => {
  const both: Comparison[] = [
    { path: 'lastName', is: 'EXISTS' },
    { path: 'middleName', is: 'MISSING' },
  ];
  expect(conditionHolds({ selection: '', all: both }, CUSTOMER)).toBe(true);
  expect(conditionHolds({ selection: '', all: [...both, { path: 'x', is: 'EXISTS' }] }, CUSTOMER)).toBe(false);
  expect(conditionHolds({ selection: '', all: [] }, CUSTOMER)).toBe(true);
});

describe('decimal numbers', () => {
  const cents = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n });
  const write = (value: bigint, zeros: number): string => {
    const digits = (value < 0n ? -value : value).toString().padStart(3, '0');
    return `${value < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}${'0'.repeat(zeros)}`;
  };

  it('are compared exactly, whatever their size and trailing zeros', () => {
    fc.assert(
      fc.property(cents, cents, fc.nat(3), fc.nat(3), (one, other, zeros, more) => {
        const compared = Math.sign(compareDecimals(write(one, zeros), write(other, more)));
        expect(compared).toBe(one === other ? 0 : one < other ? -1 : 1);
      }),
    );
  });

  it('are nothing else', () => {
    for (const text of ['', '1.', '.5', '1e3', '0x1', '1,5', ' 1']) expect(isDecimal(text)).toBe(false);
    expect(() => compareDecimals('1', 'one')).toThrow(RangeError);
  });
});
