import type { Country } from './countries/country.ts';
import type { Random } from './random.ts';

/** Addresses that people and cash desks leave when they do not want to leave one. */
export const PLACEHOLDER_EMAILS: readonly string[] = [
  'noemail@example.com',
  'none@none.com',
  'test@test.com',
  'unknown@unknown.com',
  'n/a',
];

/** The parts that an address is made from. */
export interface EmailParts {
  readonly givenName: string;
  readonly familyName: string;
  readonly birthYear: number;
  /** Ends the local part, so that addresses of different numbers differ. */
  readonly number: number;
}

/** An address as its owner chose it, in lower case, at a domain reserved for examples. */
export function emailAddress(parts: EmailParts, country: Country, random: Random): string {
  const given = asciiName(parts.givenName);
  const family = asciiName(parts.familyName);
  const local = random.pick([
    `${given}.${family}`,
    `${given}.${family}`,
    `${given.slice(0, 1)}.${family}`,
    `${family}.${given}`,
    `${given}_${family}`,
    `${given}${parts.birthYear}_`,
    `${random.pick(['sunny', 'blue', 'red', 'little', 'garden', 'coffee', 'music', 'happy'])}.${given}`,
  ]);
  return `${local}${parts.number}@${random.pick(country.mailDomains)}`;
}

/** The same address as one more form or cash desk recorded it: upper case, a capital in front, plus-addressed, a space before it. */
export function emailAsTyped(email: string, random: Random): string {
  const chance = random.next();
  if (chance < 0.04) return email.toUpperCase();
  if (chance < 0.1) return email.slice(0, 1).toUpperCase() + email.slice(1);
  if (chance < 0.17) return email.replace('@', `+${random.pick(['shop', 'news', 'offers', 'orders', 'promo'])}@`);
  if (chance < 0.18) return ` ${email}`;
  return email;
}

/** A name in the letters that e-mail addresses are made of. */
export function asciiName(name: string): string {
  return name
    .toLowerCase()
    .replace(/ä/g, 'ae')
    .replace(/ö/g, 'oe')
    .replace(/ü/g, 'ue')
    .replace(/ß/g, 'ss')
    .replace(/ı/g, 'i')
    .normalize('NFD')
    .replace(/[^a-z0-9]/g, '');
}
