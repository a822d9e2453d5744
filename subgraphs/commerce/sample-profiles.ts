import { COUNTRIES } from '../sample-data/countries/countries.ts';
import { emailAsTyped, PLACEHOLDER_EMAILS } from '../sample-data/email.ts';
import { addressAt, familyNameAt, type Person } from '../sample-data/person.ts';
import { nationalPhone, PLACEHOLDER_PHONES } from '../sample-data/phone.ts';
import { Random } from '../sample-data/random.ts';
import { daysAgo, type SampleContext, type SampleRow, scatteredNumber } from '../sample-data/sample-cloud.ts';

/** A row of `commerce.account` with what its orders need to know of it. */
export interface SampleAccount {
  readonly row: SampleRow;
  readonly customerNumber: string;
  readonly isGuest: boolean;
  readonly createdDaysAgo: number;
  readonly touchedDaysAgo: number;
}

/** The accounts and guest checkouts of one person, oldest first. */
export function accountsOf(person: Person, context: SampleContext): readonly SampleAccount[] {
  const { accounts, guests } = person.records;
  return Array.from({ length: accounts + guests }, (_, place) => {
    const random = new Random(context.seed, 'commerce', 'account', person.index, place);
    return account(person, place, place >= accounts, random, context);
  });
}

function account(
  person: Person,
  place: number,
  isGuest: boolean,
  random: Random,
  context: SampleContext,
): SampleAccount {
  const createdDaysAgo = random.between(20, 2400) + random.next();
  const touchedDaysAgo = isGuest ? createdDaysAgo : 1 + random.next() * (createdDaysAgo - 1) * random.next();
  const country = COUNTRIES[person.country];
  const customerNumber = `C-${110_000 + scatteredNumber(person, place, 611_953)}`;
  const address = addressAt(person, touchedDaysAgo);
  const hasAddress = !isGuest || random.chance(0.85);
  const row = {
    customer_no: customerNumber,
    account_kind: isGuest ? 'guest' : 'registered',
    title: isGuest || random.chance(0.5) ? null : person.gender === 'female' ? country.femaleTitle : country.maleTitle,
    given_name: givenName(person, isGuest, random),
    family_name: asTyped(familyName(person, touchedDaysAgo, random), random),
    email: email(person, place, isGuest, random),
    phone: phone(person, random),
    birth_date: !isGuest && random.chance(0.3) ? person.birthDate : null,
    street: hasAddress ? address.line1 : null,
    street_extra: hasAddress ? (address.line2 ?? null) : null,
    city: hasAddress ? asTyped(address.town, random) : null,
    region: hasAddress ? (address.region ?? null) : null,
    postal_code: hasAddress ? address.postalCode : null,
    country_code: person.country,
    social: !isGuest && random.chance(0.4) ? person.social : {},
    loyalty_no: place === 0 && !isGuest ? (person.loyaltyNumber ?? null) : null,
    tax_number: !isGuest && random.chance(0.08) ? taxNumber(person) : null,
    created_at: daysAgo(context, createdDaysAgo),
    updated_at: daysAgo(context, touchedDaysAgo),
  };
  return { row, customerNumber, isGuest, createdDaysAgo, touchedDaysAgo };
}

function givenName(person: Person, isGuest: boolean, random: Random): string {
  if (isGuest && random.chance(0.04)) return random.pick(['n/a', 'Guest', '-', 'xx']);
  if (person.nickname && random.chance(isGuest ? 0.3 : 0.12)) return asTyped(person.nickname, random);
  if (random.chance(0.04)) return `${person.givenName.slice(0, 1)}.`;
  if (person.middleName && random.chance(0.12)) return `${person.givenName} ${person.middleName.slice(0, 1)}.`;
  return asTyped(person.givenName, random);
}

function familyName(person: Person, touchedDaysAgo: number, random: Random): string {
  const name = familyNameAt(person, touchedDaysAgo);
  return person.suffix && random.chance(0.4) ? `${name} ${person.suffix}` : name;
}

function email(person: Person, place: number, isGuest: boolean, random: Random): string | null {
  if (random.chance(isGuest ? 0.04 : 0.005)) return random.pick(PLACEHOLDER_EMAILS);
  if (isGuest && random.chance(0.05)) return null;
  if (person.householdEmail && random.chance(0.35)) return emailAsTyped(person.householdEmail, random);
  const own = person.emails[place % person.emails.length] ?? null;
  return own && emailAsTyped(own, random);
}

function phone(person: Person, random: Random): string | null {
  if (random.chance(0.015)) return random.pick(PLACEHOLDER_PHONES);
  if (random.chance(0.15)) return null;
  const numbers = [...person.mobiles, ...(person.landline ? [person.landline] : [])];
  if (numbers.length === 0) return null;
  const number = random.pick(numbers);
  return random.chance(0.25) ? number : nationalPhone(number, person.country, random);
}

/** As forms take it down: some people type capitals only, or none. */
function asTyped(text: string, random: Random): string {
  const chance = random.next();
  if (chance < 0.03) return text.toUpperCase();
  if (chance < 0.08) return text.toLowerCase();
  if (chance < 0.09) return ` ${text}`;
  return text;
}

function taxNumber(person: Person): string {
  return `${person.country}${String(700_000_000 + person.index * 13)}`;
}
