import { COUNTRIES } from '../sample-data/countries/countries.ts';
import { emailAsTyped, PLACEHOLDER_EMAILS } from '../sample-data/email.ts';
import { addressAt, familyNameAt, type Person } from '../sample-data/person.ts';
import { mix, Random } from '../sample-data/random.ts';
import { daysAgo, type SampleContext, type SampleRow } from '../sample-data/sample-cloud.ts';

/** A row of `marketing.subscriber` with what its consents and events need to know of it. */
export interface SampleSubscriber {
  readonly row: SampleRow;
  readonly subscriberKey: string;
  readonly email: string;
  readonly mobile: string | undefined;
  readonly createdDaysAgo: number;
}

/** The subscriptions of one person. */
export function subscribersOf(person: Person, context: SampleContext): readonly SampleSubscriber[] {
  return Array.from({ length: person.records.subscribers }, (_, place) => {
    const random = new Random(context.seed, 'marketing', 'subscriber', person.index, place);
    return subscriber(person, place, random, context);
  });
}

function subscriber(person: Person, place: number, random: Random, context: SampleContext): SampleSubscriber {
  const createdDaysAgo = random.between(10, 1800) + random.next();
  const touchedDaysAgo = 0.5 + random.next() * (createdDaysAgo - 0.5) * random.next();
  // The first half of the key is different for every person and place, the second makes it look like any other key.
  const subscriberKey = `sub_${hex(mix(person.index * 4 + place + 1))}${hex(random.below(2 ** 32))}`;
  const email = drawEmail(person, place, random);
  const tellsName = random.chance(0.75);
  const mobile = tellsName && random.chance(0.35) ? person.mobiles[0] : undefined;
  const row = {
    subscriber_key: subscriberKey,
    email_address: email,
    mobile_number: mobile ?? null,
    attributes: attributes(person, touchedDaysAgo, tellsName, random),
    created_on: daysAgo(context, createdDaysAgo),
    modified_on: daysAgo(context, touchedDaysAgo),
  };
  return { row, subscriberKey, email, mobile, createdDaysAgo };
}

function drawEmail(person: Person, place: number, random: Random): string {
  if (random.chance(0.008)) return random.pick(PLACEHOLDER_EMAILS);
  if (person.householdEmail && random.chance(0.3)) return emailAsTyped(person.householdEmail, random);
  return emailAsTyped(person.emails[place % person.emails.length] ?? '', random);
}

function attributes(person: Person, touchedDaysAgo: number, tellsName: boolean, random: Random): SampleRow {
  const attributes: Record<string, unknown> = { Country: COUNTRIES[person.country].name };
  if (!tellsName) return attributes;
  const usesNickname = person.nickname !== undefined && random.chance(0.25);
  if (random.chance(0.02)) attributes['FirstName'] = random.pick(['n/a', 'Friend', 'x']);
  else attributes['FirstName'] = usesNickname ? person.nickname : person.givenName;
  if (random.chance(0.75)) attributes['LastName'] = familyNameAt(person, touchedDaysAgo);
  if (random.chance(0.35)) attributes['BirthDate'] = slashedDate(person.birthDate);
  const address = addressAt(person, touchedDaysAgo);
  if (random.chance(0.4)) attributes['Postcode'] = address.postalCode;
  if (random.chance(0.25)) attributes['City'] = address.town;
  if (person.loyaltyNumber && random.chance(0.5)) attributes['LoyaltyNumber'] = person.loyaltyNumber;
  if (Object.keys(person.social).length > 0 && random.chance(0.5)) attributes['Social'] = person.social;
  return attributes;
}

/** ISO 8601 day → MM/DD/YYYY. */
export function slashedDate(isoDate: string): string {
  const [year = '', month = '', day = ''] = isoDate.split('-');
  return `${month}/${day}/${year}`;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
