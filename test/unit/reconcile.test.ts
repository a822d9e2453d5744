import fc from 'fast-check';
import { CLOUDS } from '../../schema/clouds.ts';
import type { Profile } from '../../subgraphs/identity/profile.ts';
import { Reconciliation } from '../../subgraphs/identity/reconcile.ts';
import { loadSurvivorship, RECONCILED_FIELDS } from '../../subgraphs/identity/survivorship-document.ts';

const survivorship = loadSurvivorship(CLOUDS.map(({ name }) => name));
const reconcile = (...profiles: readonly Profile[]): Reconciliation => new Reconciliation(profiles, survivorship);

function profile(key: string, values: Partial<Profile>): Profile {
  const [dataSourceId = '', sourceRecordId = ''] = key.split('/');
  return {
    dataSourceId,
    dataSourceObjectId: 'record',
    sourceRecordId,
    salutation: null,
    firstName: null,
    middleName: null,
    lastName: null,
    fullName: null,
    birthDate: null,
    contactPointEmails: [],
    contactPointPhones: [],
    contactPointAddresses: [],
    contactPointSocials: [],
    partyIdentifications: [],
    createdDate: null,
    lastModifiedDate: null,
    ...values,
  };
}

const email = (emailAddress: string) => ({ emailAddress });
const phone = (telephoneNumber: string, formattedE164PhoneNumber: string | null = null) => {
  return { telephoneNumber, formattedE164PhoneNumber };
};
const NOWHERE = {
  addressLine1: null,
  addressLine2: null,
  cityName: null,
  stateProvinceName: null,
  postalCodeText: null,
  countryName: null,
};

describe('names', () => {
  it('are taken by their own rules from different records', () => {
    const person = reconcile(
      profile('commerce/1', { firstName: 'Anne', lastName: 'Meier', lastModifiedDate: '2024-01-01T00:00:00.000Z' }),
      profile('service/1', { firstName: 'Anne', lastName: 'Meier', lastModifiedDate: '2023-01-01T00:00:00.000Z' }),
      profile('marketing/1', { firstName: 'Annie', lastName: 'Schulz', lastModifiedDate: '2025-01-01T00:00:00.000Z' }),
    );
    expect(person.single('firstName')).toBe('Anne');
    expect(person.single('lastName')).toBe('Schulz');
    expect(person.fullName()).toBe('Anne Schulz');
  });

  it.each([
    ['Anna Maria Meier', ['Anna', 'Maria', 'Meier']],
    ['Meier, Anna Maria', ['Anna', 'Maria', 'Meier']],
    ['Anna Meier', ['Anna', null, 'Meier']],
    ['Meier,', [null, null, 'Meier']],
    [', Anna', ['Anna', null, null]],
    ['Madonna', [null, null, 'Madonna']],
    ['   ', [null, null, null]],
  ])('in one text %j are split', (fullName, [firstName, middleName, lastName]) => {
    const person = reconcile(profile('marketing/1', { fullName }));
    expect([person.single('firstName'), person.single('middleName'), person.single('lastName')]).toEqual([
      firstName,
      middleName,
      lastName,
    ]);
  });

  it('of one word only count when nobody knows better', () => {
    const person = reconcile(
      profile('marketing/1', { fullName: 'Annie', lastModifiedDate: '2025-01-01T00:00:00.000Z' }),
      profile('commerce/1', { firstName: 'Anne', lastName: 'Meier' }),
    );
    expect(person.fullName()).toBe('Anne Meier');
  });

  it('are null when every record has a placeholder, and provenance says so', () => {
    const person = reconcile(profile('commerce/1', { firstName: 'n/a' }), profile('service/1', { firstName: '-' }));
    expect(person.single('firstName')).toBeNull();
    expect(person.provenance('firstName')).toMatchObject({
      winner: null,
      losers: [{ reason: 'PLACEHOLDER' }, { reason: 'PLACEHOLDER' }],
    });
  });

  it('are shown as people write them, and provenance names the record that wrote them so', () => {
    const person = reconcile(
      profile('commerce/1', { firstName: 'ALICE', lastModifiedDate: '2025-01-01T00:00:00.000Z' }),
      profile('service/1', { firstName: ' Alice ', lastModifiedDate: '2024-01-01T00:00:00.000Z' }),
      profile('marketing/1', { firstName: 'Ali', createdDate: '2026-01-01T00:00:00.000Z' }),
    );
    expect(person.provenance('firstName')).toEqual({
      field: 'firstName',
      rule: 'MOST_FREQUENT',
      winner: {
        value: 'Alice',
        source: { dataSourceId: 'service', dataSourceObjectId: 'record', sourceRecordId: '1' },
        lastModifiedDate: '2024-01-01T00:00:00.000Z',
      },
      losers: [
        expect.objectContaining({ value: 'ALICE', reason: 'AGREES_WITH_WINNER' }),
        expect.objectContaining({ value: 'Ali', reason: 'LESS_FREQUENT', lastModifiedDate: null }),
      ],
    });
  });
});

describe('contact points', () => {
  it('are one for each normal form, carried by all who give it, the most frequent first', () => {
    const person = reconcile(
      profile('commerce/1', {
        contactPointEmails: [email('Anne@Mail.test'), email('anne@work.test')],
        contactPointPhones: [phone('030 901820', '+4930901820'), phone('12')],
      }),
      profile('service/1', {
        contactPointEmails: [email('anne@work.test ')],
        contactPointPhones: [phone('+49 30 901820')],
      }),
    );
    const commerce = expect.objectContaining({ dataSourceId: 'commerce' });
    const service = expect.objectContaining({ dataSourceId: 'service' });
    expect(person.emails()).toEqual([
      { emailAddress: 'anne@work.test', isPrimary: true, sources: [service, commerce] },
      { emailAddress: 'Anne@Mail.test', isPrimary: false, sources: [commerce] },
    ]);
    expect(person.phones()).toEqual([
      {
        telephoneNumber: '+49 30 901820',
        formattedE164PhoneNumber: '+4930901820',
        isPrimary: true,
        sources: [service, commerce],
      },
      { telephoneNumber: '12', formattedE164PhoneNumber: null, isPrimary: false, sources: [commerce] },
    ]);
  });

  it('that are placeholders stay, last and never primary', () => {
    const person = reconcile(
      profile('commerce/1', { contactPointEmails: [email('noemail@shop.test')] }),
      profile('service/1', { contactPointEmails: [email('noemail@shop.test')] }),
    );
    expect(person.emails()).toMatchObject([{ emailAddress: 'noemail@shop.test', isPrimary: false }]);
    expect(person.provenance('contactPointEmails')).toMatchObject({
      winner: null,
      losers: [{ reason: 'PLACEHOLDER' }, { reason: 'PLACEHOLDER' }],
    });
  });

  it('that are addresses are taken whole, a part of one stands behind', () => {
    const home = { ...NOWHERE, addressLine1: 'Hauptstr. 1', cityName: 'Berlin', countryName: 'DE' };
    const person = reconcile(
      profile('marketing/1', {
        contactPointAddresses: [{ ...NOWHERE, countryName: 'DE' }, NOWHERE],
        lastModifiedDate: '2026-01-01T00:00:00.000Z',
      }),
      profile('commerce/1', { contactPointAddresses: [{ ...home, addressLine1: 'HAUPTSTR 1', cityName: 'BERLIN' }] }),
      profile('service/1', { contactPointAddresses: [home], lastModifiedDate: '2020-01-01T00:00:00.000Z' }),
    );
    expect(person.addresses()).toMatchObject([
      { ...home, isPrimary: true, sources: [{ dataSourceId: 'service' }, { dataSourceId: 'commerce' }] },
      { ...NOWHERE, countryName: 'DE', isPrimary: false },
    ]);
    expect(person.provenance('contactPointAddresses')).toMatchObject({
      rule: 'ALL_RANKED',
      winner: { value: 'Hauptstr. 1, Berlin, DE' },
      losers: [{ reason: 'AGREES_WITH_WINNER' }, { value: 'DE', reason: 'RANKED_LOWER' }],
    });
  });

  it('that are accounts and numbers are one for each normal form', () => {
    const card = { partyIdentificationType: 'LOYALTY', name: 'Club', identificationNumber: 'AB-12' };
    const person = reconcile(
      profile('commerce/1', {
        contactPointSocials: [{ socialNetworkProvider: 'Instagram', socialHandleName: '@anne' }],
        partyIdentifications: [card],
      }),
      profile('service/1', {
        contactPointSocials: [{ socialNetworkProvider: 'instagram', socialHandleName: 'Anne' }],
        partyIdentifications: [{ ...card, identificationNumber: 'ab12' }],
      }),
    );
    expect(person.socials()).toHaveLength(1);
    expect(person.partyIdentifications()).toMatchObject([{ identificationNumber: 'AB-12', sources: [{}, {}] }]);
  });
});

describe('whatever the records say', () => {
  const text = (...values: string[]) => fc.option(fc.constantFrom(...values));
  const records = fc.uniqueArray(
    fc.record({
      key: fc.constantFrom('commerce/1', 'commerce/2', 'service/1', 'service/2', 'marketing/1'),
      firstName: text('Anne', 'ANNE', 'Annie', 'n/a', ''),
      lastName: text('Meier', 'Schulz', 'unknown'),
      fullName: text('Anne Meier', 'Schulz, Annie', 'Anne'),
      birthDate: text('1984-02-29', '1984-02-28', '1900-01-01'),
      lastModifiedDate: text('2024-01-01T00:00:00.000Z', '2025-01-01T00:00:00.000Z'),
      contactPointEmails: fc.array(fc.constantFrom('a@b.test', 'A@b.test', 'c@d.test', 'noemail@b.test').map(email), {
        maxLength: 3,
      }),
    }),
    { selector: ({ key }) => key },
  );

  it('every answer and its provenance are the same in every order of the records', () => {
    fc.assert(
      fc.property(records, (given) => {
        const profiles = given.map(({ key, ...values }) => profile(key, values));
        const one = reconcile(...profiles);
        const other = reconcile(...profiles.toReversed());
        for (const field of RECONCILED_FIELDS) expect(other.provenance(field)).toEqual(one.provenance(field));
        expect(other.emails()).toEqual(one.emails());
        expect(other.fullName()).toEqual(one.fullName());
      }),
    );
  });

  it('each value is the winner or one loser, and every e-mail address is kept with its records', () => {
    fc.assert(
      fc.property(records, (given) => {
        const profiles = given.map(({ key, ...values }) => profile(key, values));
        const person = reconcile(...profiles);
        for (const field of ['birthDate', 'contactPointEmails'] as const) {
          const { winner, losers } = person.provenance(field);
          const said = profiles.flatMap((one) =>
            field === 'birthDate'
              ? (one.birthDate ?? [])
              : one.contactPointEmails.map(({ emailAddress }) => emailAddress),
          );
          expect([...(winner ? [winner] : []), ...losers].map(({ value }) => value).sort()).toEqual(said.sort());
        }
        const kept = person.emails().flatMap(({ emailAddress, sources }) => {
          return sources.map(
            ({ dataSourceId, sourceRecordId }) => `${dataSourceId}/${sourceRecordId} ${emailAddress.toLowerCase()}`,
          );
        });
        const carried = given.flatMap(({ key, contactPointEmails }) =>
          contactPointEmails.map(({ emailAddress }) => `${key} ${emailAddress.toLowerCase()}`),
        );
        expect(new Set(kept)).toEqual(new Set(carried));
        expect(kept).toHaveLength(new Set(kept).size);
      }),
    );
  });
});
