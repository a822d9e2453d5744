import type { CloudImport, NativeRow } from '../import/cloud-import.ts';
import type { LineReader } from '../import/line-reader.ts';
import { readTimes } from '../import/read-times.ts';

/** The audience store's own export: subscribers, one a line. */
export const MARKETING_IMPORT: CloudImport = {
  cloud: 'marketing',
  table: 'subscriber',
  key: 'subscriber_key',
  columns: ['subscriber_key', 'email_address', 'mobile_number', 'attributes', 'created_on', 'modified_on'],
  rowOf,
};

function rowOf(line: LineReader): NativeRow {
  const times = readTimes(line);
  const social = line.texts('social');
  const attributes = {
    FirstName: line.text('firstName'),
    LastName: line.text('lastName'),
    BirthDate: slashedDay(line.day('birthDate')),
    Postcode: line.text('postcode'),
    City: line.text('city'),
    Country: line.text('country'),
    LoyaltyNumber: line.text('loyaltyNumber'),
    Social: Object.keys(social).length > 0 ? social : null,
  };
  return {
    subscriber_key: line.id('id'),
    email_address: line.text('email'),
    mobile_number: line.text('phone'),
    attributes: Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null)),
    created_on: times.created,
    modified_on: times.updated,
  };
}

/** The bag of attributes keeps days as MM/DD/YYYY. */
function slashedDay(day: string | null): string | null {
  return day && `${day.slice(5, 7)}/${day.slice(8)}/${day.slice(0, 4)}`;
}
