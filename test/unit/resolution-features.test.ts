import { normaliseAddress, normaliseCountry } from '../../subgraphs/identity/resolution/normalise/address.ts';
import { normaliseBirthDate } from '../../subgraphs/identity/resolution/normalise/birth-date.ts';
import { normaliseEmailAddress } from '../../subgraphs/identity/resolution/normalise/email.ts';
import { normaliseName } from '../../subgraphs/identity/resolution/normalise/name.ts';
import { normalisePhoneNumber, phoneKey } from '../../subgraphs/identity/resolution/normalise/phone.ts';
import { normaliseRecord } from '../../subgraphs/identity/resolution/normalise/record.ts';
import { withoutDigraphs } from '../../subgraphs/identity/resolution/normalise/text.ts';

describe('names', () => {
  it.each([
    [{ fullName: 'Smith, Bob J.' }, ['bob', 'j'], ['smith'], ''],
    [{ fullName: 'Mr Robert van der Berg' }, ['robert'], ['vanderberg'], ''],
    [{ fullName: 'Dr. Jane Doe, PhD' }, ['jane'], ['doe'], ''],
    [{ fullName: 'Robert Smith Jr.' }, ['robert'], ['smith'], 'JR'],
    [{ firstName: 'Robert', middleName: 'E', lastName: 'Smith Sr' }, ['robert', 'e'], ['smith'], 'SR'],
    [{ firstName: 'Łukasz', lastName: 'Øster-Groß' }, ['lukasz'], ['oester', 'gross'], ''],
    [{ firstName: 'Unknown', lastName: "O'Hare" }, [], ['ohare'], ''],
    [{ firstName: 'Александр', lastName: 'Васильев' }, ['aleksandr'], ['vasilev'], ''],
    [{ firstName: 'Mag', lastName: 'Don' }, ['mag'], ['don'], ''],
  ])('reads %j', (written, given, family, generation) => {
    expect(normaliseName(written)).toEqual({ given, family, generation });
  });

  it.each(['Müller', 'Mueller', 'Muller', 'MÜLLER'])('%s is the same without digraphs', (lastName) => {
    expect(withoutDigraphs(normaliseName({ lastName }).family.join(''))).toBe('muller');
  });
});

describe('e-mail addresses', () => {
  it.each([
    ['John.Smith+shop@Googlemail.com', 'johnsmith@gmail.com'],
    ['j.smith@gmial.com', 'jsmith@gmail.com'],
    ['Ann <ann@web.de>', 'ann@web.de'],
    ['a.b+c@firm.example', 'a.b@firm.example'],
    ['ann@hotmail.con', 'ann@hotmail.com'],
    ['ann@ymail.com', 'ann@ymail.com'],
    ['ann@fmail.com', 'ann@fmail.com'],
    ['two@at@signs.com', null],
    ['nothing', null],
  ])('%s is %s', (text, normal) => expect(normaliseEmailAddress(text)).toBe(normal));
});

describe('telephone numbers', () => {
  it.each([
    ['(602) 258-4032 x12', 'US', '+16022584032'],
    ['00447517449802', undefined, '+447517449802'],
    ['0751 744 9802', 'GB', '+447517449802'],
    ['+39 011 7500986', undefined, '+390117500986'],
    ['03-1234-5678', 'JP', '+81312345678'],
    ['602.258.4032', undefined, '6022584032'],
  ])('%s of %s is %s', (text, country, number) => {
    expect(normalisePhoneNumber(text, country)?.number).toBe(number);
  });

  it.each(['12', '0000000000', 'call me'])('%s is none', (text) => expect(normalisePhoneNumber(text)).toBeNull());

  it('has a key that survives a missing country and trunk prefix', () => {
    const keys = ['+49 151 64240953', '0151 64240953', '15164240953'].map((text) =>
      phoneKey(normalisePhoneNumber(text)?.number ?? ''),
    );
    expect(new Set(keys).size).toBe(1);
  });
});

describe('dates of birth', () => {
  it.each([
    ['1978-12-11', { year: 1978, month: 12, day: 11 }],
    ['12/11/1978', { year: 1978, month: 12, day: 11, ambiguous: true }],
    ['20/8/1991', { year: 1991, month: 8, day: 20 }],
    ['24-May-11', { year: 2011, month: 5, day: 24 }],
    ['Mar 1 1970', { year: 1970, month: 3, day: 1 }],
    ['19700301', { year: 1970, month: 3, day: 1 }],
    ['3/1/70', { year: 1970, month: 3, day: 1, ambiguous: true }],
    ['1984', { year: 1984, month: 0, day: 0 }],
    ['1900-01-01', null],
    ['yesterday', null],
    ['1990-45-45', null],
  ])('%s', (text, date) => expect(normaliseBirthDate(text)).toEqual(date));
});

describe('addresses', () => {
  it.each([
    [
      { addressLine1: '1304 Poppy Hills Drive', cityName: 'Blacklick' },
      { number: '1304', street: 'poppy hills dr' },
    ],
    [
      { addressLine1: 'Hauptstraße 5', postalCodeText: '10115' },
      { number: '5', street: 'haupt st' },
    ],
    [
      { addressLine1: 'Hauptstr. 5', postalCodeText: '10115' },
      { number: '5', street: 'haupt st' },
    ],
    [
      { addressLine1: '12 Main St Apt 4', cityName: 'X' },
      { number: '12', street: 'main st', unit: '4' },
    ],
    [
      { addressLine1: 'P.O. Box 12987', cityName: 'X' },
      { number: '12987', street: 'po box' },
    ],
    [
      { addressLine1: '3212 W. 32nd St Palm Harbor, FL 60527' },
      { number: '3212', street: 'w 32nd st', postalCode: '60527', city: 'palm harbor' },
    ],
  ])('reads %j', (address, parts) => expect(normaliseAddress(address)).toMatchObject(parts));

  it.each([
    ['Germany', 'DE'],
    ['uk', 'GB'],
    ['us', 'US'],
    ['Deutschland', 'DE'],
    ['Nowhere', null],
  ])('%s is %s', (text, code) => expect(normaliseCountry(text)).toBe(code));
});

it('leaves out what it cannot understand, and can be written as JSON', () => {
  const record = normaliseRecord({
    dataSourceId: 'crm',
    sourceRecordId: '1',
    firstName: 'Ann',
    emailAddresses: ['nothing'],
    birthDate: 'soon',
    attributes: { segment: 'Gold', empty: null },
    partyIdentifications: [{ partyIdentificationType: 'ssn', name: 'US', identificationNumber: '294-66-9999' }],
    socialAccounts: [{ socialNetworkProvider: 'Twitter', socialHandleName: 'https://twitter.com/@Ann_R' }],
  });
  expect(JSON.parse(JSON.stringify(record))).toEqual({
    dataSourceId: 'crm',
    sourceRecordId: '1',
    given: ['ann'],
    socials: ['twitter|ann_r'],
    identifications: ['SSN|us|294669999'],
    attributes: ['segment|gold'],
  });
});
