import { type CountryCode, getCountries, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/min';

const REMEMBERED_NUMBERS = 20_000;
/** What people write for a country besides its English name. */
const OTHER_NAMES: Readonly<Record<string, CountryCode>> = {
  usa: 'US',
  'united states of america': 'US',
  uk: 'GB',
  'great britain': 'GB',
  england: 'GB',
  scotland: 'GB',
  wales: 'GB',
  'northern ireland': 'GB',
  'czech republic': 'CZ',
  turkey: 'TR',
  holland: 'NL',
};

const countriesByName = new Map<string, CountryCode>();
const knownNumbers = new Map<string, string | null>();

/** The number in E.164, or null when it is not valid. `country` is where a number without an international prefix is. */
export function toE164(text: string, country: string | undefined): string | null {
  const name = `${country ?? ''} ${text}`;
  const known = knownNumbers.get(name);
  if (known !== undefined) return known;
  const parsed = parsePhoneNumberFromString(internationalPrefix(text), isCountry(country) ? country : undefined);
  const number = parsed?.isValid() ? parsed.number : null;
  if (knownNumbers.size >= REMEMBERED_NUMBERS) knownNumbers.clear();
  knownNumbers.set(name, number);
  return number;
}

/** The ISO 3166 code of a country given as such a code or as its English name; undefined when it is unknown. */
export function toCountry(text: string | null): string | undefined {
  if (text === null) return undefined;
  const trimmed = text.trim();
  if (trimmed.length === 2 && isCountry(trimmed.toUpperCase())) return trimmed.toUpperCase();
  return namesOfCountries().get(trimmed.toLowerCase());
}

/** True for an ISO 3166 code of a country that has telephone numbers. */
export function isCountry(code: string | undefined): code is CountryCode {
  return code !== undefined && isSupportedCountry(code);
}

/** `0044 …` is `+44 …` in most of the world, and no national number starts with two zeros where it is not. */
function internationalPrefix(text: string): string {
  return text.trim().replace(/^00(?=[1-9])/, '+');
}

function namesOfCountries(): ReadonlyMap<string, CountryCode> {
  if (countriesByName.size > 0) return countriesByName;
  const names = new Intl.DisplayNames(['en'], { type: 'region' });
  for (const code of getCountries()) countriesByName.set((names.of(code) ?? code).toLowerCase(), code);
  for (const [name, code] of Object.entries(OTHER_NAMES)) countriesByName.set(name, code);
  return countriesByName;
}
