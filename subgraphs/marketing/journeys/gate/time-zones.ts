import { getAllCountries, getCountry } from 'countries-and-timezones';
import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { toCountry } from '../../../../mapping/transforms/telephone.ts';
import { mainZoneOf, zonesOfRegion } from './regions.ts';

/** What tells where a person lives, best first. */
export interface Whereabouts {
  readonly addresses: readonly { readonly countryName: string | null; readonly stateProvinceName: string | null }[];
  /** In E.164. */
  readonly telephoneNumbers: readonly string[];
}

/**
 * The IANA zones in which a person may live, at least one. The first address with a country that is known decides: by its
 * region where the country has several zones, else by the country, of which all zones count. Without an address the first
 * telephone number's country does, without one `defaultZone`.
 */
export function zonesOf({ addresses, telephoneNumbers }: Whereabouts, defaultZone: string): readonly string[] {
  for (const { countryName, stateProvinceName } of addresses) {
    const country = toCountry(countryName) ?? countryNamed(countryName);
    if (country === undefined) continue;
    const zones = (stateProvinceName && zonesOfRegion(country, stateProvinceName)) || zonesOfCountry(country);
    if (zones.length > 0) return zones;
  }
  for (const number of telephoneNumbers) {
    const zones = zonesOfCountry(parsePhoneNumberFromString(number)?.country);
    if (zones.length > 0) return zones;
  }
  return [defaultZone];
}

/** The one zone by which a person's time of day is told: where several may be meant, the one that most people live in. */
export function zoneOf(whereabouts: Whereabouts, defaultZone: string): string {
  return zonesOf(whereabouts, defaultZone)[0] ?? defaultZone;
}

/** Languages in which people write their country, besides English. */
const LANGUAGES = ['de', 'fr', 'es', 'it', 'pt', 'nl', 'pl', 'sv'];
let countries: ReadonlyMap<string, string> | undefined;

/** The ISO 3166 code of a country by its name in one of several languages. */
function countryNamed(name: string | null): string | undefined {
  if (name === null) return undefined;
  countries ??= new Map(
    LANGUAGES.map((language) => new Intl.DisplayNames([language], { type: 'region' })).flatMap((names) =>
      Object.keys(getAllCountries()).map((code) => [(names.of(code) ?? code).toLowerCase(), code] as const),
    ),
  );
  return countries.get(name.trim().toLowerCase());
}

const known = new Map<string, readonly string[]>();

/** Its main zone stands first. */
function zonesOfCountry(country: string | undefined): readonly string[] {
  if (country === undefined) return [];
  const remembered = known.get(country);
  if (remembered) return remembered;
  const zones = getCountry(country)?.timezones ?? [];
  const main = mainZoneOf(country);
  const ordered = main === undefined ? zones : [main, ...zones.filter((zone) => zone !== main)];
  known.set(country, ordered);
  return ordered;
}
