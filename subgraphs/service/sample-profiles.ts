import { COUNTRIES } from '../sample-data/countries/countries.ts';
import { emailAsTyped, PLACEHOLDER_EMAILS } from '../sample-data/email.ts';
import { type Address, addressAt, familyNameAt, type Person } from '../sample-data/person.ts';
import { internationalPhone, nationalPhone, PLACEHOLDER_PHONES } from '../sample-data/phone.ts';
import { Random } from '../sample-data/random.ts';
import { daysAgo, type SampleContext, type SampleRow, scatteredNumber } from '../sample-data/sample-cloud.ts';

/** A row of `service.contact` with what its tickets need to know of it. */
export interface SampleContact {
  readonly row: SampleRow;
  readonly contactId: string;
  readonly createdDaysAgo: number;
}

/** The contacts of one person. */
export function contactsOf(person: Person, context: SampleContext): readonly SampleContact[] {
  return Array.from({ length: person.records.contacts }, (_, place) => {
    const random = new Random(context.seed, 'service', 'contact', person.index, place);
    return contact(person, place, random, context);
  });
}

function contact(person: Person, place: number, random: Random, context: SampleContext): SampleContact {
  const createdDaysAgo = random.between(2, 1600) + random.next();
  const touchedDaysAgo = random.next() * createdDaysAgo * random.next();
  const contactId = `003${String(110_000 + scatteredNumber(person, place, 354_239)).padStart(12, '0')}`;
  const mailing = random.chance(0.6) ? mailingAddress(addressAt(person, touchedDaysAgo), random) : null;
  const name = drawName(person, touchedDaysAgo, random);
  const row = {
    contact_id: contactId,
    salutation: name.salutation,
    full_name: name.fullName,
    phone: drawPhone(person.landline ?? person.mobiles[0], person, mailing !== null, random),
    mobile: random.chance(0.35) ? drawPhone(person.mobiles[0], person, mailing !== null, random) : null,
    email: random.chance(0.6) ? drawEmail(person, place, random) : null,
    dob: random.chance(0.38) ? dottedDate(person.birthDate) : null,
    mailing,
    handles: random.chance(0.25) ? person.social : {},
    loyalty_no: person.loyaltyNumber && random.chance(0.4) ? person.loyaltyNumber : null,
    opened: daysAgo(context, createdDaysAgo),
    last_edit: daysAgo(context, touchedDaysAgo),
  };
  return { row, contactId, createdDaysAgo };
}

/** Agents put a name down as `First Last`, as `Last, First`, or with the title in front. */
function drawName(
  person: Person,
  touchedDaysAgo: number,
  random: Random,
): { readonly fullName: string; readonly salutation: string | null } {
  if (random.chance(0.01)) return { fullName: random.pick(['n/a', 'Unknown', 'Caller']), salutation: null };
  const country = COUNTRIES[person.country];
  const title = person.gender === 'female' ? country.femaleTitle : country.maleTitle;
  const given = person.nickname && random.chance(0.15) ? person.nickname : person.givenName;
  const family = familyNameAt(person, touchedDaysAgo);
  const suffix = person.suffix && random.chance(0.5) ? ` ${person.suffix}` : '';
  const salutation = random.chance(0.4) ? title : null;
  const order = random.pickWeighted({ plain: 50, reversed: 34, titled: 16 });
  if (order === 'plain') return { fullName: `${given} ${family}${suffix}`, salutation };
  if (order === 'reversed') return { fullName: `${family}${suffix}, ${given}`, salutation };
  return { fullName: `${title} ${given} ${family}`, salutation: null };
}

/** A number within the country can be understood only where the contact's country is known. */
function drawPhone(number: string | undefined, person: Person, hasCountry: boolean, random: Random): string | null {
  if (random.chance(0.02)) return random.pick(PLACEHOLDER_PHONES);
  if (number === undefined || random.chance(0.08)) return null;
  return hasCountry && random.chance(0.5)
    ? nationalPhone(number, person.country, random)
    : internationalPhone(number, person.country, random);
}

function drawEmail(person: Person, place: number, random: Random): string {
  if (random.chance(0.02)) return random.pick(PLACEHOLDER_EMAILS);
  return emailAsTyped(
    random.chance(0.75) ? (person.emails[0] ?? '') : (person.emails[place + 1] ?? person.emails[0] ?? ''),
    random,
  );
}

function mailingAddress(address: Address, random: Random): SampleRow {
  const mailing: Record<string, string> = { street: abbreviated(address.line1, random), town: address.town };
  if (address.line2) mailing['street2'] = address.line2;
  if (address.region) mailing['region'] = address.region;
  if (random.chance(0.9)) mailing['zip'] = address.postalCode;
  mailing['country'] = COUNTRIES[address.country].name;
  return mailing;
}

function abbreviated(street: string, random: Random): string {
  if (random.chance(0.5)) return street;
  return street
    .replace(/Street$/, 'St')
    .replace(/Avenue$/, 'Ave')
    .replace(/Road$/, 'Rd')
    .replace(/straße /, 'str. ')
    .replace(/^Calle /, 'C/ ')
    .replace(/avenue /, 'av. ');
}

/** ISO 8601 day → DD.MM.YYYY. */
export function dottedDate(isoDate: string): string {
  return isoDate.split('-').reverse().join('.');
}
