import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js';
import type { Identifier, IdentifierType, IdentityRecord } from '../store/repository.ts';
import { withBoundedCache } from './bounded-cache.ts';
import type {
  CanonicalPartyIdentification,
  CanonicalPhone,
  CanonicalProfile,
  CanonicalSocial,
} from './canonical-profile.ts';
import { fold } from './fold.ts';

const CACHED_TEXTS = 20_000;
const E164 = /^\+[1-9]\d{6,14}$/;
const EMAIL = /^[^\s@"(),:;<>[\\\]]+@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+[\p{L}\p{N}-]{2,}$/u;
const EMAIL_LENGTH_LIMIT = 254;
/** A longer text is no identifier, and would not fit into an index of the store. */
const IDENTIFIER_LENGTH_LIMIT = 400;
const GMAIL_DOMAINS = new Set(['gmail.com', 'googlemail.com']);

/** What identity keeps of what a cloud says of a record, beside its features. */
export function identityRecordOf(profile: CanonicalProfile): IdentityRecord {
  const { dataSourceId, dataSourceObjectId, sourceRecordId } = profile;
  // Names are compared by the engine's features.
  return { dataSourceId, dataSourceObjectId, sourceRecordId, identifiers: identifiersOf(profile), givenNameHash: null };
}

/** Every identifier of a record in its normal form, each once, in a fixed order. */
export function identifiersOf(profile: CanonicalProfile): Identifier[] {
  const found = new Map<string, Identifier>();
  const add = (identifierType: IdentifierType, normalizedValue: string | null): void => {
    if (normalizedValue !== null) {
      found.set(`${identifierType}|${normalizedValue}`, { identifierType, normalizedValue });
    }
  };
  for (const email of profile.contactPointEmails) add('EMAIL', normaliseEmail(email.emailAddress));
  for (const phone of profile.contactPointPhones) add('PHONE', normaliseCloudPhone(phone));
  for (const social of profile.contactPointSocials) add('SOCIAL', normaliseSocial(social));
  for (const number of profile.partyIdentifications) add('PARTY_IDENTIFICATION', normalisePartyIdentification(number));
  if (found.size < 2) return [...found.values()];
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, identifier]) => identifier);
}

/**
 * An e-mail address in the form in which two spellings of one mailbox are equal: lower case, no tag after `+`, at Gmail
 * no dots and one domain. Null when it is not an address.
 */
export function normaliseEmail(text: string): string | null {
  const address = text.trim().normalize('NFKC').toLowerCase();
  if (address.length > EMAIL_LENGTH_LIMIT || !EMAIL.test(address)) return null;
  const at = address.indexOf('@');
  const domain = address.slice(at + 1);
  const mailbox = address.slice(0, at).replace(/\+.*$/, '');
  if (!GMAIL_DOMAINS.has(domain)) return mailbox === '' ? null : `${mailbox}@${domain}`;
  const withoutDots = mailbox.replaceAll('.', '');
  return withoutDots === '' ? null : `${withoutDots}@gmail.com`;
}

/**
 * A telephone number as a person typed it, in E.164; null when it is not a valid number. Without a country code it is
 * read as a number of `defaultCountry` (ISO 3166), and is nothing without that.
 */
export function normalisePhone(text: string, defaultCountry?: string): string | null {
  const international = text.trim().replace(/^00(?=[1-9])/, '+');
  const country = defaultCountry?.toUpperCase();
  const parsed = parsePhoneNumberFromString(international, isCountry(country) ? { defaultCountry: country } : {});
  return parsed?.isValid() ? parsed.number : null;
}

/** A social network account as `provider|handle`, lower case, without `@` or the network's address. Null when a part is empty or all is too long. */
export function normaliseSocial(social: CanonicalSocial): string | null {
  const provider = withoutBars(fold(social.socialNetworkProvider));
  const handle = fold(social.socialHandleName)
    .replace(/^(?:https?:\/\/)?[a-z0-9.-]+\.[a-z]{2,}\//, '')
    .replace(/^@|\/+$/g, '');
  return provider === '' || handle === '' ? null : withinLimit(`${provider}|${handle}`);
}

/** An official or business number as `TYPE|issuer|number`, folded; the number is letters and digits only. Null without a type or number. */
export function normalisePartyIdentification(identification: CanonicalPartyIdentification): string | null {
  const type = withoutBars(fold(identification.partyIdentificationType)).toUpperCase();
  const issuer = withoutBars(fold(identification.name));
  const number = fold(identification.identificationNumber).replace(/[^\p{L}\p{N}]/gu, '');
  return type === '' || number === '' ? null : withinLimit(`${type}|${issuer}|${number}`);
}

const normaliseInternationalPhone = withBoundedCache(CACHED_TEXTS, (text) => normalisePhone(text));

/** The cloud knows best which country a number belongs to; a number it left alone counts only with its country code. */
function normaliseCloudPhone(phone: CanonicalPhone): string | null {
  const formatted = phone.formattedE164PhoneNumber;
  if (formatted !== null) return E164.test(formatted) ? formatted : null;
  return /^\s*(?:\+|00)/.test(phone.telephoneNumber) ? normaliseInternationalPhone(phone.telephoneNumber) : null;
}

function withinLimit(identifier: string): string | null {
  return identifier.length > IDENTIFIER_LENGTH_LIMIT ? null : identifier;
}

function withoutBars(text: string): string {
  return text.replaceAll('|', ' ').trim();
}

function isCountry(country: string | undefined): country is CountryCode {
  return country !== undefined && isSupportedCountry(country);
}
