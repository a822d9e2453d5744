import type {
  ContactPointAddress,
  ContactPointEmail,
  ContactPointPhone,
  ContactPointSocial,
  IdentityLink,
  PartyIdentification,
  SourceProfile,
} from '../../schema/generated/identity.ts';

/** A contact point or number as a record gives it, by the field it stands in, before it is known who else carries it. */
export interface ProfileItems {
  readonly contactPointEmails: Omit<ContactPointEmail, 'isPrimary' | 'sources'>;
  readonly contactPointPhones: Omit<ContactPointPhone, 'isPrimary' | 'sources'>;
  readonly contactPointAddresses: Omit<ContactPointAddress, 'isPrimary' | 'sources'>;
  readonly contactPointSocials: Omit<ContactPointSocial, 'sources'>;
  readonly partyIdentifications: Omit<PartyIdentification, 'sources'>;
}

/** What one record says about a person, as far as it is reconciled: what identity is handed in a representation. */
export type Profile = Omit<SourceProfile, keyof ProfileItems> & ProfileLists;

/** The lists of a profile. */
export type ProfileLists = { readonly [F in keyof ProfileItems]: readonly ProfileItems[F][] };

/** Names the record of a profile. */
export function linkOf({ dataSourceId, dataSourceObjectId, sourceRecordId }: IdentityLink): IdentityLink {
  return { dataSourceId, dataSourceObjectId, sourceRecordId };
}
