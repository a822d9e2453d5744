import type { NameTable } from '../compare/name-table.ts';
import { ADDRESS_WIDTH } from './feature-writer.ts';
import type { FeatureCursor, Features } from './features.ts';
import { hashOf, NO_LETTERS } from './hash.ts';

/** Kinds of key. Those of contact points also tell how many people share one. */
export const KEY = {
  email: 1,
  mailbox: 2,
  phone: 3,
  place: 4,
  social: 5,
  identification: 6,
  attribute: 7,
  soundNames: 11,
  exactNames: 12,
  namesYear: 13,
  namesPostal: 14,
  birthDate: 15,
  birthFamily: 16,
  familyPostal: 17,
  givenPostal: 18,
  letters: 19,
  familyRare: 20,
  namesCity: 21,
  familyCity: 22,
  birthGiven: 23,
  sortedNumber: 24,
  streetPostal: 25,
} as const;

const SHORTEST_MAILBOX = 5;
const SHORTEST_LETTERS = 6;
const PHONE_SUFFIX = 7;
const SHORTEST_SORTED = 6;
const AT_SIGN = 64;
const LETTER_A = 97;
const LETTER_Z = 122;

/** A key as a number of 32 bits. */
export function keyOf(kind: number, first: number, second = 0): number {
  let hash = Math.imul(kind + 0x51ed270b, 0x9e3779b1) ^ Math.imul(first + 0x7f4a7c15, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35) ^ Math.imul(second + 0x165667b1, 0x27d4eb2f);
  hash = Math.imul(hash ^ (hash >>> 13), 0x9e3779b1);
  return (hash ^ (hash >>> 16)) | 0;
}

/**
 * The keys under which a record can be found, written into `into`; gives how many. Many kinds, so that whoever has
 * mistyped one field, moved or changed the name is found by another; names alone, names with something else for those
 * names that are too frequent, values that are rare.
 */
export function keysOf(features: Features, names: NameTable, cursor: FeatureCursor, into: Int32Array): number {
  const { data } = features;
  let count = 0;
  const add = (key: number): void => {
    if (count < into.length) {
      into[count] = key;
      count += 1;
    }
  };
  for (let i = 0; i < cursor.emailCount; i += 1) addEmail(features, data[cursor.emailAt + i] as number, add);
  for (let i = 0; i < cursor.phoneCount; i += 1) add(phoneKeyOf(features, data[cursor.phoneAt + i] as number));
  for (let i = 0; i < cursor.socialCount; i += 1) add(keyOf(KEY.social, data[cursor.socialAt + i] as number));
  for (let i = 0; i < cursor.identificationCount; i += 1)
    add(keyOf(KEY.identification, data[cursor.identificationAt + i] as number));
  for (let i = 0; i < cursor.attributeCount; i += 1) {
    const attribute = data[cursor.attributeAt + i] as number;
    add(keyOf(KEY.attribute, attribute));
    addSorted(features.attributes.text(attribute), add);
  }
  for (let i = 0; i < cursor.identificationCount; i += 1) {
    addSorted(features.identifications.text(data[cursor.identificationAt + i] as number), add);
  }
  for (let i = 0; i < cursor.addressCount; i += 1) {
    const place = data[cursor.addressAt + i * ADDRESS_WIDTH] as number;
    const street = data[cursor.addressAt + i * ADDRESS_WIDTH + 1] as number;
    const postal = data[cursor.addressAt + i * ADDRESS_WIDTH + 4] as number;
    if (place >= 0) add(keyOf(KEY.place, place));
    else if (street >= 0 && postal >= 0) add(keyOf(KEY.streetPostal, street, postal));
  }
  addNames(features, names, cursor, add);
  return count;
}

/** The key of a telephone number: its last digits, so that a missing area code does no harm. */
export function phoneKeyOf(features: Features, phone: number): number {
  return keyOf(KEY.phone, hashOf(features.phones.text(phone).slice(-PHONE_SUFFIX)));
}

/** A number whose digits are exchanged has the same digits. */
function addSorted(text: string, add: (key: number) => void): void {
  const number = text.slice(text.lastIndexOf('|') + 1);
  if (number.length >= SHORTEST_SORTED && /\d/.test(number))
    add(keyOf(KEY.sortedNumber, hashOf([...number].sort().join(''))));
}

function addEmail(features: Features, email: number, add: (key: number) => void): void {
  add(keyOf(KEY.email, email));
  const text = features.emails.text(email);
  let mailbox = NO_LETTERS;
  let letters = NO_LETTERS;
  let letterCount = 0;
  let length = 0;
  for (let code = text.charCodeAt(0); code !== AT_SIGN && length < text.length; code = text.charCodeAt(length)) {
    mailbox = Math.imul(mailbox ^ code, 0x01000193);
    if (code >= LETTER_A && code <= LETTER_Z) {
      letters = Math.imul(letters ^ code, 0x01000193);
      letterCount += 1;
    }
    length += 1;
  }
  if (length >= SHORTEST_MAILBOX) add(keyOf(KEY.mailbox, mailbox));
  if (letterCount >= SHORTEST_LETTERS) add(keyOf(KEY.letters, letters));
}

function addNames(features: Features, names: NameTable, cursor: FeatureCursor, add: (key: number) => void): void {
  const { data } = features;
  const given = cursor.givenCount > 0 ? (data[cursor.givenAt] as number) : -1;
  const family = cursor.wholeFamily;
  const birthDate = cursor.birthDate & 0x3fffffff;
  const postal = firstOf(features, cursor, 4);
  const city = firstOf(features, cursor, 5);
  if (birthDate >= 512) add(keyOf(KEY.birthDate, sortedBirthDate(birthDate)));
  const soundOfFamily = family >= 0 ? names.hashes(family).sound : 0;
  if (family >= 0) {
    add(keyOf(KEY.familyRare, names.hashes(family).plain));
    if (birthDate >= 512) add(keyOf(KEY.birthFamily, sortedBirthDate(birthDate), soundOfFamily));
    if (postal >= 0) add(keyOf(KEY.familyPostal, soundOfFamily, postal));
    if (city >= 0) add(keyOf(KEY.familyCity, soundOfFamily, city));
  }
  if (given < 0) return;
  const { sound: soundOfGiven, beginning, formal } = names.hashes(given);
  if (birthDate >= 512) add(keyOf(KEY.birthGiven, sortedBirthDate(birthDate), beginning));
  if (postal >= 0) add(keyOf(KEY.givenPostal, formal, postal));
  if (family < 0) return;
  // Unordered, so that given and family name may have been put the wrong way round.
  const sound = pairOf(soundOfGiven, soundOfFamily);
  add(keyOf(KEY.soundNames, sound));
  add(keyOf(KEY.exactNames, pairOf(formal, names.hashes(family).plain)));
  const year = birthDate >>> 9;
  if (year > 0) add(keyOf(KEY.namesYear, sound, year));
  if (postal >= 0) add(keyOf(KEY.namesPostal, sound, postal));
  if (city >= 0) add(keyOf(KEY.namesCity, sound, city));
  addMailboxes(features, given, family, add);
}

/** The mailboxes that people make of a name: who gives a name only meets who gives an address only. */
function addMailboxes(features: Features, given: number, family: number, add: (key: number) => void): void {
  const first = features.names.text(given);
  const last = features.names.text(family);
  if (first.length < 2 || last.length < 3) return;
  if (first.length + last.length >= SHORTEST_LETTERS) {
    add(keyOf(KEY.letters, hashOf(last, hashOf(first))));
    add(keyOf(KEY.letters, hashOf(first, hashOf(last))));
  }
  if (1 + last.length >= SHORTEST_LETTERS) add(keyOf(KEY.letters, hashOf(last, hashOf(first[0] as string))));
}

function firstOf(features: Features, cursor: FeatureCursor, part: number): number {
  return cursor.addressCount > 0 ? (features.data[cursor.addressAt + part] as number) : -1;
}

function pairOf(a: number, b: number): number {
  return (a + b) ^ Math.imul(a ^ b, 0x01000193);
}

/** Day and month in order of size: a date and the same with both exchanged have one key. */
function sortedBirthDate(birthDate: number): number {
  const day = birthDate & 31;
  const month = (birthDate >>> 5) & 15;
  return ((birthDate >>> 9) << 10) | (Math.min(day, month) << 5) | Math.max(day, month);
}
