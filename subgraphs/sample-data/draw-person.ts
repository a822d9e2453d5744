import type { Country } from './countries/country.ts';
import { emailAddress } from './email.ts';
import type { Address, Person, RecordCounts } from './person.ts';
import { mobileNumber } from './phone.ts';
import type { Random } from './random.ts';

/** The most people that have telephone numbers and customer numbers of their own. */
export const MAX_PEOPLE = 100_000;

/** What the people of one household have in common. */
export interface Household {
  readonly index: number;
  readonly country: Country;
  readonly address: Address;
  readonly landline: string | undefined;
  readonly email: string | undefined;
}

/** What makes a person one of a household. */
export interface Member {
  readonly gender: Person['gender'];
  readonly givenName?: string;
  readonly familyName: string;
  readonly earlierFamilyName?: string | undefined;
  readonly suffix?: string;
  readonly birthYear: number;
}

/** Invents what is a person's own. */
export function drawPerson(member: Member, common: Household, index: number, random: Random): Person {
  const { country } = common;
  const names = member.gender === 'female' ? country.femaleNames : country.maleNames;
  const givenName = member.givenName ?? random.pick(names);
  const parts = { givenName, familyName: member.familyName, birthYear: member.birthYear, number: index + 11 };
  const emails = [emailAddress(parts, country, random)];
  if (random.chance(0.35)) emails.push(emailAddress(parts, country, random));
  const mobiles = random.chance(0.92) ? [mobileNumber(country.code, index)] : [];
  if (index % 2 === 0 && random.chance(0.2)) mobiles.push(mobileNumber(country.code, MAX_PEOPLE + index / 2));
  return {
    index,
    householdIndex: common.index,
    country: country.code,
    gender: member.gender,
    givenName,
    nickname: country.nicknames[givenName],
    middleName: random.chance(0.3) ? random.pick(names) : undefined,
    familyName: member.familyName,
    earlierFamilyName: member.earlierFamilyName,
    renamedDaysAgo: random.between(100, 1500),
    suffix: member.suffix,
    birthDate: `${member.birthYear}-${twoDigits(random.between(1, 12))}-${twoDigits(random.between(1, 28))}`,
    emails,
    householdEmail: common.email,
    mobiles,
    landline: random.chance(0.8) ? common.landline : undefined,
    address: common.address,
    earlierAddress: random.chance(0.3) ? drawAddress(country, random) : undefined,
    movedDaysAgo: random.between(60, 1400),
    social: drawSocial(givenName, index, random),
    loyaltyNumber: random.chance(0.3)
      ? `LC-${twoDigits(random.below(100))}${String(index).padStart(6, '0')}`
      : undefined,
    records: drawRecords(random),
  };
}

function drawRecords(random: Random): RecordCounts {
  const accounts = random.chance(0.68) ? (random.chance(0.17) ? 2 : 1) : 0;
  const guests = random.chance(0.32) ? (random.chance(0.15) ? 2 : 1) : 0;
  const subscribers = random.chance(0.76) ? (random.chance(0.14) ? 2 : 1) : 0;
  const contacts = random.chance(0.44) ? (random.chance(0.1) ? 2 : 1) : 0;
  const none = accounts + guests + subscribers + contacts === 0;
  return { accounts, guests, subscribers, contacts: none ? 1 : contacts };
}

function drawSocial(givenName: string, index: number, random: Random): Readonly<Record<string, string>> {
  const social: Record<string, string> = {};
  const handle = `${givenName.toLowerCase().replace(/[^a-z]/g, '')}${random.pick(['', '_', '.'])}${index + 1000}`;
  if (random.chance(0.22)) social['instagram'] = handle;
  if (random.chance(0.15)) social['twitter'] = `@${handle.replace('.', '_')}`;
  if (random.chance(0.15)) social['facebook'] = String(100_000_000_000_000 + index * 7919);
  return social;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
/** A family name; most people of Spain have two. */
export function drawFamilyName(country: Country, random: Random): string {
  const name = random.pick(country.familyNames);
  return country.code === 'ES' && random.chance(0.7) ? `${name} ${random.pick(country.familyNames)}` : name;
}

/** A postal address. */
export function drawAddress(country: Country, random: Random): Address {
  const town = random.pick(country.towns);
  const street = random.pick(country.streets);
  const house = random.between(1, country.code === 'US' ? 4900 : 160);
  return {
    line1: country.houseNumber === 'before' ? `${house} ${street}` : `${street} ${house}`,
    line2: random.chance(0.25) ? `${country.flat} ${random.between(1, 48)}` : undefined,
    town: town.name,
    region: town.region === '' ? undefined : town.region,
    postalCode: town.postalPattern.replace(/[%&]/g, (mark) =>
      mark === '%' ? String(random.below(10)) : random.pick([...'ABDEFGHJLNPQRSTUWXYZ']),
    ),
    country: country.code,
  };
}
