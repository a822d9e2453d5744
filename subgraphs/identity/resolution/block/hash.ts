/** The hash of the empty text. */
export const NO_LETTERS = 0x811c9dc5;

/** A text as a number of 32 bits, or more of it: `hashOf(b, hashOf(a))` is the hash of both together. */
export function hashOf(text: string, before: number = NO_LETTERS): number {
  let hash = before;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
