import type { Profile } from './profile.ts';

/** The parts of a person's name. */
export interface NameParts {
  readonly salutation: string | null;
  readonly firstName: string | null;
  readonly middleName: string | null;
  readonly lastName: string | null;
}

/**
 * The name as a record gives it in parts; where it gives only the whole name, that one split: `First Middle Last` or
 * `Last, First Middle`. One word alone may be either name, so it is neither: see `onlyName`.
 */
export function namePartsOf(profile: Profile): NameParts {
  const given = {
    salutation: textOf(profile.salutation),
    firstName: textOf(profile.firstName),
    middleName: textOf(profile.middleName),
    lastName: textOf(profile.lastName),
  };
  const fullName = textOf(profile.fullName);
  if (given.firstName !== null || given.lastName !== null || fullName === null) return given;
  const { firstName, middleName, lastName } = splitFullName(fullName);
  return { ...given, firstName, middleName: given.middleName ?? middleName, lastName };
}

/** The whole name of a record that gives nothing but one word: a family name when nobody knows better. */
export function onlyName(profile: Profile): string | null {
  const fullName = textOf(profile.fullName);
  if (fullName === null || textOf(profile.firstName) !== null || textOf(profile.lastName) !== null) return null;
  return wordsOf(fullName).length === 1 ? fullName : null;
}

function splitFullName(fullName: string): Omit<NameParts, 'salutation'> {
  const comma = fullName.indexOf(',');
  const [family, words] =
    comma < 0 ? [null, wordsOf(fullName)] : [textOf(fullName.slice(0, comma)), wordsOf(fullName.slice(comma + 1))];
  if (family !== null) return { firstName: words[0] ?? null, middleName: joinWords(words.slice(1)), lastName: family };
  if (words.length < 2) return { firstName: comma < 0 ? null : (words[0] ?? null), middleName: null, lastName: null };
  return { firstName: words[0] ?? null, middleName: joinWords(words.slice(1, -1)), lastName: words.at(-1) ?? null };
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function joinWords(words: readonly string[]): string | null {
  return words.length > 0 ? words.join(' ') : null;
}

/** The text without white space around it, null when nothing is left. */
export function textOf(text: string | null | undefined): string | null {
  const trimmed = text?.trim();
  return trimmed ? trimmed : null;
}
