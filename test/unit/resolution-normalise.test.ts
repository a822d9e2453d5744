import fc from 'fast-check';
import type { CanonicalProfile } from '../../subgraphs/identity/resolution/canonical-profile.ts';
import {
  identifiersOf,
  identityRecordOf,
  normaliseEmail,
  normalisePartyIdentification,
  normalisePhone,
  normaliseSocial,
} from '../../subgraphs/identity/resolution/normalise.ts';

const PROFILE: CanonicalProfile = {
  dataSourceId: 'commerce',
  dataSourceObjectId: 'account',
  sourceRecordId: '1',
  firstName: 'Bob',
  fullName: null,
  contactPointEmails: [],
  contactPointPhones: [],
  contactPointSocials: [],
  partyIdentifications: [],
};

describe('an e-mail address', () => {
  it.each([
    ['  Ana.Ruiz@Example.COM ', 'ana.ruiz@example.com'],
    ['ana+shop@example.com', 'ana@example.com'],
    ['A.N.A+x+y@googlemail.com', 'ana@gmail.com'],
    ['a.n.a@gmail.com', 'ana@gmail.com'],
    ['a.n.a@example.com', 'a.n.a@example.com'],
    ['müller@bücher.example', 'müller@bücher.example'],
    ["o'neil@example.com", "o'neil@example.com"],
  ])('%p becomes %p', (text, normal) => {
    expect(normaliseEmail(text)).toBe(normal);
  });

  it.each([
    '',
    '@',
    'ana',
    'ana@',
    'ana@example',
    '@example.com',
    'ana ruiz@example.com',
    'ana@exa mple.com',
    'ana@@example.com',
    'ana@-example.com',
    '+tag@example.com',
    '...@gmail.com',
    'ana@example.com, bo@example.com',
    `${'a'.repeat(250)}@example.com`,
  ])('%p is none', (text) => {
    expect(normaliseEmail(text)).toBeNull();
  });

  it('is its own normal form, whatever was typed', () => {
    fc.assert(
      fc.property(fc.oneof(fc.emailAddress(), fc.string()), (text) => {
        const normal = normaliseEmail(text);
        expect(normal === null ? null : normaliseEmail(normal)).toBe(normal);
      }),
    );
  });
});

describe('a telephone number', () => {
  it.each([
    ['+44 7700 190001', undefined, '+447700190001'],
    ['0044 7911 123456', undefined, '+447911123456'],
    ['(602) 258-4032', 'US', '+16022584032'],
    ['0171 1234567', 'de', '+491711234567'],
    ['0171 1234567', undefined, null],
    ['0171 1234567', 'Germany', null],
    ['12', 'US', null],
    ['', 'US', null],
    ['call me', 'US', null],
  ])('%p in %p becomes %p', (text, country, normal) => {
    expect(normalisePhone(text, country)).toBe(normal);
  });

  it('of a cloud counts by its E.164 form, else only with its country code', () => {
    const phone = (telephoneNumber: string, formattedE164PhoneNumber: string | null) =>
      identifiersOf({ ...PROFILE, contactPointPhones: [{ telephoneNumber, formattedE164PhoneNumber }] });
    expect(phone('0171 1234567', '+491711234567')).toEqual([
      { identifierType: 'PHONE', normalizedValue: '+491711234567' },
    ]);
    expect(phone('+49 171 1234567', null)).toEqual([{ identifierType: 'PHONE', normalizedValue: '+491711234567' }]);
    expect(phone('0171 1234567', null)).toEqual([]);
    expect(phone('0171 1234567', 'not a number')).toEqual([]);
  });
});

describe('official numbers and social accounts', () => {
  it('are folded', () => {
    expect(
      normalisePartyIdentification({
        partyIdentificationType: 'loyalty',
        name: ' Café  Club',
        identificationNumber: 'ab-12 34',
      }),
    ).toBe('LOYALTY|cafe club|ab1234');
    expect(normaliseSocial({ socialNetworkProvider: 'Instagram', socialHandleName: '@Ana_R' })).toBe('instagram|ana_r');
    expect(
      normaliseSocial({ socialNetworkProvider: 'instagram', socialHandleName: 'https://www.instagram.com/Ana_R/' }),
    ).toBe('instagram|ana_r');
  });

  it('are none without what matters, and cannot be confused by a bar in a value', () => {
    expect(normaliseSocial({ socialNetworkProvider: 'x', socialHandleName: '@' })).toBeNull();
    const tax = { partyIdentificationType: 'TAX', name: 'a|b', identificationNumber: '1' };
    expect(normalisePartyIdentification(tax)).toBe('TAX|a b|1');
    expect(normalisePartyIdentification({ ...tax, identificationNumber: ' - ' })).toBeNull();
  });
});

it('keeps nothing of a name beside the features', () => {
  const record = identityRecordOf({ ...PROFILE, firstName: 'Zebulon', fullName: 'Zebulon Quist' });
  expect(JSON.stringify(record)).not.toMatch(/zebulon|quist/i);
  expect(record.givenNameHash).toBeNull();
});

it('identifiers stand in a fixed order, each once', () => {
  const emails = ['b@x.org', 'a@x.org', 'A@X.org', 'nonsense'].map((emailAddress) => ({ emailAddress }));
  const profile = { ...PROFILE, contactPointEmails: emails };
  const backwards = { ...PROFILE, contactPointEmails: [...emails].reverse() };
  expect(identifiersOf(profile).map(({ normalizedValue }) => normalizedValue)).toEqual(['a@x.org', 'b@x.org']);
  expect(identifiersOf(backwards)).toEqual(identifiersOf(profile));
});
