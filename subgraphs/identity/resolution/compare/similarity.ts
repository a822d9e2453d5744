/**
 * How alike two texts are. Texts of up to 32 characters, which names and numbers are, are compared with bit masks
 * instead of tables: one machine word holds a row.
 */

/** Letters of a text that are looked at. */
export const WORD = 32;

/** Jaro–Winkler similarity, 0 to 1; 1 for equal texts, 0 when one is empty. Symmetric. Looks at the first 32 characters. */
export function jaroWinkler(first: string, second: string): number {
  if (first === second) return first === '' ? 0 : 1;
  // The greedy assignment of letters depends on which text goes first, so the order is fixed: comparing is symmetric.
  const [a, b] =
    first.length < second.length || (first.length === second.length && first < second)
      ? [first, second]
      : [second, first];
  const lengthOfA = Math.min(a.length, WORD);
  const lengthOfB = Math.min(b.length, WORD);
  if (lengthOfA === 0) return 0;
  const reach = Math.max((lengthOfB >> 1) - 1, 0);
  let takenOfA = 0;
  let takenOfB = 0;
  let matches = 0;
  for (let i = 0; i < lengthOfA; i += 1) {
    const letter = a.charCodeAt(i);
    const end = Math.min(i + reach + 1, lengthOfB);
    for (let j = Math.max(0, i - reach); j < end; j += 1) {
      if ((takenOfB & (1 << j)) === 0 && b.charCodeAt(j) === letter) {
        takenOfA |= 1 << i;
        takenOfB |= 1 << j;
        matches += 1;
        break;
      }
    }
  }
  if (matches === 0) return 0;
  let outOfOrder = 0;
  let j = 0;
  for (let i = 0; i < lengthOfA; i += 1) {
    if ((takenOfA & (1 << i)) === 0) continue;
    while ((takenOfB & (1 << j)) === 0) j += 1;
    if (a.charCodeAt(i) !== b.charCodeAt(j)) outOfOrder += 1;
    j += 1;
  }
  const jaro = (matches / lengthOfA + matches / lengthOfB + (matches - outOfOrder / 2) / matches) / 3;
  let prefix = 0;
  while (prefix < 4 && prefix < lengthOfA && a.charCodeAt(prefix) === b.charCodeAt(prefix)) prefix += 1;
  return jaro + prefix * 0.1 * (1 - jaro);
}

const positions = new Int32Array(65_536);

/**
 * How many letters have to be inserted, left out, replaced or swapped with their neighbour to make one text of the other
 * (optimal string alignment), by Hyyrö's bit vectors. Symmetric. Of longer texts the first 32 characters.
 */
export function editDistance(first: string, second: string): number {
  if (first === second) return 0;
  const a = first.length > WORD ? first.slice(0, WORD) : first;
  const b = second.length > WORD ? second.slice(0, WORD) : second;
  if (a.length === 0) return b.length;
  if (b.length === 0) return a.length;
  for (let i = 0; i < a.length; i += 1) positions[a.charCodeAt(i)] = (positions[a.charCodeAt(i)] as number) | (1 << i);
  const last = 1 << (a.length - 1);
  let distance = a.length;
  let vertical = -1;
  let verticalNegative = 0;
  let diagonal = 0;
  let before = 0;
  for (let j = 0; j < b.length; j += 1) {
    const same = positions[b.charCodeAt(j)] as number;
    const swapped = ((~diagonal & same) << 1) & before;
    diagonal = (((same & vertical) + vertical) ^ vertical) | same | verticalNegative | swapped | 0;
    const positive = verticalNegative | ~(diagonal | vertical);
    const negative = diagonal & vertical;
    if ((positive & last) !== 0) distance += 1;
    if ((negative & last) !== 0) distance -= 1;
    const shifted = (positive << 1) | 1;
    vertical = (negative << 1) | ~(diagonal | shifted);
    verticalNegative = shifted & diagonal;
    before = same;
  }
  for (let i = 0; i < a.length; i += 1) positions[a.charCodeAt(i)] = 0;
  return distance;
}

/** True when one edit, as `editDistance` counts them, makes one text of the other: without counting all of them, so ten times faster. */
export function isOneEdit(a: string, b: string): boolean {
  const [shorter, longer] = a.length <= b.length ? [a, b] : [b, a];
  const difference = longer.length - shorter.length;
  if (difference > 1) return false;
  let prefix = 0;
  while (prefix < shorter.length && shorter.charCodeAt(prefix) === longer.charCodeAt(prefix)) prefix += 1;
  let suffix = 0;
  const most = shorter.length - prefix;
  while (
    suffix < most &&
    shorter.charCodeAt(shorter.length - 1 - suffix) === longer.charCodeAt(longer.length - 1 - suffix)
  )
    suffix += 1;
  const rest = most - suffix;
  if (difference === 1) return rest === 0;
  if (rest === 1) return true;
  return (
    rest === 2 &&
    shorter.charCodeAt(prefix) === longer.charCodeAt(prefix + 1) &&
    shorter.charCodeAt(prefix + 1) === longer.charCodeAt(prefix)
  );
}

/**
 * How many letters one of two texts has that the other one lacks, whichever has more: their edit distance is at least that.
 * Letters that share their last five bits count as one. Of each text only the beginning, where its length is given.
 */
export function lettersApart(a: string, b: string, lengthOfA = a.length, lengthOfB = b.length): number {
  return Math.max(
    lettersLacking(a, lengthOfA, maskOf(b, lengthOfB)),
    lettersLacking(b, lengthOfB, maskOf(a, lengthOfA)),
  );
}

/** How many bits of a number of 32 are set. */
export function bitCount(bits: number): number {
  let count = bits - ((bits >>> 1) & 0x55555555);
  count = (count & 0x33333333) + ((count >>> 2) & 0x33333333);
  return Math.imul((count + (count >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** False when the Jaro–Winkler similarity of two texts is below `least` for sure, judged by the letters they share and how they begin. */
export function mayBeSimilar(a: string, b: string, least: number): boolean {
  const lengthOfA = Math.min(a.length, WORD);
  const lengthOfB = Math.min(b.length, WORD);
  const shared = Math.min(
    lengthOfA - lettersLacking(a, a.length, maskOf(b, b.length)),
    lengthOfB - lettersLacking(b, b.length, maskOf(a, a.length)),
  );
  if (shared <= 0) return false;
  let prefix = 0;
  while (prefix < 4 && prefix < lengthOfA && a.charCodeAt(prefix) === b.charCodeAt(prefix)) prefix += 1;
  return jaroWinklerAtMost(shared, lengthOfA, lengthOfB, prefix) >= least;
}

/** What the Jaro–Winkler similarity is at most, of texts of these lengths that share so many letters and begin with so many equal ones. */
export function jaroWinklerAtMost(shared: number, lengthOfA: number, lengthOfB: number, prefix: number): number {
  const jaro = (shared / lengthOfA + shared / lengthOfB + 1) / 3;
  return jaro + prefix * 0.1 * (1 - jaro) + 1e-9;
}

/** The kinds of letters of a text: a bit for each, by its last five bits. */
export function lettersOf(text: string): number {
  return maskOf(text, text.length);
}

function maskOf(text: string, length: number): number {
  let mask = 0;
  for (let i = 0; i < length && i < WORD; i += 1) mask |= 1 << (text.charCodeAt(i) & 31);
  return mask;
}

function lettersLacking(text: string, length: number, mask: number): number {
  let count = 0;
  for (let i = 0; i < length && i < WORD; i += 1) if ((mask & (1 << (text.charCodeAt(i) & 31))) === 0) count += 1;
  return count;
}
