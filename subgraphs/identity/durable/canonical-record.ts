import type { CanonicalProfile } from '../resolution/canonical-profile.ts';
import type { CanonicalRecord } from '../resolution/match-record.ts';

/** A cloud's record in the form that the engine reads. */
export function canonicalRecordOf(profile: CanonicalProfile): CanonicalRecord {
  return {
    dataSourceId: profile.dataSourceId,
    sourceRecordId: profile.sourceRecordId,
    firstName: profile.firstName,
    middleName: profile.middleName ?? null,
    lastName: profile.lastName ?? null,
    fullName: profile.fullName,
    birthDate: profile.birthDate ?? null,
    emailAddresses: profile.contactPointEmails.map(({ emailAddress }) => emailAddress),
    telephoneNumbers: profile.contactPointPhones.map(
      ({ formattedE164PhoneNumber, telephoneNumber }) => formattedE164PhoneNumber ?? telephoneNumber,
    ),
    addresses: profile.contactPointAddresses ?? [],
    socialAccounts: profile.contactPointSocials,
    partyIdentifications: profile.partyIdentifications,
  };
}
