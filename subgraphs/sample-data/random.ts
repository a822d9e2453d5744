/**
 * A seeded source of chance (sfc32): the same seed gives the same numbers on every machine.
 * Not for secrets.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** `parts` name the stream: `new Random(seed, 'commerce', 17)` never depends on what other streams have drawn. */
  constructor(seed: number, ...parts: readonly (string | number)[]) {
    this.#a = seed | 0;
    this.#b = hashText(parts.join('/'));
    this.#c = mix(this.#a ^ this.#b);
    for (let round = 0; round < 12; round++) this.next();
  }

  /** A number from 0 up to, not including, 1. */
  next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4294967296;
  }

  /** True with the given probability, 0 to 1. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** One entry of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return entryAt(list, this.below(list.length));
  }

  /** One key of a table of weights. */
  pickWeighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const keys = Object.keys(weights) as K[];
    let rest = this.next() * keys.reduce((sum, key) => sum + weights[key], 0);
    for (const key of keys) {
      rest -= weights[key];
      if (rest < 0) return key;
    }
    return entryAt(keys, keys.length - 1);
  }
}

/** The entry at a position that must exist; throws RangeError when it does not. */
export function entryAt<T>(list: readonly T[], index: number): T {
  const entry = list[index];
  if (entry === undefined) throw new RangeError(`A list of ${list.length} has no entry ${index}.`);
  return entry;
}

/** Turns a 32 bit number into another; different numbers stay different. */
export function mix(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d);
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b);
  return (bits ^ (bits >>> 16)) >>> 0;
}

function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return mix(hash);
}
