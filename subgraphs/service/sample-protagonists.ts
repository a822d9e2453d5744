import { PROTAGONISTS } from '../sample-data/protagonists.ts';
import { daysAgo, type SampleContext, type SampleRow, type SampleRows } from '../sample-data/sample-cloud.ts';
import { type SampleTicket, ticketRows } from './sample-activity.ts';

const { alice, bob, frank, grace } = PROTAGONISTS;

/** What the service desk knows of the people that README.md tells of. */
export function protagonistRows(context: SampleContext): SampleRows {
  return { contact: protagonistContacts(context), ...ticketRows(TICKETS, context) };
}

function protagonistContacts(context: SampleContext): readonly SampleRow[] {
  const contact = (
    contact_id: string,
    full_name: string,
    opened: number,
    last_edit: number,
    more: SampleRow,
  ): SampleRow => ({
    contact_id,
    salutation: null,
    full_name,
    phone: null,
    mobile: null,
    email: null,
    dob: null,
    mailing: null,
    handles: {},
    loyalty_no: null,
    ...more,
    opened: daysAgo(context, opened),
    last_edit: daysAgo(context, last_edit),
  });
  return [
    contact(alice.contact, 'Martin, Alice', 410, 2, {
      salutation: 'Ms',
      mobile: '+44 7700 190001',
      email: 'ALICE.MARTIN@EXAMPLE.ORG',
      dob: '12.04.1988',
      mailing: { street: '7 Victoria Rd', town: 'Bristol', zip: 'BS6 5EF', country: 'United Kingdom' },
      loyalty_no: alice.loyaltyNumber,
    }),
    contact(bob.contact, 'Mr Robert Miller', 70, 66, {
      phone: '1-312-555-0142',
      email: 'bob.miller@example.com',
    }),
    contact(frank.contact, 'Lindgren, Frank', 30, 30, {
      phone: '+49 30 23900005',
      email: 'frank.lindgren@example.net',
      mailing: { street: 'Birkenweg 5', town: 'Berlin', zip: '10437', country: 'Germany' },
    }),
    contact(grace.contact, 'Grace Dupont', 6, 1, {
      salutation: 'Mme',
      phone: '+33 6 39 90 00 07',
      mailing: { street: '14 rue Pasteur', town: 'Lyon', zip: '69007', country: 'France' },
    }),
  ];
}

const TICKETS: readonly SampleTicket[] = [
  {
    ticketId: alice.closedTicket,
    contactId: alice.contact,
    topic: 'Wrong item in the box',
    details: 'Ordered the cutting board, got a bread tin.',
    kind: 'c',
    state: 9,
    urgency: 3,
    channel: 'mail',
    openedDaysAgo: 409,
    closedDaysAgo: 406,
    smiley: 5,
    notes: [
      {
        body: 'Picking error in the warehouse, told the shift lead.',
        visible: false,
        author: 'K. Novak',
        daysAgo: 408.8,
      },
      { body: 'The right one leaves today, keep the tin.', visible: true, author: 'K. Novak', daysAgo: 408.7 },
    ],
  },
  {
    ticketId: alice.openTicket,
    contactId: alice.contact,
    topic: 'Parcel has not arrived',
    details: 'The seeds and the mug were to come yesterday.',
    kind: 'p',
    state: 2,
    urgency: 2,
    channel: 'tel',
    openedDaysAgo: 2,
    closedDaysAgo: undefined,
    smiley: undefined,
    notes: [
      { body: 'Carrier asked to search the parcel.', visible: false, author: 'M. Okafor', daysAgo: 1.9 },
      {
        body: 'We have asked the carrier and write as soon as we hear.',
        visible: true,
        author: 'M. Okafor',
        daysAgo: 1.8,
      },
      {
        body: 'Depot found it, label torn. Goes out with a new one.',
        visible: false,
        author: 'J. Baptista',
        daysAgo: 0.2,
      },
    ],
  },
  {
    ticketId: 'T-0000100517',
    contactId: bob.contact,
    topic: 'Question about care',
    details: 'How to wax the rucksack again?',
    kind: 'q',
    state: 9,
    urgency: 4,
    channel: 'chat',
    openedDaysAgo: 70,
    closedDaysAgo: 69.9,
    smiley: 4,
    notes: [{ body: 'Sent the care sheet.', visible: true, author: 'S. Lindqvist', daysAgo: 69.95 }],
  },
  {
    ticketId: 'T-0000100566',
    contactId: frank.contact,
    topic: 'Charged twice',
    details: 'Two bookings for the head torch.',
    kind: 'p',
    state: 3,
    urgency: 3,
    channel: 'web',
    openedDaysAgo: 30,
    closedDaysAgo: undefined,
    smiley: undefined,
    notes: [{ body: 'Please send us the date of both bookings.', visible: true, author: 'Back office', daysAgo: 29 }],
  },
  {
    ticketId: grace.openTicket,
    contactId: grace.contact,
    topic: 'Refund is missing',
    details: 'Bought on a market stall, card terminal charged a wrong amount.',
    kind: 'c',
    state: 4,
    urgency: 1,
    channel: 'tel',
    openedDaysAgo: 6,
    closedDaysAgo: undefined,
    smiley: undefined,
    notes: [
      {
        body: 'No order under this number, handed to bookkeeping.',
        visible: false,
        author: 'Night shift',
        daysAgo: 5.8,
      },
      { body: 'Bookkeeping needs the receipt.', visible: true, author: 'Back office', daysAgo: 1 },
    ],
  },
];
