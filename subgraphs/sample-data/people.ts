import { COUNTRIES, COUNTRY_WEIGHTS } from './countries/countries.ts';
import type { Country } from './countries/country.ts';
import { drawAddress, drawFamilyName, drawPerson, type Household, MAX_PEOPLE, type Member } from './draw-person.ts';
import { emailAddress } from './email.ts';
import type { Person } from './person.ts';
import { landlineNumber } from './phone.ts';
import { Random } from './random.ts';

/** Which population to invent. */
export interface PopulationOptions {
  /** The same seed gives the same people. */
  readonly seed: number;
  /** How many people, 0 to 100,000. */
  readonly people: number;
}

/**
 * Invents people, household after household, one at a time: a population of any size takes no more memory than one household.
 * A person depends on the seed and on the household's place only, so every cloud can go through the same people by itself.
 * Throws RangeError when `people` is out of range.
 */
export function* samplePeople({ seed, people }: PopulationOptions): Generator<Person> {
  if (!Number.isInteger(people) || people < 0 || people > MAX_PEOPLE) {
    throw new RangeError(`Sample data has 0 to ${MAX_PEOPLE} people, not ${people}.`);
  }
  let index = 0;
  for (let householdIndex = 0; index < people; householdIndex++) {
    for (const person of household(new Random(seed, 'household', householdIndex), householdIndex, index)) {
      if (index === people) return;
      index++;
      yield person;
    }
  }
}

function household(random: Random, householdIndex: number, firstPersonIndex: number): Person[] {
  const country = COUNTRIES[random.pickWeighted(COUNTRY_WEIGHTS)];
  const familyName = drawFamilyName(country, random);
  const kind = random.pickWeighted({ single: 40, couple: 28, family: 20, namesakes: 4, flat: 8 });
  const members = drawMembers(kind, country, familyName, random);
  const several = members.length > 1;
  const common: Household = {
    index: householdIndex,
    country,
    address: drawAddress(country, random),
    landline: several && random.chance(0.55) ? landlineNumber(country.code, householdIndex) : undefined,
    email:
      several && random.chance(0.1)
        ? emailAddress(
            { givenName: 'family', familyName, birthYear: 2000, number: firstPersonIndex + 11 },
            country,
            random,
          )
        : undefined,
  };
  return members.map((member, place) => drawPerson(member, common, firstPersonIndex + place, random));
}

function drawMembers(
  kind: 'single' | 'couple' | 'family' | 'namesakes' | 'flat',
  country: Country,
  familyName: string,
  random: Random,
): Member[] {
  const birthYear = random.between(1942, 2004);
  const gender = random.chance(0.5) ? 'female' : 'male';
  if (kind === 'single') return [{ gender, familyName, birthYear }];
  if (kind === 'flat') {
    return Array.from({ length: random.between(2, 4) }, () => ({
      gender: random.chance(0.5) ? ('female' as const) : ('male' as const),
      familyName: drawFamilyName(country, random),
      birthYear: random.between(1985, 2004),
    }));
  }
  const parentYear = random.between(1942, 1982);
  if (kind === 'namesakes') {
    const givenName = random.pick(country.maleNames);
    return [
      { gender: 'male', givenName, familyName, suffix: 'Sr.', birthYear: parentYear },
      { gender: 'male', givenName, familyName, suffix: 'Jr.', birthYear: parentYear + random.between(21, 24) },
    ];
  }
  const partner: Member = {
    gender: random.chance(0.92) ? 'female' : 'male',
    familyName: random.chance(0.8) ? familyName : drawFamilyName(country, random),
    birthYear: (kind === 'couple' ? birthYear : parentYear) + random.between(-4, 4),
  };
  const took = partner.familyName === familyName && random.chance(0.35);
  const couple: Member[] = [
    {
      gender: random.chance(0.92) ? 'male' : 'female',
      familyName,
      birthYear: kind === 'couple' ? birthYear : parentYear,
    },
    took ? { ...partner, earlierFamilyName: drawFamilyName(country, random) } : partner,
  ];
  if (kind === 'couple') return couple;
  const children = Array.from({ length: random.between(1, 2) }, () => ({
    gender: random.chance(0.5) ? ('female' as const) : ('male' as const),
    familyName,
    birthYear: Math.min(2007, parentYear + random.between(22, 36)),
  }));
  return [...couple, ...children];
}
