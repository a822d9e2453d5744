import type { FeatureCursor, Features } from '../block/features.ts';
import { IMAGINARY_RECORDS } from './frequency.ts';
import { EMAIL } from './levels.ts';
import { editDistance, isOneEdit, lettersApart } from './similarity.ts';

/** How often two people of the same name make the same mailbox of it at two providers, or nearly the same at one. */
const SAME_PATTERN = 0.05;
/** How often two strangers' mailboxes have the same letters, when these are not their names. */
const SAME_LETTERS = 0.00002;
/** Digits are mostly of a year of birth: two or four of them are as frequent as a year. */
const SAME_YEAR = 1 / 40;
const SHORTEST_MAILBOX = 4;
const SHORTEST_DOMAIN = 9;
const RARE_DOMAIN = 1 / 1_000;
const SHORTEST_CLOSE = 5;
const SHORTEST_TWO_SLIPS = 8;

/** How alike two different e-mail addresses are, of `EMAIL`. */
export function emailLevel(left: string, right: string): number {
  const atLeft = left.indexOf('@');
  const atRight = right.indexOf('@');
  const shorter = Math.min(atLeft, atRight);
  if (atLeft === atRight && left.startsWith(right.slice(0, atRight + 1))) {
    if (isSlip(left.slice(atLeft + 1), right.slice(atRight + 1))) return EMAIL.close;
    return shorter >= SHORTEST_MAILBOX ? EMAIL.mailbox : EMAIL.different;
  }
  if (shorter < SHORTEST_CLOSE || Math.abs(atLeft - atRight) > 2) return EMAIL.different;
  // Two slips only where domain, a part of the mailbox and the digits are right, so that most addresses are told apart at a glance.
  if (lettersApart(left, right, atLeft, atRight) > 2) return EMAIL.different;
  const [a, b] = [left.slice(0, atLeft), right.slice(0, atRight)];
  if (digitsOf(a) !== digitsOf(b)) return EMAIL.different;
  if (isOneEdit(a, b)) return EMAIL.close;
  const mayHaveTwo = shorter >= SHORTEST_TWO_SLIPS && (a.startsWith(b.slice(0, 2)) || a.endsWith(b.slice(-3)));
  const isSameDomain = mayHaveTwo && left.slice(atLeft) === right.slice(atRight);
  return isSameDomain && editDistance(a, b) <= 2 ? EMAIL.close : EMAIL.different;
}

/**
 * How likely two strangers who are called as these two have mailboxes that are the same at two providers, or nearly the
 * same: of `john.smith` very, of `sunnyfox4711` hardly.
 */
export function chanceOfLikeEmails(
  features: Features,
  a: FeatureCursor,
  b: FeatureCursor,
  left: number,
  right: number,
): number {
  const mailbox = mailboxOf(features.emails.text(left));
  const letters = mailbox.replace(/[^a-z]/g, '');
  const digits = digitsOf(mailbox).length;
  const isOfNames =
    isMadeOfNames(features, a, letters) ||
    isMadeOfNames(features, b, mailboxOf(features.emails.text(right)).replace(/[^a-z]/g, ''));
  const ofLetters = isOfNames ? SAME_PATTERN : SAME_LETTERS;
  const isClose = emailLevel(features.emails.text(left), features.emails.text(right)) === EMAIL.close;
  const ofDomain = isClose ? domainFrequency(features, left, right) : 1;
  return Math.max(
    ofDomain * ofLetters * (digits === 0 ? 1 : digits === 2 || digits === 4 ? SAME_YEAR : 10 ** -Math.min(digits, 4)),
    1e-8,
  );
}

/** How many use the domain: namesakes meet at a large provider, seldom at a small firm. */
function domainFrequency(features: Features, left: number, right: number): number {
  const count = Math.max(
    features.domains.count(features.domainOf(left)),
    features.domains.count(features.domainOf(right)),
  );
  return (count + IMAGINARY_RECORDS * RARE_DOMAIN) / (features.having.email + IMAGINARY_RECORDS);
}

/** Two domains that differ by a slip. */
function isSlip(left: string, right: string): boolean {
  return Math.min(left.length, right.length) >= SHORTEST_DOMAIN && editDistance(left, right) <= 2;
}

/** True when nothing distinctive is left of a mailbox without its owner's names. */
function isMadeOfNames(features: Features, cursor: FeatureCursor, letters: string): boolean {
  let rest = letters;
  for (let i = 0; i < cursor.givenCount; i += 1)
    rest = without(rest, features.names.text(features.data[cursor.givenAt + i] as number));
  if (cursor.wholeFamily >= 0) rest = without(rest, features.names.text(cursor.wholeFamily));
  return rest.length <= 2 || (cursor.givenCount === 0 && cursor.wholeFamily < 0);
}

function without(text: string, name: string): string {
  return name.length >= 3 ? text.replace(name, '') : text;
}

function mailboxOf(email: string): string {
  return email.slice(0, email.indexOf('@'));
}

function digitsOf(text: string): string {
  let digits = '';
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code >= 48 && code <= 57) digits += text[i];
  }
  return digits;
}
