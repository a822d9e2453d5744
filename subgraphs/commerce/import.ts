import type { CloudImport, NativeRow } from '../import/cloud-import.ts';
import type { LineReader } from '../import/line-reader.ts';
import { readTimes } from '../import/read-times.ts';

/** The shop's own export: accounts and guest checkouts, one a line. */
export const COMMERCE_IMPORT: CloudImport = {
  cloud: 'commerce',
  table: 'account',
  key: 'customer_no',
  columns: [
    'customer_no',
    'account_kind',
    'title',
    'given_name',
    'family_name',
    'email',
    'phone',
    'birth_date',
    'street',
    'street_extra',
    'city',
    'region',
    'postal_code',
    'country_code',
    'social',
    'tax_number',
    'loyalty_no',
    'created_at',
    'updated_at',
  ],
  rowOf,
};

function rowOf(line: LineReader): NativeRow {
  const address = line.object('address');
  const times = readTimes(line);
  return {
    customer_no: line.id('id'),
    account_kind: line.oneOf('kind', ['account', 'guest']) === 'guest' ? 'guest' : 'registered',
    title: line.text('title'),
    given_name: line.text('firstName'),
    family_name: line.text('lastName'),
    email: line.text('email'),
    phone: line.text('phone'),
    birth_date: line.day('birthDate'),
    street: address.text('line1'),
    street_extra: address.text('line2'),
    city: address.text('city'),
    region: address.text('region'),
    postal_code: address.text('postcode'),
    country_code: address.text('country'),
    social: line.texts('social'),
    tax_number: line.text('taxNumber'),
    loyalty_no: line.text('loyaltyNumber'),
    created_at: times.created,
    updated_at: times.updated,
  };
}
