import type { Dictionary } from '../block/dictionary.ts';
import { soundOf } from '../normalise/phonetic.ts';
import { withoutDigraphs } from '../normalise/text.ts';
import { editDistance, isOneEdit, jaroWinkler } from './similarity.ts';

/** How alike two names are. */
export const NAME = { exact: 0, nickname: 1, close: 2, similar: 3, initial: 4, different: 5 } as const;

const CACHE_BITS = 20;
const SHORTEST_CLOSE = 4;
const CLOSE = 0.92;
const SIMILAR = 0.82;

/** Groups of given names that one person may go by: name → the formal names it stands for. */
export type NicknameGroups = ReadonlyMap<string, readonly string[]>;

/** What is known of each name of a dictionary, worked out once, and how alike two names are, remembered. */
export class NameTable {
  private readonly names: Dictionary;
  private readonly nicknames: NicknameGroups;
  private readonly plains: string[] = [];
  private readonly sounds: string[] = [];
  private readonly groups: (readonly string[])[] = [];
  private readonly cachedPairs = new Float64Array(1 << CACHE_BITS).fill(-1);
  private readonly cachedLevels = new Uint8Array(1 << CACHE_BITS);

  constructor(names: Dictionary, nicknames: NicknameGroups) {
    this.names = names;
    this.nicknames = nicknames;
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

  private remembered(a: number, b: number, isGiven: boolean): number {
    const [low, high] = a < b ? [a, b] : [b, a];
    const pair = (low * 67_108_864 + high) * 2 + (isGiven ? 1 : 0);
    const at =
      (Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b) ^ (isGiven ? 0x5bd1e995 : 0)) >>> (32 - CACHE_BITS);
    if (this.cachedPairs[at] === pair) return this.cachedLevels[at] as number;
    const level = this.work(low, high, isGiven);
    this.cachedPairs[at] = pair;
    this.cachedLevels[at] = level;
    return level;
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
    const distance = Math.min(editDistance(left, right), editDistance(plainOfA, plainOfB));
    if (distance === 1 && shorter >= SHORTEST_CLOSE - 1) return NAME.close;
    const similarity = jaroWinkler(left, right);
    if (similarity >= CLOSE && distance <= 2 && shorter >= SHORTEST_CLOSE) return NAME.close;
    if (isGiven && shorter >= 3 && (left.startsWith(right) || right.startsWith(left))) return NAME.similar;
    if (distance <= 2 && shorter >= 5) return NAME.similar;
    return similarity >= SIMILAR && (this.sound(a) === this.sound(b) || similarity >= 0.88)
      ? NAME.similar
      : NAME.different;
  }
}

function isNearly(a: string, b: string): boolean {
  return a === b || (a.length >= 5 && b.length >= 5 && isOneEdit(a, b));
}
