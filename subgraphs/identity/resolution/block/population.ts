import { Comparer, type IgnoredValues } from '../compare/compare.ts';
import { Degrees } from '../compare/degree.ts';
import { NameTable, type NicknameGroups } from '../compare/name-table.ts';
import type { MatchRecord } from '../match-record.ts';
import type { MatchRuleset } from '../rules/match-ruleset.ts';
import { createValueFilter } from '../rules/value-filter.ts';
import { type Dictionary, grown } from './dictionary.ts';
import { ADDRESS_WIDTH } from './feature-writer.ts';
import { FeatureCursor, Features } from './features.ts';
import { IndexTable } from './index-table.ts';
import { KEY, keyOf, keysOf, phoneKeyOf } from './keys.ts';

const KEYS_LIMIT = 96;
const CANDIDATES_LIMIT = 4_096;
const RECORDS_OF_KEY_LIMIT = 1_024;
const TEXTS_PER_STEP = 100_000;
/** Room for the numbers of values beside a key of 32 bits, in one number. */
const VALUES = 2 ** 21;

type IsIgnored = IgnoredValues['email'];

/** How a value that records share weighed before a change. */
export interface Sharing {
  readonly key: number;
  readonly value: number;
  readonly isIgnored: IsIgnored;
  readonly wasIgnored: boolean;
  /** How many people share it. */
  readonly degree: number;
}

/** The records, the index over them, and what comparing them needs. */
export class Population {
  readonly features = new Features();
  readonly index = new IndexTable();
  readonly names: NameTable;
  readonly degrees: Degrees;
  readonly comparer: Comparer;
  readonly ignored: IgnoredValues;
  /** Candidates of the last call of `findCandidates`. */
  readonly candidates = new Int32Array(CANDIDATES_LIMIT);
  /** Keys that were left out because too many records have them, since the beginning. */
  blocksOverCap = 0;
  private readonly cap: number;
  private readonly cursor = new FeatureCursor();
  private readonly scratch = new Int32Array(KEYS_LIMIT);
  private readonly postings: Int32Array;
  private keys: Int32Array<ArrayBuffer> = new Int32Array(1 << 12);
  private keysUsed = 0;
  private keyOffsets: Int32Array<ArrayBuffer> = new Int32Array(1024);
  private seen: Int32Array<ArrayBuffer> = new Int32Array(1024);
  private round = 0;

  /** `cap`: a block of more records is left out. */
  constructor(nicknames: NicknameGroups, ruleset: MatchRuleset, cap: number) {
    this.cap = cap;
    this.postings = new Int32Array(cap);
    this.names = new NameTable(this.features.names, nicknames);
    this.degrees = new Degrees(this.features, this.names, this.index, new FeatureCursor());
    this.ignored = createValueFilter(ruleset, this.features);
    this.comparer = new Comparer({
      features: this.features,
      names: this.names,
      degrees: this.degrees,
      ignored: this.ignored,
    });
  }

  /** Writes a record's features, to be entered into the index by `enter`; gives `before` when that record has the same features. */
  write(record: MatchRecord, before: number): number {
    const slot = this.features.add(record);
    if (before < 0 || !this.features.areEqual(before, slot)) return slot;
    this.features.undo(slot);
    return before;
  }

  /** Enters a record into the index. */
  enter(slot: number): void {
    if (slot + 1 >= this.keyOffsets.length) this.keyOffsets = grown(this.keyOffsets, slot + 2);
    if (slot >= this.seen.length) this.seen = grown(this.seen, slot + 1);
    if (this.keysUsed + KEYS_LIMIT >= this.keys.length) this.keys = grown(this.keys, this.keysUsed + KEYS_LIMIT);
    const count = keysOf(this.features, this.names, this.features.read(slot, this.cursor), this.scratch);
    this.keyOffsets[slot] = this.keysUsed;
    for (let i = 0; i < count; i += 1) {
      const key = this.scratch[i] as number;
      this.keys[this.keysUsed + i] = key;
      this.degrees.forget(key);
    }
    this.index.addAll(this.scratch, count, slot);
    this.keysUsed += count;
    this.keyOffsets[slot + 1] = this.keysUsed;
  }

  /** Takes a record away; its slot is never used again. */
  remove(slot: number): void {
    for (let i = this.keyOffsets[slot] as number; i < (this.keyOffsets[slot + 1] as number); i += 1) {
      this.index.remove(this.keys[i] as number, slot);
      this.degrees.forget(this.keys[i] as number);
    }
    this.features.remove(slot);
  }

  /**
   * Notes how the values that a record shares with others weigh before it joins them or goes; what is noted already stays.
   * `isCounted` for a record that has joined the counts, though not the index yet.
   */
  noteSharing(slot: number, isCounted: boolean, into: Map<number, Sharing>): void {
    const fewer = isCounted ? 1 : 0;
    this.eachContact(slot, (key, value, isIgnored) => {
      const name = key * VALUES + value;
      if (into.has(name)) return;
      into.set(name, { key, value, isIgnored, wasIgnored: isIgnored(value, fewer), degree: this.degrees.of(key) });
    });
  }

  /**
   * The keys of values that weigh otherwise now than was noted, because more or fewer people share them (unless more than
   * `limit` records do), or because the number of records has crossed what the ruleset allows.
   */
  reweighed(before: Iterable<Sharing>, limit: number): Set<number> {
    const found = new Set<number>();
    for (const { key, value, isIgnored, wasIgnored, degree } of before) {
      const hasCrossed = isIgnored(value) !== wasIgnored;
      if (hasCrossed || (this.degrees.of(key) !== degree && this.index.count(key) <= limit)) found.add(key);
    }
    return found;
  }

  /** The records of a key, of very many some. */
  recordsOf(key: number): Int32Array {
    const found = new Int32Array(Math.min(this.index.count(key), RECORDS_OF_KEY_LIMIT));
    return found.subarray(0, this.index.read(key, found));
  }

  private eachContact(slot: number, visit: (key: number, value: number, isIgnored: IsIgnored) => void): void {
    const { features, ignored } = this;
    const { data } = features;
    const cursor = features.read(slot, this.cursor);
    for (let i = 0; i < cursor.emailCount; i += 1) {
      const email = data[cursor.emailAt + i] as number;
      visit(keyOf(KEY.email, email), email, ignored.email);
    }
    for (let i = 0; i < cursor.phoneCount; i += 1) {
      const phone = data[cursor.phoneAt + i] as number;
      visit(phoneKeyOf(features, phone), phone, ignored.phone);
    }
    for (let i = 0; i < cursor.socialCount; i += 1) {
      const social = data[cursor.socialAt + i] as number;
      visit(keyOf(KEY.social, social), social, ignored.social);
    }
    for (let i = 0; i < cursor.identificationCount; i += 1) {
      const identification = data[cursor.identificationAt + i] as number;
      visit(keyOf(KEY.identification, identification), identification, ignored.identification);
    }
    for (let i = 0; i < cursor.addressCount; i += 1) {
      const place = data[cursor.addressAt + i * ADDRESS_WIDTH] as number;
      if (place >= 0) visit(keyOf(KEY.place, place), place, never);
    }
  }

  /** Runs some work with two records that are not in the index and do not stay. */
  withVisitors<T>(left: MatchRecord, right: MatchRecord, work: (left: number, right: number) => T): T {
    const a = this.features.add(left);
    const b = this.features.add(right);
    try {
      return work(a, b);
    } finally {
      this.features.undo(b);
      this.features.undo(a);
    }
  }

  /** Writes the records that share a key with a record into `candidates`, those below `below` only, and gives how many. */
  findCandidates(slot: number, below: number): number {
    this.round += 1;
    const { candidates, postings, seen, round } = this;
    seen[slot] = round;
    const { index, scratch: entries } = this;
    const first = this.keyOffsets[slot] as number;
    const keyCount = (this.keyOffsets[slot + 1] as number) - first;
    // All are looked up before any is read: the processor then waits for memory once, not for each after the other.
    for (let i = 0; i < keyCount; i += 1) entries[i] = index.find(this.keys[first + i] as number);
    let count = 0;
    for (let i = 0; i < keyCount; i += 1) {
      const entry = entries[i] as number;
      const size = index.countAt(entry);
      if (size < 2) continue;
      if (size > this.cap) {
        this.blocksOverCap += 1;
        continue;
      }
      const written = index.readAt(entry, postings);
      for (let j = 0; j < written; j += 1) {
        const other = postings[j] as number;
        if (other >= below || seen[other] === round || count >= CANDIDATES_LIMIT) continue;
        seen[other] = round;
        candidates[count] = other;
        count += 1;
      }
    }
    return count;
  }

  /** How many contact points more records carry than the ruleset allows, in steps of a millisecond or so. */
  *countShared(ruleset: MatchRuleset): Generator<void, number> {
    const { features } = this;
    const emails = yield* overLimit(features.emails, ruleset.typeRule('EMAIL').limit);
    const phones = yield* overLimit(features.phones, ruleset.typeRule('PHONE').limit);
    return emails + phones + (yield* overLimit(features.socials, ruleset.typeRule('SOCIAL').limit));
  }
}

function* overLimit(dictionary: Dictionary, limit: number): Generator<void, number> {
  let count = 0;
  for (let id = 0; id < dictionary.size; id += 1) {
    if (dictionary.count(id) > limit) count += 1;
    if (id % TEXTS_PER_STEP === 0) yield;
  }
  return count;
}

function never(): boolean {
  return false;
}
