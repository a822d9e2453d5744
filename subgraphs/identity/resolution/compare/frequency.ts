import type { Features } from '../block/features.ts';

/**
 * A small set knows little of how frequent a value is: it is filled up with this many imaginary records, in which values
 * are as rare as in a large population.
 */
export const IMAGINARY_RECORDS = 500;
/** How frequent an average value is where a large population has it. */
const RARE = {
  given: 1 / 1_000,
  family: 1 / 5_000,
  birthDate: 1 / 20_000,
  postalCode: 1 / 3_000,
  city: 1 / 1_000,
  attribute: 1 / 10_000,
} as const;
/** The first digits of years; a date without day and month is as frequent as a year. */
const YEAR_FREQUENCY = 1 / 60;

/** The number of records, with imaginary ones: the population that a random record is drawn from. */
export function populationOf(features: Features): number {
  return features.size + IMAGINARY_RECORDS;
}

/** How frequent a given name is among records that have one, 0 to 1. */
export function givenFrequency(features: Features, name: number): number {
  return shrunk(features.givenUses.get(name), features.having.given, RARE.given);
}

/** How frequent a family name is among records that have one, 0 to 1. */
export function familyFrequency(features: Features, name: number): number {
  return shrunk(features.familyUses.get(name), features.having.family, RARE.family);
}

/** How frequent a date of birth is among records that have one, 0 to 1. */
export function birthDateFrequency(features: Features, birthDate: number): number {
  if ((birthDate & 511) === 0) return YEAR_FREQUENCY;
  return shrunk(features.birthDates.get(birthDate) ?? 0, features.having.birthDate, RARE.birthDate);
}

/** How frequent a postal code is among addresses that have one, 0 to 1. */
export function postalCodeFrequency(features: Features, postalCode: number): number {
  return shrunk(features.postalCodes.count(postalCode), features.having.postalCode, RARE.postalCode);
}

/** How frequent a city is among addresses that have one, 0 to 1. */
export function cityFrequency(features: Features, city: number): number {
  return shrunk(features.cities.count(city), features.having.city, RARE.city);
}

/** How frequent a value of an attribute is, 0 to 1. */
export function attributeFrequency(features: Features, attribute: number): number {
  return shrunk(features.attributes.count(attribute), features.size, RARE.attribute);
}

function shrunk(count: number, total: number, rare: number): number {
  return (Math.max(count, 1) + IMAGINARY_RECORDS * rare) / (total + IMAGINARY_RECORDS);
}
