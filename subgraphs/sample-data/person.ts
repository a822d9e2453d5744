import type { CountryCode } from './countries/country.ts';

/** One invented person: the truth that the clouds' records tell, each in its own way. */
export interface Person {
  /** 0, 1, 2 … over the whole population. */
  readonly index: number;
  /** People of one household share it. */
  readonly householdIndex: number;
  readonly country: CountryCode;
  readonly gender: 'female' | 'male';
  readonly givenName: string;
  /** What friends call the person. */
  readonly nickname: string | undefined;
  readonly middleName: string | undefined;
  readonly familyName: string;
  /** The name borne until `renamedDaysAgo`. */
  readonly earlierFamilyName: string | undefined;
  readonly renamedDaysAgo: number;
  /** `Sr.` or `Jr.` where parent and child have one name. */
  readonly suffix: string | undefined;
  /** ISO 8601 day. */
  readonly birthDate: string;
  /** The person's own addresses; the first is the one used most. */
  readonly emails: readonly string[];
  /** An address that several people of the household use. */
  readonly householdEmail: string | undefined;
  /** The person's own numbers in E.164, possibly none. */
  readonly mobiles: readonly string[];
  /** The household's number in E.164. */
  readonly landline: string | undefined;
  readonly address: Address;
  /** Where the person lived until `movedDaysAgo`. */
  readonly earlierAddress: Address | undefined;
  readonly movedDaysAgo: number;
  /** Network → handle or account number. */
  readonly social: Readonly<Record<string, string>>;
  /** Number of the loyalty card. */
  readonly loyaltyNumber: string | undefined;
  /** How many records each cloud has of the person; at least one in all. */
  readonly records: RecordCounts;
}

/** A postal address as it is. */
export interface Address {
  readonly line1: string;
  readonly line2: string | undefined;
  readonly town: string;
  readonly region: string | undefined;
  readonly postalCode: string;
  readonly country: CountryCode;
}

/** How many records of each kind. */
export interface RecordCounts {
  readonly accounts: number;
  readonly guests: number;
  readonly subscribers: number;
  readonly contacts: number;
}

/** The family name that a record last touched so many days ago knows. */
export function familyNameAt(person: Person, daysAgo: number): string {
  return daysAgo > person.renamedDaysAgo ? (person.earlierFamilyName ?? person.familyName) : person.familyName;
}

/** The address that a record last touched so many days ago knows. */
export function addressAt(person: Person, daysAgo: number): Address {
  return daysAgo > person.movedDaysAgo ? (person.earlierAddress ?? person.address) : person.address;
}
