import type { Recipient } from '../contract.ts';
import type { LiveCart, LiveConsent, LivePerson, LiveSuppression } from './live-view.ts';

/** Which address a message goes to, and what that rests on. */
export interface RecipientChoice {
  /** The best address that may be used; a suppressed one only when every other is too. */
  readonly recipient: Recipient | null;
  /** What keeps that address from being used after all. */
  readonly suppression: LiveSuppression | null;
  /** Without a recipient: the consent that refuses it, null when nobody was asked. */
  readonly refusal: LiveConsent | null;
}

/**
 * Chooses among the person's addresses, the best ranked first, that of a visitor's cart before all. An address may be used when
 * the latest consent for it is OPT_IN and none of the person's marketing records has withdrawn it: a withdrawal in one
 * record outweighs an agreement in another.
 */
export function chooseRecipient(person: LivePerson, cart: LiveCart | null): RecipientChoice {
  const judged = addressesOf(person, cart).map((address) => judge(person, address));
  const agreed = judged.flatMap(({ address, consent, isAgreed }) => {
    if (!consent || !isAgreed) return [];
    const recipient: Recipient = {
      subscriberKey: consent.subscriberKey,
      emailAddress: consent.contactPointValue?.trim() || address,
      consentId: consent.id,
    };
    return [{ recipient, suppression: suppressionOf(person, address) }];
  });
  const chosen = agreed.find(({ suppression }) => suppression === null) ?? agreed[0];
  if (chosen) return { ...chosen, refusal: null };
  const refusals = judged.flatMap(({ consent }) => consent ?? []);
  const withdrawn = refusals.find(({ status }) => status === 'OPT_OUT');
  return { recipient: null, suppression: null, refusal: withdrawn ?? refusals[0] ?? null };
}

/** An address as it is compared: people write it in capitals, and mean the same. */
export function sameAddress(one: string, other: string): boolean {
  return fold(one) === fold(other);
}

function fold(address: string): string {
  return address.trim().toLowerCase();
}

function addressesOf(person: LivePerson, cart: LiveCart | null): string[] {
  const own = (person.contactPointEmails ?? []).map(({ emailAddress }) => emailAddress);
  const left = cart?.customerNumber === null ? cart.contactEmailAddress : null;
  const first = own.filter((address) => left !== null && sameAddress(address, left));
  return [...first, ...own.filter((address) => !first.includes(address))];
}

interface Judged {
  readonly address: string;
  /** What decides about the address. */
  readonly consent: LiveConsent | undefined;
  readonly isAgreed: boolean;
}

function judge(person: LivePerson, address: string): Judged {
  const latestByRecord = new Map<string, LiveConsent>();
  for (const consent of consentsFor(person, address)) {
    const known = latestByRecord.get(consent.subscriberKey);
    if (!known || isLater(consent, known)) latestByRecord.set(consent.subscriberKey, consent);
  }
  const standing = [...latestByRecord.values()].sort((one, other) => (isLater(one, other) ? -1 : 1));
  const withdrawal = standing.find(({ status }) => status === 'OPT_OUT');
  const latest = withdrawal ?? standing[0];
  return { address, consent: latest, isAgreed: latest?.status === 'OPT_IN' };
}

/** Consents that name the address; one that names none is about the address that its record has. */
function consentsFor(person: LivePerson, address: string): LiveConsent[] {
  const recordsWithIt = (person.contactPointEmails ?? [])
    .filter(({ emailAddress }) => sameAddress(emailAddress, address))
    .flatMap(({ sources }) => sources)
    .filter(({ dataSourceId }) => dataSourceId === 'marketing')
    .map(({ sourceRecordId }) => sourceRecordId);
  return (person.contactPointConsents ?? []).filter(({ contactPointValue, subscriberKey }) =>
    contactPointValue?.trim() ? sameAddress(contactPointValue, address) : recordsWithIt.includes(subscriberKey),
  );
}

/** What was captured at the same instant counts the more, the less it allows. */
const STRICTNESS: Readonly<Record<LiveConsent['status'], number>> = { OPT_OUT: 2, PENDING: 1, OPT_IN: 0 };

function isLater(one: LiveConsent, other: LiveConsent): boolean {
  const difference = Date.parse(one.captureDate) - Date.parse(other.captureDate);
  if (difference !== 0) return difference > 0;
  const stricter = STRICTNESS[one.status] - STRICTNESS[other.status];
  return stricter !== 0 ? stricter > 0 : one.id < other.id;
}

function suppressionOf(person: LivePerson, address: string): LiveSuppression | null {
  const found = (person.contactPointSuppressions ?? []).find(
    ({ engagementChannelType, contactPointValue }) =>
      engagementChannelType === 'EMAIL' && sameAddress(contactPointValue, address),
  );
  return found ?? null;
}
