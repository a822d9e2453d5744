import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js';
import { withBoundedCache } from '../bounded-cache.ts';

const CACHED_NUMBERS = 20_000;
/** Country codes of one and two digits; all others have three. */
const SHORT_COUNTRY_CODES = new Set(
  '1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98'.split(
    ' ',
  ),
);
/** Countries whose numbers are read without the library: country code, and lengths of a national number. */
const FAST: Readonly<Record<string, readonly [code: string, shortest: number, longest: number]>> = {
  US: ['1', 10, 10],
  CA: ['1', 10, 10],
  GB: ['44', 9, 10],
  DE: ['49', 7, 11],
  FR: ['33', 9, 9],
  ES: ['34', 9, 9],
  IT: ['39', 8, 11],
  AT: ['43', 7, 12],
  CH: ['41', 9, 9],
  NL: ['31', 9, 9],
  BE: ['32', 8, 9],
  PT: ['351', 9, 9],
  IE: ['353', 8, 9],
  AU: ['61', 9, 9],
  PL: ['48', 9, 9],
  SE: ['46', 7, 9],
};
const COUNTRY_OF_CODE: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(FAST)
    .map(([country, [code]]) => [code, country] as const)
    .reverse(),
);
/** In these countries the leading zero belongs to the number. */
const ZERO_BELONGS = new Set(['39']);
const KEY_LENGTH = 9;
const SHORTEST_KEY = 6;

/** A telephone number as the engine compares it. */
export interface NormalPhone {
  /** E.164 where the country is known, else the national digits. */
  readonly number: string;
  /** ISO 3166 code, when the number itself tells it. */
  readonly country: string | null;
}

/**
 * A telephone number in E.164, with the country code or without where `country` (ISO 3166) tells it; else its digits. Usual
 * spellings are read here, the library (twenty times slower) reads the rest. Null when it can't be a number.
 */
export function normalisePhoneNumber(text: string, country?: string): NormalPhone | null {
  const written = text.replace(/(?:\s*(?:x|ext\.?|extension|#)\s*\d+)\s*$/i, '');
  const isInternational = /^\s*(?:\+|00[1-9])/.test(written);
  const digits = written.replace(/\D+/g, '').replace(isInternational ? /^0+/ : /^$/, '');
  if (/[a-z]{3}/i.test(written)) return null;
  if (digits.length < SHORTEST_KEY || digits.length > 15 || /^(\d)\1+$/.test(digits)) return null;
  if (isInternational) return international(digits);
  if (digits.length === 11 && digits[0] === '1' && (country === undefined || country === 'US' || country === 'CA'))
    return { number: `+${digits}`, country: null };
  const fast = country === undefined ? undefined : FAST[country];
  if (!fast) {
    const parsed = country === undefined ? null : fromLibrary(`${country} ${written}`);
    return parsed ?? { number: withoutTrunk(digits), country: null };
  }
  const [code, shortest, longest] = fast;
  const national = ZERO_BELONGS.has(code) ? digits : withoutTrunk(digits);
  return national.length >= shortest && national.length <= longest
    ? { number: `+${code}${national}`, country: null }
    : { number: withoutTrunk(digits), country: null };
}

/** The part of a number that is equal whether or not the country, or the trunk prefix, was written. */
export function phoneKey(number: string): string {
  const national = number[0] === '+' ? number.slice(1 + codeLength(number.slice(1))) : number;
  const plain = withoutTrunk(national);
  return plain.length > KEY_LENGTH ? plain.slice(-KEY_LENGTH) : plain;
}

function international(digits: string): NormalPhone {
  const length = codeLength(digits);
  const code = digits.slice(0, length);
  const national = digits.slice(length);
  return {
    number: `+${code}${ZERO_BELONGS.has(code) ? national : withoutTrunk(national)}`,
    country: COUNTRY_OF_CODE[code] ?? null,
  };
}

function codeLength(digits: string): number {
  if (SHORT_COUNTRY_CODES.has(digits.slice(0, 1))) return 1;
  return SHORT_COUNTRY_CODES.has(digits.slice(0, 2)) ? 2 : 3;
}

function withoutTrunk(digits: string): string {
  return digits.replace(/^0+/, '');
}

/** Numbers of a country that is not read here. */
const fromLibrary = withBoundedCache(CACHED_NUMBERS, (text): NormalPhone | null => {
  const country = text.slice(0, text.indexOf(' '));
  const parsed = parsePhoneNumberFromString(
    text.slice(country.length + 1),
    isCountry(country) ? { defaultCountry: country } : {},
  );
  return parsed?.isValid() ? { number: parsed.number, country: parsed.country ?? null } : null;
});

function isCountry(country: string): country is CountryCode {
  return country !== '' && isSupportedCountry(country as CountryCode);
}
