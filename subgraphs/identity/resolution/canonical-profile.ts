/**
 * What matching needs of a cloud's record: the part of the schema's `SourceProfile` that identity asks a cloud for.
 * Nothing of it is stored but identifiers and features in their normal form.
 */
export interface CanonicalProfile {
  readonly dataSourceId: string;
  readonly dataSourceObjectId: string;
  readonly sourceRecordId: string;
  readonly firstName: string | null;
  readonly middleName?: string | null;
  readonly lastName?: string | null;
  /** The whole name, where the source keeps it as one text; looked at only without a `firstName`. */
  readonly fullName: string | null;
  readonly birthDate?: string | null;
  readonly contactPointAddresses?: readonly CanonicalAddress[];
  readonly contactPointEmails: readonly { readonly emailAddress: string }[];
  readonly contactPointPhones: readonly CanonicalPhone[];
  readonly contactPointSocials: readonly CanonicalSocial[];
  readonly partyIdentifications: readonly CanonicalPartyIdentification[];
}

/** A postal address as a cloud gives it. */
export interface CanonicalAddress {
  readonly addressLine1?: string | null;
  readonly addressLine2?: string | null;
  readonly cityName?: string | null;
  readonly stateProvinceName?: string | null;
  readonly postalCodeText?: string | null;
  readonly countryName?: string | null;
}

/** A telephone number as a cloud gives it. */
export interface CanonicalPhone {
  readonly telephoneNumber: string;
  /** The number in E.164, null when the cloud could not tell. */
  readonly formattedE164PhoneNumber: string | null;
}

/** An account at a social network. */
export interface CanonicalSocial {
  readonly socialNetworkProvider: string;
  readonly socialHandleName: string;
}

/** An official or business number. */
export interface CanonicalPartyIdentification {
  readonly partyIdentificationType: string;
  /** Who issued it. */
  readonly name: string;
  readonly identificationNumber: string;
}
