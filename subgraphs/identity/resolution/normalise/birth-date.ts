import type { MatchDate } from '../match-record.ts';

const MONTHS: Readonly<Record<string, number>> = {
  jan: 1,
  feb: 2,
  mar: 3,
  apr: 4,
  may: 5,
  jun: 6,
  jul: 7,
  aug: 8,
  sep: 9,
  oct: 10,
  nov: 11,
  dec: 12,
  mai: 5,
  okt: 10,
  dez: 12,
  maerz: 3,
  mrz: 3,
  fev: 2,
  avr: 4,
  aou: 8,
  ene: 1,
  abr: 4,
  ago: 8,
  dic: 12,
  gen: 1,
  mag: 5,
  giu: 6,
  lug: 7,
  set: 9,
  ott: 10,
  juin: 6,
  juil: 7,
};
/** A two-digit year from this one on is of the last century: nobody's birth lies ahead. */
const PIVOT_YEAR = 26;
const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:$|T)/;

/**
 * Understands ISO 8601, `YYYYMMDD`, `12/11/1978`, `11.12.78`, `24-May-11`, `Mar 1 1970`, a year alone. Day and month that may
 * be either way round are marked. Null for anything else, and for placeholders such as 1900-01-01.
 */
export function normaliseBirthDate(text: string): MatchDate | null {
  const iso = ISO.exec(text);
  if (iso) return checked(Number(iso[1]), Number(iso[2]), Number(iso[3]), false);
  const folded = text.trim().toLowerCase().normalize('NFD').replace(/\p{M}/gu, '');
  if (/^\d{8}$/.test(folded))
    return checked(Number(folded.slice(0, 4)), Number(folded.slice(4, 6)), Number(folded.slice(6)), false);
  const parts = folded
    .split(/[^\p{L}\d]+/u)
    .filter((part) => part !== '' && part !== 'de' && part !== 'of' && !/^(?:mon|tue|wed|thu|fri|sat|sun)/.test(part));
  const named = parts.findIndex((part) => /^\p{L}/u.test(part));
  if (named >= 0) {
    const word = parts[named] ?? '';
    const month = MONTHS[word] ?? MONTHS[word.slice(0, 4)] ?? MONTHS[word.slice(0, 3)];
    const numbers = parts.filter((_, index) => index !== named).map((part) => part.replace(/\D+$/, ''));
    if (month === undefined || numbers.length !== 2) return null;
    const [first = '', second = ''] = numbers;
    return first.length === 4
      ? checked(Number(first), month, Number(second), false)
      : checked(fullYear(second), month, Number(first), false);
  }
  if (parts.length === 1 && /^\d{4}$/.test(parts[0] ?? '')) return checked(Number(parts[0]), 0, 0, false);
  if (parts.length < 3) return null;
  const [a = '', b = '', c = ''] = parts;
  if (a.length === 4) return ordered(Number(a), Number(b), Number(c));
  return dayOrMonthFirst(Number(a), Number(b), fullYear(c));
}

function ordered(year: number, first: number, second: number): MatchDate | null {
  return first > 12 ? checked(year, second, first, false) : checked(year, first, second, false);
}

function dayOrMonthFirst(a: number, b: number, year: number): MatchDate | null {
  if (a > 12) return checked(year, b, a, false);
  if (b > 12) return checked(year, a, b, false);
  return checked(year, a, b, a !== b);
}

function fullYear(text: string): number {
  const year = Number(text);
  if (text.length > 2) return year;
  return year > PIVOT_YEAR ? 1900 + year : 2000 + year;
}

function checked(year: number, month: number, day: number, ambiguous: boolean): MatchDate | null {
  if (!(year >= 1880 && year <= 2100) || month > 31 || day > 31 || (month > 12 && day > 12)) return null;
  if (year === 1900 && month === 1 && day === 1) return null;
  if (month > 12) return { year, month: day, day: month };
  return ambiguous ? { year, month, day, ambiguous } : { year, month, day };
}
