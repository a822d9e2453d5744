/** A thing that people call about, with what agents write down while they settle it. */
export interface SampleTopic {
  readonly topic: string;
  readonly details: string;
  /** q question, p problem, r request, c complaint. */
  readonly kind: 'q' | 'p' | 'r' | 'c';
  /** The first notes, oldest first; `visible` ones are those the customer can read. */
  readonly notes: readonly { readonly body: string; readonly visible: boolean }[];
}

/** What tickets are about. */
export const TOPICS: readonly SampleTopic[] = [
  topic(
    'p',
    'Parcel has not arrived',
    'Tracking has not moved for a week.',
    'Carrier asked to search the parcel.|We have asked the carrier and write as soon as we hear.|Parcel found at the depot, goes out today.',
  ),
  topic(
    'p',
    'Item arrived broken',
    'One piece came out of the box in two.',
    'Photo received, damage is plain.|A replacement is on its way, no need to send the broken one back.',
  ),
  topic(
    'c',
    'Wrong item in the box',
    'Ordered one thing, got another.',
    'Picking error in the warehouse, told the shift lead.|Please send it back with the label attached, the right one leaves today.',
  ),
  topic(
    'c',
    'Refund is missing',
    'Sent back two weeks ago, no money yet.',
    'Return booked in, refund was stuck at the bank.|The refund went out again this morning.',
  ),
  topic(
    'r',
    'Invoice needs another address',
    'The bookkeeping department wants the company name on it.',
    'Corrected invoice created.|You find the corrected invoice in your account.',
  ),
  topic(
    'p',
    'Cannot sign in',
    'The link to set a new password does not come.',
    'Mail address had a typo, corrected after a call back.|Please try again, the link should arrive now.',
  ),
  topic(
    'q',
    'When is it back in stock?',
    'The page says sold out since last month.',
    'Supplier promises the next delivery in three weeks.',
  ),
  topic(
    'r',
    'Change the delivery date',
    'Nobody at home next week.',
    'Carrier can hold it for ten days.|Your parcel is held until the date you named.',
  ),
  topic(
    'c',
    'Unsubscribe did not work',
    'Still gets the newsletter after two clicks.',
    'Passed on to the audience team.',
  ),
  topic(
    'p',
    'Reward points are missing',
    'The last order did not count.',
    'Order was placed as a guest, points added by hand.|The points are on your card now.',
  ),
  topic(
    'q',
    'Question about care',
    'How to oil the cutting board, and how often?',
    'Sent the care sheet.|Once a month with linseed oil is plenty.',
  ),
  topic(
    'c',
    'Charged twice',
    'Two bookings of the same amount on one day.',
    'Second booking was a reservation, falls off by itself.|The second booking was only a reservation and disappears within five days.',
  ),
];

/** Names that notes are signed with. */
export const AGENTS: readonly string[] = [
  'M. Okafor',
  'S. Lindqvist',
  'J. Baptista',
  'K. Novak',
  'Night shift',
  'Back office',
];

function topic(kind: SampleTopic['kind'], title: string, details: string, notes: string): SampleTopic {
  return {
    topic: title,
    details,
    kind,
    notes: notes.split('|').map((body, place) => ({ body, visible: place % 2 === 1 })),
  };
}
