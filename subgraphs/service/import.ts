import type { CloudImport, NativeRow } from '../import/cloud-import.ts';
import type { LineReader } from '../import/line-reader.ts';
import { readTimes } from '../import/read-times.ts';

/** The service desk's own export: contacts, one a line. */
export const SERVICE_IMPORT: CloudImport = {
  cloud: 'service',
  table: 'contact',
  key: 'contact_id',
  columns: [
    'contact_id',
    'salutation',
    'full_name',
    'phone',
    'mobile',
    'email',
    'dob',
    'mailing',
    'handles',
    'loyalty_no',
    'opened',
    'last_edit',
  ],
  rowOf,
};

function rowOf(line: LineReader): NativeRow {
  const times = readTimes(line);
  return {
    contact_id: line.id('id'),
    salutation: line.text('salutation'),
    full_name: fullName(line),
    phone: line.text('phone'),
    mobile: line.text('mobile'),
    email: line.text('email'),
    dob: line.day('birthDate')?.split('-').reverse().join('.') ?? null,
    mailing: mailing(line.object('address')),
    handles: line.texts('social'),
    loyalty_no: line.text('loyaltyNumber'),
    opened: times.created,
    last_edit: times.updated,
  };
}

/** The desk keeps a name as one text. From two parts it becomes `Last, First`, which can be taken apart again without guessing. */
function fullName(line: LineReader): string | null {
  const whole = line.text('fullName');
  const parts = [line.text('lastName'), line.text('firstName')].filter((part) => part !== null);
  return whole ?? (parts.length > 0 ? parts.join(', ') : null);
}

function mailing(address: LineReader): NativeRow | null {
  const parts = {
    street: address.text('line1'),
    street2: address.text('line2'),
    town: address.text('city'),
    region: address.text('region'),
    zip: address.text('postcode'),
    country: address.text('country'),
  };
  const present = Object.entries(parts).filter(([, part]) => part !== null);
  return present.length > 0 ? Object.fromEntries(present) : null;
}
