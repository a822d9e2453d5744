import fc from 'fast-check';
import type { CanonicalProfile } from '../../subgraphs/identity/resolution/canonical-profile.ts';

/** A record with nothing but its keys and what is given. */
export function profileOf(
  sourceRecordId: string,
  values: { email?: string; phone?: string; membership?: string; firstName?: string; dataSourceId?: string } = {},
): CanonicalProfile {
  const { email, phone, membership, firstName, dataSourceId } = values;
  return {
    dataSourceId: dataSourceId ?? 'commerce',
    dataSourceObjectId: 'account',
    sourceRecordId,
    firstName: firstName ?? null,
    fullName: null,
    contactPointEmails: email === undefined ? [] : [{ emailAddress: email }],
    contactPointPhones: phone === undefined ? [] : [{ telephoneNumber: phone, formattedE164PhoneNumber: phone }],
    contactPointSocials: [],
    partyIdentifications:
      membership === undefined
        ? []
        : [{ partyIdentificationType: 'LOYALTY', name: 'club', identificationNumber: membership }],
  };
}

/**
 * Records that share few identifiers and names among many of them, so that links, chains, contradictions and crossed
 * limits all come about. Keys are distinct.
 */
export function arbitraryProfiles(most: number): fc.Arbitrary<CanonicalProfile[]> {
  const some = <T>(...values: T[]): fc.Arbitrary<T | undefined> => fc.constantFrom(undefined, ...values);
  const values = fc.record({
    dataSourceId: fc.constantFrom('commerce', 'marketing', 'service'),
    email: some('a@x.org', 'b@x.org', 'c@x.org', 'd@x.org', 'none@none.com'),
    phone: some('+16022584031', '+16022584032', '+16022584033', '+16022584034'),
    membership: some('m1', 'm2', 'm3', 'm4', 'm5'),
    firstName: some('Ann', 'Bob', 'B.', 'Rupert', 'Rupert'),
  });
  return fc.array(values, { minLength: 1, maxLength: most }).map((list) =>
    list.map((each, index) => {
      const defined = Object.fromEntries(Object.entries(each).filter(([, value]) => value !== undefined));
      return profileOf(String(index).padStart(3, '0'), defined);
    }),
  );
}
