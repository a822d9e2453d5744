import { type Dictionary, grown } from '../block/dictionary.ts';
import { NO_LETTERS } from '../block/hash.ts';
import { bitCount, jaroWinklerAtMost, lettersOf, WORD } from './similarity.ts';

/** Numbers of a text. */
const WIDTH = 4;

/**
 * Most texts that are compared have nothing in common. That is seen by a few numbers of each, kept side by side in a flat array:
 * the texts themselves lie all over the memory, and are only looked at where the numbers leave it open.
 */
abstract class GlanceTable {
  protected readonly texts: Dictionary;
  protected rows: Int32Array<ArrayBuffer> = new Int32Array(1024);

  constructor(texts: Dictionary) {
    this.texts = texts;
  }

  /** Where the numbers of a text begin. The first of them is never 0. */
  protected rowOf(id: number): number {
    const at = id * WIDTH;
    if (at + WIDTH > this.rows.length) this.rows = grown(this.rows, at + WIDTH);
    if (this.rows[at] === 0) this.describe(this.texts.text(id), at);
    return at;
  }

  protected abstract describe(text: string, at: number): void;
}

const LENGTH = 0;
const LETTERS = 1;
const MAILBOX = 2;
const DIGITS = 3;
const MOST_SLIPS = 2;
const AT_SIGN = 64;

/** What tells e-mail addresses apart at a glance. */
export class EmailTable extends GlanceTable {
  /** False for two different addresses that `emailLevel` calls different for sure. */
  mayBeAlike(left: number, right: number): boolean {
    const a = this.rowOf(left);
    const b = this.rowOf(right);
    const { rows } = this;
    if (rows[a + MAILBOX] === rows[b + MAILBOX]) return true;
    if (rows[a + DIGITS] !== rows[b + DIGITS]) return false;
    if (Math.abs((rows[a] as number) - (rows[b] as number)) > MOST_SLIPS) return false;
    const [lettersOfA, lettersOfB] = [rows[a + LETTERS] as number, rows[b + LETTERS] as number];
    return bitCount(lettersOfA & ~lettersOfB) <= MOST_SLIPS && bitCount(lettersOfB & ~lettersOfA) <= MOST_SLIPS;
  }

  protected describe(text: string, at: number): void {
    const { rows } = this;
    const end = text.indexOf('@');
    let letters = 0;
    let mailbox = NO_LETTERS;
    let digits = NO_LETTERS;
    for (let i = 0; i < end; i += 1) {
      const code = text.charCodeAt(i);
      if (i < WORD) letters |= 1 << (code & 31);
      mailbox = Math.imul(mailbox ^ code, 0x01000193);
      if (code >= 48 && code <= 57) digits = Math.imul(digits ^ code, 0x01000193);
    }
    rows[at + LENGTH] = end + 1;
    rows[at + LETTERS] = letters;
    rows[at + MAILBOX] = Math.imul(mailbox ^ AT_SIGN, 0x01000193);
    rows[at + DIGITS] = digits;
  }
}

const DIGITS_OF_ENDS = 3;
/** Shorter numbers are looked at themselves: beginning and end would not be apart. */
const SHORTEST_OF_TWO_ENDS = 8;
const SHORT = 1;
const BEGINNING = 1;
const END = 2;

/** What tells telephone numbers apart at a glance. */
export class PhoneTable extends GlanceTable {
  /** False for two different numbers that neither are one edit apart nor end with each other: an edit leaves one of both ends as it is. */
  mayBeAlike(left: number, right: number): boolean {
    const a = this.rowOf(left);
    const b = this.rowOf(right);
    const { rows } = this;
    if (rows[a] === SHORT || rows[b] === SHORT) return true;
    return rows[a + END] === rows[b + END] || rows[a + BEGINNING] === rows[b + BEGINNING];
  }

  protected describe(text: string, at: number): void {
    const { rows } = this;
    rows[at + LENGTH] = text.length < SHORTEST_OF_TWO_ENDS ? SHORT : text.length;
    rows[at + BEGINNING] = endOf(text, 0);
    rows[at + END] = endOf(text, text.length - DIGITS_OF_ENDS);
  }
}

function endOf(text: string, from: number): number {
  let end = 0;
  for (let i = from; i < from + DIGITS_OF_ENDS; i += 1) end = Math.imul(end, 0x10001) ^ text.charCodeAt(i);
  return end;
}

const FIRST = 2;
/** 0 for a name that only its letters say something of. */
const IS_SPECIAL = 3;
const INITIAL = 1;
const LISTED = 2;
const SPELLED_OUT = 4;

/** What a table of names has to be told of a name. */
export interface NameTraits {
  /** True when it is spelled with digraphs that stand for other letters. */
  isSpelledOut(name: string): boolean;
  /** True for a name of the list of nicknames and formal names. */
  isListed(name: string): boolean;
}

/** What tells names apart at a glance. */
export class NameGlances extends GlanceTable {
  private readonly traits: NameTraits;

  constructor(names: Dictionary, traits: NameTraits) {
    super(names);
    this.traits = traits;
  }

  /** False for two names that are more than two letters apart and less similar than `least` for sure, and neither begins with the other. */
  mayBeAlike(left: number, right: number, isGiven: boolean, least: number): boolean {
    const a = this.rowOf(left);
    const b = this.rowOf(right);
    const { rows } = this;
    const special = (rows[a + IS_SPECIAL] as number) | (rows[b + IS_SPECIAL] as number);
    if ((special & (isGiven ? INITIAL | LISTED | SPELLED_OUT : INITIAL | SPELLED_OUT)) !== 0) return true;
    const lacking = bitCount((rows[a + LETTERS] as number) & ~(rows[b + LETTERS] as number));
    const lackingOther = bitCount((rows[b + LETTERS] as number) & ~(rows[a + LETTERS] as number));
    if (lacking <= MOST_SLIPS && lackingOther <= MOST_SLIPS) return true;
    if (isGiven && (lacking === 0 || lackingOther === 0)) return true;
    const lengthOfA = (rows[a] as number) - 1;
    const lengthOfB = (rows[b] as number) - 1;
    const shared = Math.min(lengthOfA - lacking, lengthOfB - lackingOther);
    const mayBeginAlike = rows[a + FIRST] === rows[b + FIRST];
    return shared > 0 && jaroWinklerAtMost(shared, lengthOfA, lengthOfB, mayBeginAlike ? 4 : 0) >= least;
  }

  protected describe(text: string, at: number): void {
    const { rows, traits } = this;
    rows[at + LENGTH] = Math.min(text.length, WORD) + 1;
    rows[at + LETTERS] = lettersOf(text);
    rows[at + FIRST] = text.charCodeAt(0);
    rows[at + IS_SPECIAL] =
      (text.length < 2 ? INITIAL : 0) |
      (traits.isListed(text) ? LISTED : 0) |
      (traits.isSpelledOut(text) ? SPELLED_OUT : 0);
  }
}
