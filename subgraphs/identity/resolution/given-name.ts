import { createHmac } from 'node:crypto';
import { withBoundedCache } from './bounded-cache.ts';
import { fold } from './fold.ts';
import { NICKNAMES } from './nicknames.ts';

const CACHED_NAMES = 50_000;
/** Of each of the two parts of a hash. */
const HASH_LENGTH_BYTES = 8;
const TITLES = new Set(
  'mr mrs ms miss mx dr prof sir dame lord lady rev herr frau hr fr m mme mlle sr sra srta don dona sig sigra dott ing'.split(
    ' ',
  ),
);
const PLACEHOLDERS = new Set(
  'unknown none na n/a null nil test tester guest customer anonymous anon noname nofirstname notprovided xx xxx'.split(
    ' ',
  ),
);

/** The parts of a record that tell the given name. */
export interface NamedRecord {
  readonly firstName: string | null;
  readonly fullName: string | null;
}

/**
 * Makes a function that gives the keyed hash of a record's given name, null when it says none. Without the key nobody
 * can try names against a hash.
 */
export function createGivenNameHasher(key: string): (record: NamedRecord) => string | null {
  const hashOf = withBoundedCache(CACHED_NAMES, (text) => {
    const name = normaliseGivenName(text);
    return name === null ? null : hashGivenName(key, name);
  });
  return ({ firstName, fullName }) => {
    const hash = firstName === null ? null : hashOf(firstName);
    if (hash !== null || fullName === null) return hash;
    const name = givenNameOfFullName(fullName);
    return name === null ? null : hashOf(name);
  };
}

/**
 * Two HMAC-SHA256 of 8 bytes each, hexadecimal: of the name's initial, and of its sound, which an initial alone lacks.
 * Names are compared by sound because people mistype them more often than relatives share it: see `givenNamesAgree`.
 * `key` is hexadecimal, `name` in normal form.
 */
export function hashGivenName(key: string, name: string): string {
  const secret = Buffer.from(key, 'hex');
  const hash = (text: string): string =>
    createHmac('sha256', secret).update(text).digest().subarray(0, HASH_LENGTH_BYTES).toString('hex');
  const [initial = ''] = name;
  return name === initial ? hash(initial) : hash(initial) + hash(soundOf(name));
}

/** How alike two given names have to be. A missing name agrees with any, an initial with every name that it begins. */
export type GivenNameAgreement = 'SAME_INITIAL' | 'SAME_SOUND';

/** True unless two hashes are of names that differ too much to be one person's. */
export function givenNamesAgree(a: string | null, b: string | null, agreement: GivenNameAgreement): boolean {
  if (a === null || b === null) return true;
  const end = agreement === 'SAME_INITIAL' ? HASH_LENGTH_BYTES * 2 : undefined;
  const [partOfA, partOfB] = [a.slice(0, end), b.slice(0, end)];
  return partOfA.startsWith(partOfB) || partOfB.startsWith(partOfA);
}

/**
 * The form in which given names are compared: the first name alone, folded, a nickname replaced by the name it stands
 * for. Null for a placeholder or nothing.
 */
export function normaliseGivenName(text: string): string | null {
  const folded = fold(text);
  if (PLACEHOLDERS.has(folded)) return null;
  const first = folded
    .split(/[^\p{L}\p{N}'’]+/u)
    .map((word) => word.replace(/['’]/g, ''))
    .find((word) => word !== '' && !TITLES.has(word));
  if (first === undefined || PLACEHOLDERS.has(first) || /\p{N}/u.test(first)) return null;
  return NICKNAMES.get(first) ?? first;
}

/** The initial and the next consonant that differs from it. */
function soundOf(name: string): string {
  const [initial = '', ...rest] = name;
  return `${initial}-${rest.find((letter) => letter !== initial && !'aeiouyhw'.includes(letter)) ?? ''}`;
}

/** Understands `First Last` and `Last, First`. A single word may be the family name, so it tells nothing. */
function givenNameOfFullName(fullName: string): string | null {
  const comma = fullName.indexOf(',');
  if (comma >= 0) return fullName.slice(comma + 1);
  const words = fold(fullName)
    .split(' ')
    .filter((word) => !TITLES.has(word.replace('.', '')));
  return words.length < 2 ? null : (words[0] ?? null);
}
