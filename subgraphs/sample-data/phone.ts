import type { CountryCode } from './countries/country.ts';
import { entryAt, type Random } from './random.ts';

/** Numbers that people leave when they do not want to leave one. */
export const PLACEHOLDER_PHONES: readonly string[] = ['0000000000', '1111111111', '9999999999', '1234567890', 'n/a'];

const CALLING_CODES: Readonly<Record<CountryCode, string>> = {
  US: '1',
  GB: '44',
  DE: '49',
  FR: '33',
  ES: '34',
  IT: '39',
};

/** What is dialled before the number within the country. */
const TRUNK_PREFIXES: Readonly<Record<CountryCode, string>> = { US: '', GB: '0', DE: '0', FR: '0', ES: '', IT: '' };

/** How many digits stand together in a number within the country, without trunk prefix. */
const MOBILE_GROUPS = { US: [3, 3, 4], GB: [4, 6], DE: [3, 8], FR: [1, 2, 2, 2, 2], ES: [3, 2, 2, 2], IT: [3, 7] };
/** The same for the landlines that `landlineNumber` gives. */
const LANDLINE_GROUPS = { ...MOBILE_GROUPS, GB: [3, 3, 4], DE: [2, 8], IT: [2, 4, 4] };

const US_AREAS =
  `201 202 205 206 210 212 214 215 216 224 239 240 248 253 301 303 305 310 313 314 315 317 319 321 323 336 401
  402 404 405 406 407 408 410 412 414 415 417 419 423 425 432 434 435 440 443 469 478 479 480 484 501 502 503 504 505 507
  508 509 510`.split(/\s+/);
const GB_AREAS = ['113', '114', '116', '117', '118', '121', '131', '141', '151', '161'];

/**
 * A mobile number in E.164. Different slots (0 to 149,999) give different numbers.
 * Where a country has numbers set apart for fiction, the first slots are those.
 */
export function mobileNumber(country: CountryCode, slot: number): string {
  switch (country) {
    case 'US':
      return usNumber(slot * 2);
    case 'GB':
      return `+447700${digits(slot, 6)}`;
    case 'DE':
      return `+4917604${digits(69_000 + slot, 6)}`;
    case 'FR':
      return `+33639${digits((980_000 + slot) % 1_000_000, 6)}`;
    case 'ES':
      return `+34600${digits(slot, 6)}`;
    case 'IT':
      return `+39333${digits(5_000_000 + slot, 7)}`;
  }
}

/** A landline number in E.164, with the same promise as `mobileNumber`. No landline is a mobile number. */
export function landlineNumber(country: CountryCode, slot: number): string {
  switch (country) {
    case 'US':
      return usNumber(slot * 2 + 1);
    case 'GB':
      return `+44${entryAt(GB_AREAS, slot % GB_AREAS.length)}496${digits(Math.floor(slot / GB_AREAS.length), 4)}`;
    case 'DE':
      return `+493023${digits((125_000 + slot) % 1_000_000, 6)}`;
    case 'FR':
      return `+33199${digits(slot, 6)}`;
    case 'ES':
      return `+34910${digits(slot, 6)}`;
    case 'IT':
      return `+3906555${digits(slot, 5)}`;
  }
}

/** The number as people write it within their country: with trunk prefix, in one piece or with the punctuation of the place. */
export function nationalPhone(number: string, country: CountryCode, random: Random): string {
  const national = withoutCallingCode(number, country);
  const trunk = TRUNK_PREFIXES[country];
  if (random.chance(0.3)) return trunk + national;
  if (country !== 'US')
    return trunk + grouped(national, country).join(random.pick([' ', ' ', country === 'DE' ? '/' : '-']));
  const [area, exchange, line] = grouped(national, country);
  return random.pick([`(${area}) ${exchange}-${line}`, `${area}-${exchange}-${line}`, `${area}.${exchange}.${line}`]);
}

/** The number as people write it for abroad, with spaces, hyphens or `00`. */
export function internationalPhone(number: string, country: CountryCode, random: Random): string {
  const code = CALLING_CODES[country];
  const groups = grouped(withoutCallingCode(number, country), country);
  if (country === 'US')
    return random.pick([`+1 ${groups.join(' ')}`, `+1-${groups.join('-')}`, `1-${groups.join('-')}`]);
  return random.pick([`+${code} ${groups.join(' ')}`, `+${code}-${groups.join('-')}`, `00${code} ${groups.join(' ')}`]);
}

function usNumber(slot: number): string {
  const line = digits(100 + Math.floor(slot / US_AREAS.length), 4);
  return `+1${entryAt(US_AREAS, slot % US_AREAS.length)}555${line}`;
}

function withoutCallingCode(number: string, country: CountryCode): string {
  return number.slice(1 + CALLING_CODES[country].length);
}

function grouped(national: string, country: CountryCode): string[] {
  const isLandline = /^(GB1|DE3|IT0)/.test(country + national);
  const sizes = isLandline ? LANDLINE_GROUPS[country] : MOBILE_GROUPS[country];
  let from = 0;
  return sizes.map((size) => {
    from += size;
    return national.slice(from - size, from);
  });
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
