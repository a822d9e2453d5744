const DECIMAL = /^[+-]?\d+(\.\d+)?$/;
const MOST_FRACTION_DIGITS = 18;

/** A decimal number as text without exponent, such as `19.90`; null when the value is no finite number. */
export function toDecimal(value: unknown): string | null {
  if (typeof value === 'number') return Number.isFinite(value) ? plainNotation(value) : null;
  if (typeof value !== 'string') return null;
  const text = value.trim();
  if (!DECIMAL.test(text)) return null;
  return text.startsWith('+') ? text.slice(1) : text;
}

/** Divides exactly where the result has an end within 18 digits, else rounds half away from zero to 18 digits. */
export function divideDecimal(dividend: string, divisor: number): string {
  const shift = powerOfTen(divisor);
  if (shift !== undefined) return moveDecimalPoint(dividend, shift);
  const by = parse(plainNotation(divisor));
  const number = parse(dividend);
  const scaled = number.units * 10n ** BigInt(MOST_FRACTION_DIGITS + by.scale);
  return trimZeros(format(divideRounded(scaled, by.units * 10n ** BigInt(number.scale)), MOST_FRACTION_DIGITS));
}

/** Multiplies exactly. */
export function multiplyDecimal(left: string, right: string): string {
  const a = parse(left);
  const b = parse(right);
  const scale = Math.max(a.scale, b.scale);
  const units = a.units * b.units;
  const text = format(units, a.scale + b.scale);
  return shortenTo(text, scale);
}

/** Zeros that a product has gained at its end are dropped, down to the digits that its factors had. */
function shortenTo(text: string, scale: number): string {
  const point = text.indexOf('.');
  if (point === -1) return text;
  let end = text.length;
  while (end - point - 1 > scale && text[end - 1] === '0') end--;
  return text.slice(0, end - point === 1 ? point : end);
}

function parse(text: string): { units: bigint; scale: number } {
  const point = text.indexOf('.');
  if (point === -1) return { units: BigInt(text), scale: 0 };
  return { units: BigInt(text.slice(0, point) + text.slice(point + 1)), scale: text.length - point - 1 };
}

function format(units: bigint, scale: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const sign = units < 0n ? '-' : '';
  if (scale === 0) return sign + digits;
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** 100 → 2; undefined for what is no power of ten. */
function powerOfTen(value: number): number | undefined {
  const exponent = Math.round(Math.log10(value));
  return exponent >= 0 && exponent <= MOST_FRACTION_DIGITS && 10 ** exponent === value ? exponent : undefined;
}

function moveDecimalPoint(text: string, shift: number): string {
  if (shift === 0) return text;
  const sign = text.startsWith('-') ? '-' : '';
  const digits = sign === '' ? text : text.slice(1);
  const point = digits.indexOf('.');
  const whole = point === -1 ? digits : digits.slice(0, point);
  const fraction = point === -1 ? '' : digits.slice(point + 1);
  const padded = whole.padStart(shift + 1, '0');
  return `${sign}${padded.slice(0, -shift)}.${padded.slice(-shift)}${fraction}`;
}

function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const negative = dividend < 0n !== divisor < 0n;
  const top = dividend < 0n ? -dividend : dividend;
  const bottom = divisor < 0n ? -divisor : divisor;
  const quotient = (top * 2n + bottom) / (bottom * 2n);
  return negative ? -quotient : quotient;
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function plainNotation(value: number): string {
  const text = String(value);
  if (text.includes('e') && Number.isInteger(value)) return BigInt(value).toString();
  return text.includes('e') ? trimZeros(value.toFixed(MOST_FRACTION_DIGITS)) : text;
}
