import { withBoundedCache } from '../bounded-cache.ts';
import { fold } from '../fold.ts';
import type {
  CanonicalIdentification,
  CanonicalRecord,
  CanonicalSocialAccount,
  MatchAddress,
  MatchRecord,
} from '../match-record.ts';
import { normaliseAddress, normaliseCountry } from './address.ts';
import { normaliseBirthDate } from './birth-date.ts';
import { normaliseEmailAddress } from './email.ts';
import { normaliseName } from './name.ts';
import { normalisePhoneNumber } from './phone.ts';

/** More of one kind are left out: a record with so many is no person's. */
const VALUES_LIMIT = 15;
const VALUE_LENGTH_LIMIT = 200;
const CACHED_COUNTRIES = 5_000;
const PLACEHOLDER_NUMBERS = /^(?:0+|1+|9+|x+|na|none|null|unknown|tbd|test)$/;
const COUNTRY_OF_DOMAIN: Readonly<Record<string, string>> = {
  uk: 'GB',
  de: 'DE',
  fr: 'FR',
  es: 'ES',
  it: 'IT',
  at: 'AT',
  ch: 'CH',
  nl: 'NL',
  be: 'BE',
  pl: 'PL',
  pt: 'PT',
  ie: 'IE',
  au: 'AU',
  ca: 'CA',
};

const countryOf = withBoundedCache(CACHED_COUNTRIES, normaliseCountry);

/** The features of a record, in normal form. Parts that can't be understood are left out, none is refused. */
export function normaliseRecord(record: CanonicalRecord): MatchRecord {
  const { dataSourceId, sourceRecordId } = record;
  const name = normaliseName(record);
  const birthDate = record.birthDate ? normaliseBirthDate(record.birthDate) : null;
  const emails = collect(record.emailAddresses, normaliseEmailAddress);
  const addresses = addressesOf(record);
  let country = countryOfAddresses(record) ?? countryOfEmails(emails);
  const phones = collect(record.telephoneNumbers, (text) => {
    const phone = normalisePhoneNumber(text, country ?? undefined);
    country ??= phone?.country ?? null;
    return phone?.number ?? null;
  });
  const socials = collect(record.socialAccounts, normaliseAccount);
  const identifications = collect(record.partyIdentifications, normaliseIdentification);
  const attributes = attributesOf(record);
  return {
    dataSourceId,
    sourceRecordId,
    ...(name.given.length > 0 ? { given: name.given } : {}),
    ...(name.family.length > 0 ? { family: name.family } : {}),
    ...(name.generation === '' ? {} : { generation: name.generation }),
    ...(birthDate ? { birthDate } : {}),
    ...(emails.length > 0 ? { emails } : {}),
    ...(phones.length > 0 ? { phones } : {}),
    ...(addresses.length > 0 ? { addresses } : {}),
    ...(socials.length > 0 ? { socials } : {}),
    ...(identifications.length > 0 ? { identifications } : {}),
    ...(attributes.length > 0 ? { attributes } : {}),
    ...(country ? { country } : {}),
  };
}

function collect<T>(values: readonly T[] | null | undefined, normalise: (value: T) => string | null): string[] {
  const found: string[] = [];
  for (const value of values ?? []) {
    const normal = value === null || value === undefined ? null : normalise(value);
    if (normal !== null && found.length < VALUES_LIMIT && !found.includes(normal)) found.push(normal);
  }
  return found;
}

function addressesOf({ addresses }: CanonicalRecord): MatchAddress[] {
  const found: MatchAddress[] = [];
  for (const address of addresses ?? []) {
    const normal = normaliseAddress(address);
    if (normal && found.length < VALUES_LIMIT) found.push(normal);
  }
  return found;
}

function countryOfAddresses({ addresses }: CanonicalRecord): string | null {
  for (const { countryName } of addresses ?? []) {
    const country = countryName ? countryOf(countryName) : null;
    if (country) return country;
  }
  return null;
}

function countryOfEmails(emails: readonly string[]): string | null {
  for (const email of emails) {
    const country = COUNTRY_OF_DOMAIN[email.slice(email.lastIndexOf('.') + 1)];
    if (country) return country;
  }
  return null;
}

/** `provider|handle`, lower case, without `@` or the network's address. Null when a part is empty. */
export function normaliseAccount({ socialNetworkProvider, socialHandleName }: CanonicalSocialAccount): string | null {
  const provider = plain(socialNetworkProvider ?? '');
  const handle = plain(socialHandleName ?? '')
    .replace(/^(?:https?:\/\/)?[a-z0-9.-]+\.[a-z]{2,}\//, '')
    .replace(/^@|\/+$/g, '');
  return provider === '' || handle === '' ? null : `${provider}|${handle}`.slice(0, VALUE_LENGTH_LIMIT);
}

/** `TYPE|issuer|number`; the number is letters and digits only. Null without a type or number, and for a placeholder. */
export function normaliseIdentification(identification: CanonicalIdentification): string | null {
  const type = plain(identification.partyIdentificationType ?? '').toUpperCase();
  const issuer = plain(identification.name ?? '');
  const number = fold(identification.identificationNumber ?? '').replace(/[^\p{L}\p{N}]/gu, '');
  if (type === '' || number === '' || PLACEHOLDER_NUMBERS.test(number)) return null;
  return `${type}|${issuer}|${number}`.slice(0, VALUE_LENGTH_LIMIT);
}

function attributesOf({ attributes }: CanonicalRecord): string[] {
  const found: string[] = [];
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || found.length >= VALUES_LIMIT) continue;
    const normal = plain(String(value));
    if (normal !== '' && !PLACEHOLDER_NUMBERS.test(normal))
      found.push(`${plain(name)}|${normal}`.slice(0, VALUE_LENGTH_LIMIT));
  }
  return found;
}

function plain(text: string): string {
  return fold(text).replaceAll('|', ' ').trim();
}
