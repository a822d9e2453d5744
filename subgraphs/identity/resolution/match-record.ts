import type { SourceRecordKey } from '../store/repository.ts';

/** A source record in canonical form, as DESIGN.md section 7 gives it: one line of `c360 resolve`'s input. All but the two ids is optional. */
export interface CanonicalRecord extends SourceRecordKey {
  readonly firstName?: string | null;
  readonly middleName?: string | null;
  readonly lastName?: string | null;
  /** The whole name, where the source keeps it as one text: `First Last` or `Last, First`. */
  readonly fullName?: string | null;
  /** In any order that people write; ISO 8601 is understood best. */
  readonly birthDate?: string | null;
  readonly emailAddresses?: readonly string[] | null;
  readonly telephoneNumbers?: readonly string[] | null;
  readonly addresses?: readonly CanonicalAddress[] | null;
  readonly socialAccounts?: readonly CanonicalSocialAccount[] | null;
  readonly partyIdentifications?: readonly CanonicalIdentification[] | null;
  /** Anything else that says something about the person, by name. */
  readonly attributes?: Readonly<Record<string, string | number | boolean | null>> | null;
  readonly createdDate?: string | null;
  readonly lastModifiedDate?: string | null;
}

/** A postal address, whole or in one line. */
export interface CanonicalAddress {
  readonly addressLine1?: string | null;
  readonly addressLine2?: string | null;
  readonly cityName?: string | null;
  readonly stateProvinceName?: string | null;
  readonly postalCodeText?: string | null;
  readonly countryName?: string | null;
}

/** An account at a social network. */
export interface CanonicalSocialAccount {
  readonly socialNetworkProvider?: string | null;
  readonly socialHandleName?: string | null;
}

/** An official or business number. */
export interface CanonicalIdentification {
  readonly partyIdentificationType?: string | null;
  /** Who issued it. */
  readonly name?: string | null;
  readonly identificationNumber?: string | null;
}

/**
 * What the engine keeps of a record: its features in normal form. It can be written as JSON and read again, so that a
 * store can keep it and rebuild the engine's state without asking the clouds. Absent parts are left out.
 */
export interface MatchRecord extends SourceRecordKey {
  /** Given names in order, folded: the first is the one a person goes by, the others are middle names. */
  readonly given?: readonly string[];
  /** Words of the family name, folded. */
  readonly family?: readonly string[];
  /** `SR`, `JR`, `II`, `III`, `IV`. */
  readonly generation?: string;
  readonly birthDate?: MatchDate;
  /** E-mail addresses in normal form. */
  readonly emails?: readonly string[];
  /** Comparison keys of telephone numbers: the national number without trunk prefix, so that a missing country does no harm. */
  readonly phones?: readonly string[];
  readonly addresses?: readonly MatchAddress[];
  /** `provider|handle`. */
  readonly socials?: readonly string[];
  /** `TYPE|issuer|number`. */
  readonly identifications?: readonly string[];
  /** `name|value`. */
  readonly attributes?: readonly string[];
  /** ISO 3166 code, told by an address, a telephone number's country code or an e-mail domain. */
  readonly country?: string;
}

/** A date of birth; parts that are not known are 0. */
export interface MatchDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** True when day and month may be the other way round, because the source did not say in which order it writes. */
  readonly ambiguous?: true;
}

/** A postal address in normal form; parts that are not known are left out. */
export interface MatchAddress {
  /** Street name without number, abbreviations written out, words in order. */
  readonly street?: string;
  /** House number, or the number of a post office box. */
  readonly number?: string;
  /** Flat, suite, floor. */
  readonly unit?: string;
  /** Letters and digits only. */
  readonly postalCode?: string;
  readonly city?: string;
}
