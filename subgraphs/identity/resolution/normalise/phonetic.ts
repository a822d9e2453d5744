const GROUPS: readonly (readonly [RegExp, string])[] = [
  [/^(?:kn|gn|pn)/, 'n'],
  [/^wr/, 'r'],
  [/^ps/, 's'],
  [/ph/g, 'f'],
  [/sch|sh|ch(?=[ei])/g, 's'],
  [/ck|ch|q|c(?=[^eiy]|$)|x/g, 'k'],
  [/c|z|ß/g, 's'],
  [/th|dt|d/g, 't'],
  [/gh(?=[^aeiou]|$)/g, ''],
  [/g|j(?=[aou])/g, 'k'],
  [/v|w/g, 'f'],
  [/b/g, 'p'],
  [/m/g, 'n'],
];

/**
 * A short code that names keep when they are mistyped as people hear them: the initial, and up to three consonants that
 * sound alike as one letter. Made for finding candidates, so it is coarse. Empty for an empty text.
 */
export function soundOf(name: string): string {
  if (name === '') return '';
  let code = name;
  for (const [pattern, letter] of GROUPS) code = code.replace(pattern, letter);
  const initial = code[0] ?? '';
  let result = 'aeiouyh'.includes(initial) ? 'a' : initial;
  let last = initial;
  for (let i = 1; i < code.length && result.length < 4; i += 1) {
    const letter = code[i] as string;
    if (letter !== last && !'aeiouyhj'.includes(letter)) result += letter;
    last = letter;
  }
  return result;
}
