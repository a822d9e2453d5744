const LETTERS_WITHOUT_DECOMPOSITION: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ı: 'i',
};
const PLAIN = /^[\x20-\x7e]*$/;

/** Lower case, without accents, white space trimmed and collapsed: texts that people take for the same become equal. */
export function fold(text: string): string {
  const lower = PLAIN.test(text) ? text.toLowerCase() : foldLetters(text);
  return lower.trim().replace(/\s+/g, ' ');
}

function foldLetters(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[ßæœøłđðþı]/g, (letter) => LETTERS_WITHOUT_DECOMPOSITION[letter] ?? letter);
}
