import type { Dictionary } from '../block/dictionary.ts';
import { hashOf } from '../block/hash.ts';
import { soundOf } from '../normalise/phonetic.ts';
import { withoutDigraphs } from '../normalise/text.ts';
import { NameGlances } from './glance-table.ts';
import { editDistance, isOneEdit, jaroWinkler, lettersApart, mayBeSimilar } from './similarity.ts';

/** How alike two names are. */
export const NAME = { exact: 0, nickname: 1, close: 2, similar: 3, initial: 4, different: 5 } as const;

/** The cache grows with the names: a small state must not pay for a large one. */
const SMALLEST_CACHE_BITS = 12;
const LARGEST_CACHE_BITS = 20;
const PAIRS_PER_NAME = 32;
const SHORTEST_CLOSE = 4;
const CLOSE = 0.92;
const SIMILAR = 0.82;
const MOST_SLIPS = 2;

/** Groups of given names that one person may go by: name → the formal names it stands for. */
export type NicknameGroups = ReadonlyMap<string, readonly string[]>;

/** A name's keys, see `NameTable.hashes`. */
export interface NameHashes {
  readonly sound: number;
  readonly beginning: number;
  readonly plain: number;
  readonly formal: number;
}

/** What is known of each name of a dictionary, worked out once, and how alike two names are, remembered. */
export class NameTable {
  private readonly names: Dictionary;
  private readonly nicknames: NicknameGroups;
  private readonly plains: string[] = [];
  private readonly sounds: string[] = [];
  private readonly hashed: NameHashes[] = [];
  private readonly groups: (readonly string[])[] = [];
  private readonly glances: NameGlances;
  private cacheBits = SMALLEST_CACHE_BITS;
  private cachedPairs = new Float64Array(1 << SMALLEST_CACHE_BITS).fill(-1);
  private cachedLevels = new Uint8Array(1 << SMALLEST_CACHE_BITS);

  constructor(names: Dictionary, nicknames: NicknameGroups) {
    this.names = names;
    this.nicknames = nicknames;
    this.glances = new NameGlances(names, {
      isSpelledOut: (name) => withoutDigraphs(name) !== name,
      isListed: (name) => nicknames.has(name),
    });
  }

  /** The name without digraphs: equal for `mueller` and `muller`. */
  plain(id: number): string {
    let plain = this.plains[id];
    if (plain === undefined) {
      plain = withoutDigraphs(this.names.text(id));
      this.plains[id] = plain;
    }
    return plain;
  }

  /** A code that names keep when they are mistyped as people hear them. */
  sound(id: number): string {
    let sound = this.sounds[id];
    if (sound === undefined) {
      sound = soundOf(this.plain(id));
      this.sounds[id] = sound;
    }
    return sound;
  }

  /** The formal names a given name may stand for, itself among them; the first stands for all. */
  formal(id: number): readonly string[] {
    let group = this.groups[id];
    if (group === undefined) {
      const text = this.plain(id);
      group = this.nicknames.get(text) ?? [text];
      this.groups[id] = group;
    }
    return group;
  }

  /** The first letter of the formal name: `R` for Bob. Two people of one household seldom share it, spellings of one name do. */
  initial(id: number): string {
    return (this.formal(id)[0] ?? '')[0] ?? '';
  }

  /** What a name is found by, each as a number: its sound, the sound's beginning, the name without digraphs, the formal name. */
  hashes(id: number): NameHashes {
    let hashes = this.hashed[id];
    if (hashes === undefined) {
      const sound = this.sound(id);
      hashes = {
        sound: hashOf(sound),
        beginning: hashOf(sound.slice(0, 3)),
        plain: hashOf(this.plain(id)),
        formal: hashOf(this.formal(id)[0] ?? ''),
      };
      this.hashed[id] = hashes;
    }
    return hashes;
  }

  /** True for a name of the list of nicknames and formal names. */
  isKnown(id: number): boolean {
    return this.nicknames.has(this.plain(id));
  }

  /** True for a single letter. */
  isInitial(id: number): boolean {
    return this.names.text(id).length === 1;
  }

  /** How alike two given names are, of `NAME`. Symmetric. */
  compareGiven(a: number, b: number): number {
    return a === b ? (this.isInitial(a) ? NAME.initial : NAME.exact) : this.remembered(a, b, true);
  }

  /** How alike two family names are, of `NAME`; nicknames don't count. Symmetric. */
  compareFamily(a: number, b: number): number {
    return a === b ? NAME.exact : this.remembered(a, b, false);
  }

  /** True for two spellings of one name that differ in digraphs at most. */
  areEqual(a: number, b: number): boolean {
    return a === b || this.plain(a) === this.plain(b);
  }

  private remembered(a: number, b: number, isGiven: boolean): number {
    if (!this.glances.mayBeAlike(a, b, isGiven, SIMILAR)) return NAME.different;
    const [low, high] = a < b ? [a, b] : [b, a];
    const pair = (low * 67_108_864 + high) * 2 + (isGiven ? 1 : 0);
    const at =
      (Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b) ^ (isGiven ? 0x5bd1e995 : 0)) >>> (32 - this.cacheBits);
    if (this.cachedPairs[at] === pair) return this.cachedLevels[at] as number;
    const level = this.work(low, high, isGiven);
    if (this.names.size * PAIRS_PER_NAME > 1 << this.cacheBits && this.cacheBits < LARGEST_CACHE_BITS) {
      this.growCache();
      return level;
    }
    this.cachedPairs[at] = pair;
    this.cachedLevels[at] = level;
    return level;
  }

  private growCache(): void {
    this.cacheBits += 2;
    this.cachedPairs = new Float64Array(1 << this.cacheBits).fill(-1);
    this.cachedLevels = new Uint8Array(1 << this.cacheBits);
  }

  private work(a: number, b: number, isGiven: boolean): number {
    const [plainOfA, plainOfB] = [this.plain(a), this.plain(b)];
    if (plainOfA === plainOfB) return NAME.exact;
    const [left, right] = [this.names.text(a), this.names.text(b)];
    if (isGiven) {
      const [formalOfA, formalOfB] = [this.formal(a), this.formal(b)];
      if (formalOfA.includes(plainOfB) || formalOfB.includes(plainOfA)) return NAME.nickname;
      // Two nicknames of one name: Ted is seldom Ned. And a nickname with a slip.
      if (formalOfA.some((name) => formalOfB.some((other) => isNearly(name, other)))) return NAME.similar;
    }
    if (left.length === 1 || right.length === 1) {
      const isSame = left[0] === right[0] || (isGiven && this.initial(a) === this.initial(b));
      return isSame ? NAME.initial : NAME.different;
    }
    const shorter = Math.min(left.length, right.length);
    const isSpelledOut = plainOfA !== left || plainOfB !== right;
    const mayBeSlip = isSpelledOut || lettersApart(left, right) <= MOST_SLIPS;
    const distance = mayBeSlip ? distanceOf(left, right, isSpelledOut, plainOfA, plainOfB) : MOST_SLIPS + 1;
    if (distance === 1 && shorter >= SHORTEST_CLOSE - 1) return NAME.close;
    // Most pairs of names have too few letters in common to be alike: that is seen without looking at their order.
    const similarity = mayBeSimilar(left, right, SIMILAR) ? jaroWinkler(left, right) : 0;
    if (similarity >= CLOSE && distance <= MOST_SLIPS && shorter >= SHORTEST_CLOSE) return NAME.close;
    if (isGiven && shorter >= 3 && (left.startsWith(right) || right.startsWith(left))) return NAME.similar;
    if (distance <= MOST_SLIPS && shorter >= 5) return NAME.similar;
    return similarity >= SIMILAR && (this.sound(a) === this.sound(b) || similarity >= 0.88)
      ? NAME.similar
      : NAME.different;
  }
}

function distanceOf(left: string, right: string, isSpelledOut: boolean, plainOfA: string, plainOfB: string): number {
  const distance = editDistance(left, right);
  return isSpelledOut ? Math.min(distance, editDistance(plainOfA, plainOfB)) : distance;
}

function isNearly(a: string, b: string): boolean {
  return a === b || (a.length >= 5 && b.length >= 5 && isOneEdit(a, b));
}
