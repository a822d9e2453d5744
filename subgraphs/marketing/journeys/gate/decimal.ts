const DECIMAL = /^([+-]?)(\d+)(?:\.(\d+))?$/;

/** True for a decimal number such as `27.80`. */
export function isDecimal(text: string): boolean {
  return DECIMAL.test(text);
}

/** Less than zero when the first is less, zero when both are equal, whatever their trailing zeros. Throws RangeError. */
export function compareDecimals(one: string, other: string): number {
  const [left, right] = [partsOf(one), partsOf(other)];
  const places = Math.max(left.fraction.length, right.fraction.length);
  const difference = scaled(left, places) - scaled(right, places);
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

interface DecimalParts {
  readonly isNegative: boolean;
  readonly whole: string;
  readonly fraction: string;
}

function partsOf(text: string): DecimalParts {
  const [, sign, whole, fraction] = DECIMAL.exec(text) ?? [];
  if (whole === undefined) throw new RangeError(`${JSON.stringify(text)} is no decimal number.`);
  return { isNegative: sign === '-', whole, fraction: fraction ?? '' };
}

function scaled({ isNegative, whole, fraction }: DecimalParts, places: number): bigint {
  const digits = BigInt(whole + fraction.padEnd(places, '0'));
  return isNegative ? -digits : digits;
}
