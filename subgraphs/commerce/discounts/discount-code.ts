import { randomInt } from 'node:crypto';

/** No vowels, so that no words come about, and none of the signs that are taken for another: 0 O, 1 I L. */
const ALPHABET = '23456789BCDFGHJKMNPQRSTVWXYZ';
const GROUPS = 3;
const GROUP_LENGTH = 4;
const CODE_LENGTH = GROUPS * GROUP_LENGTH;

/**
 * Gives a new discount code such as `7KQF-2MXD-9WPT` at each call: 57 bits of chance, so that none can be guessed.
 * `below` gives a number from 0 to one less than it is given.
 */
export function createDiscountCodeGenerator(below: (limit: number) => number = randomInt): () => string {
  return () => grouped(Array.from({ length: CODE_LENGTH }, () => ALPHABET.charAt(below(ALPHABET.length))).join(''));
}

/** The code that somebody means who typed it in small letters, with blanks, or without the hyphens. */
export function readDiscountCode(typed: string): string {
  return grouped(typed.toUpperCase().replaceAll(/[^\p{L}\p{N}]/gu, ''));
}

function grouped(signs: string): string {
  return signs.match(/.{1,4}/gu)?.join('-') ?? '';
}
