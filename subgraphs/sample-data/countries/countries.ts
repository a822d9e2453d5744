import type { Country, CountryCode } from './country.ts';
import { FRANCE } from './france.ts';
import { GERMANY } from './germany.ts';
import { ITALY } from './italy.ts';
import { SPAIN } from './spain.ts';
import { UNITED_KINGDOM } from './united-kingdom.ts';
import { UNITED_STATES } from './united-states.ts';

/** The countries by their codes. */
export const COUNTRIES: Readonly<Record<CountryCode, Country>> = {
  US: UNITED_STATES,
  GB: UNITED_KINGDOM,
  DE: GERMANY,
  FR: FRANCE,
  ES: SPAIN,
  IT: ITALY,
};

/** How many of a hundred sample people live where. */
export const COUNTRY_WEIGHTS: Readonly<Record<CountryCode, number>> = {
  US: 30,
  GB: 16,
  DE: 20,
  FR: 13,
  ES: 11,
  IT: 10,
};
