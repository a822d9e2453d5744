import type { Features } from '../block/features.ts';
import type { Comparison } from './compare.ts';
import { birthDateFrequency } from './frequency.ts';
import { AT, BIRTH } from './levels.ts';

const AMBIGUOUS = 1 << 30;

/** Compares two dates of birth, packed as in `FeatureCursor.birthDate`. */
export function compareBirthDates(features: Features, left: number, right: number, into: Comparison): void {
  const a = left & ~AMBIGUOUS;
  const b = right & ~AMBIGUOUS;
  const level = levelOf(a, b, ((left | right) & AMBIGUOUS) !== 0);
  const chance = level === BIRTH.exact ? Math.max(birthDateFrequency(features, a), birthDateFrequency(features, b)) : 0;
  into.set(AT.birth, level, chance, a, b);
}

function levelOf(a: number, b: number, isAmbiguous: boolean): number {
  if (a === b) return (a & 511) === 0 ? BIRTH.year : BIRTH.exact;
  const [yearA, monthA, dayA] = [a >>> 9, (a >>> 5) & 15, a & 31];
  const [yearB, monthB, dayB] = [b >>> 9, (b >>> 5) & 15, b & 31];
  const sameYear = yearA === yearB;
  if (monthA === 0 || monthB === 0) return sameYear ? BIRTH.year : BIRTH.different;
  const isExchanged = monthA === dayB && dayA === monthB;
  if (sameYear && isExchanged) return isAmbiguous ? BIRTH.exact : BIRTH.exchanged;
  const sameMonth = monthA === monthB;
  const sameDay = dayA === dayB;
  if (sameYear && sameMonth) return isSlip(dayA, dayB) ? BIRTH.close : BIRTH.part;
  if (sameYear && sameDay) return isSlip(monthA, monthB) ? BIRTH.close : BIRTH.part;
  if ((sameMonth && sameDay) || (isAmbiguous && isExchanged))
    return isSlipOfYear(yearA, yearB) ? BIRTH.close : BIRTH.part;
  const isPlaceholder = (monthA === 1 && dayA === 1) || (monthB === 1 && dayB === 1);
  if (sameYear && isPlaceholder) return BIRTH.part;
  return sameYear ? BIRTH.year : BIRTH.different;
}

/** One digit of two differs, or the two are exchanged. */
function isSlip(a: number, b: number): boolean {
  const [tensA, tensB] = [Math.trunc(a / 10), Math.trunc(b / 10)];
  return tensA === tensB || a % 10 === b % 10 || (tensA === b % 10 && tensB === a % 10);
}

function isSlipOfYear(a: number, b: number): boolean {
  if (Math.abs(a - b) === 1 || Math.abs(a - b) === 100) return true;
  const [textOfA, textOfB] = [String(a), String(b)];
  let differing = 0;
  for (let i = 0; i < 4; i += 1) if (textOfA[i] !== textOfB[i]) differing += 1;
  return differing === 1 || (differing === 2 && [...textOfA].sort().join('') === [...textOfB].sort().join(''));
}
