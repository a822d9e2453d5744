import { foldName } from './text.ts';

/** A name in normal form; parts that are not told are empty. */
export interface NormalName {
  /** Given names in order, folded. */
  readonly given: readonly string[];
  /** Words of the family name, folded. */
  readonly family: readonly string[];
  /** `SR`, `JR`, `II`, `III`, `IV`, or empty. */
  readonly generation: string;
}

/** How a source writes a name: in parts or as one text. */
export interface WrittenName {
  readonly firstName?: string | null | undefined;
  readonly middleName?: string | null | undefined;
  readonly lastName?: string | null | undefined;
  readonly fullName?: string | null | undefined;
}

const TITLES = new Set(
  (
    'mr mrs ms miss mx mister dr doctor prof professor sir dame lord lady rev reverend fr father capt captain col major sgt ' +
    'herr frau hr dipl ing mag m mme mlle monsieur madame sr sra srta senor senora don dona sig sigra sigr signor signora dott'
  ).split(' '),
);
/** Not among the titles when they may be a name's initial or a generation. */
const NEVER_TITLES_ALONE = new Set(['m', 'sr', 'don', 'fr', 'col', 'mag', 'ing', 'major', 'father', 'lord', 'hr']);
const DEGREES = new Set('phd md esq dds mba msc bsc cpa rn obe mbe'.split(' '));
const GENERATIONS: Readonly<Record<string, string>> = {
  jr: 'JR',
  junior: 'JR',
  jnr: 'JR',
  filho: 'JR',
  sr: 'SR',
  senior: 'SR',
  snr: 'SR',
  ii: 'II',
  '2nd': 'II',
  iii: 'III',
  '3rd': 'III',
  iv: 'IV',
  '4th': 'IV',
};
const PARTICLES = new Set(
  'de del della dello der den di da das do dos du la le las los van von vom zu zum zur ten ter te al el bin ibn ben y e st saint mac mc o af av'.split(
    ' ',
  ),
);
const PLACEHOLDERS = new Set(
  'unknown none na n/a null nil test tester guest customer anonymous anon noname nofirstname nolastname notprovided undefined xx xxx blank empty user client kunde inconnu'.split(
    ' ',
  ),
);
/** The comma before what follows a name, which is not the one of `Last, First`. */
const SUFFIX_COMMA = /,\s*(?=(?:ph\.?d|m\.?d|esq|dds|mba|jr|jnr|junior|sr|snr|senior|ii|iii|iv)\.?\s*$)/i;
const GIVEN_NAMES_LIMIT = 4;
const FAMILY_NAMES_LIMIT = 4;
const NO_NAME: NormalName = { given: [], family: [], generation: '' };

/** The normal form of a name, from its parts or, without them, from the whole. */
export function normaliseName(written: WrittenName): NormalName {
  const { firstName, middleName, lastName, fullName } = written;
  if (firstName && !lastName && !middleName && /,|\S\s+\S/.test(firstName.trim()) && firstName.includes(','))
    return fromFullName(firstName);
  if (firstName || lastName) {
    const first = partsOf(firstName ?? '', true);
    const middle = partsOf(middleName ?? '', false);
    const last = partsOf(lastName ?? '', false);
    const joined = joinParticles(last.words);
    return limit({
      given: [...first.words, ...middle.words],
      family: joined,
      generation: last.generation || first.generation || middle.generation,
    });
  }
  return fullName ? fromFullName(fullName) : NO_NAME;
}

function limit({ given, family, generation }: NormalName): NormalName {
  return { given: given.slice(0, GIVEN_NAMES_LIMIT), family: family.slice(0, FAMILY_NAMES_LIMIT), generation };
}

/** Understands `First Middle Last`, `Last, First Middle` and `First Last, Jr`. A single word is taken for a family name. */
function fromFullName(whole: string): NormalName {
  const fullName = whole.replace(SUFFIX_COMMA, ' ');
  const comma = fullName.indexOf(',');
  if (comma >= 0) {
    const before = partsOf(fullName.slice(0, comma), true);
    const after = partsOf(fullName.slice(comma + 1).replace(/,/g, ' '), true);
    const generation = before.generation || after.generation;
    if (after.words.length > 0) return limit({ given: after.words, family: joinParticles(before.words), generation });
    return limit({ ...splitWords(before.words), generation });
  }
  const { words, generation } = partsOf(fullName, true);
  return limit({ ...splitWords(words), generation });
}

function splitWords(words: readonly string[]): { given: readonly string[]; family: readonly string[] } {
  if (words.length < 2) return { given: [], family: words };
  const particle = words.findIndex(
    (word, index) => index > 0 && index < words.length - 1 && PARTICLES.has(word) && word.length > 1,
  );
  const at = particle > 0 ? particle : words.length - 1;
  return { given: words.slice(0, at), family: joinParticles(words.slice(at)) };
}

/** `van der Berg` is one family name, whether it is written in one word or three. */
function joinParticles(words: readonly string[]): readonly string[] {
  const joined: string[] = [];
  let prefix = '';
  words.forEach((word, index) => {
    if (index < words.length - 1 && PARTICLES.has(word)) prefix += word;
    else {
      joined.push(prefix + word);
      prefix = '';
    }
  });
  return joined;
}

function partsOf(text: string, mayHaveTitle: boolean): { words: readonly string[]; generation: string } {
  if (text === '') return { words: [], generation: '' };
  const folded = foldName(text).replace(/\([^)]*\)|"[^"]*"/g, ' ');
  if (PLACEHOLDERS.has(folded)) return { words: [], generation: '' };
  const words: string[] = [];
  let generation = '';
  const all = folded
    .replace(/['’`´]/g, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
  all.forEach((word, index) => {
    const isLast = index === all.length - 1;
    const found = index > 0 && isLast ? GENERATIONS[word] : undefined;
    if (found !== undefined) generation = found;
    else if (DEGREES.has(word) && index > 0) return;
    else if (
      mayHaveTitle &&
      index === 0 &&
      TITLES.has(word) &&
      all.length > 1 &&
      !(all.length === 2 && NEVER_TITLES_ALONE.has(word))
    )
      return;
    else if (!PLACEHOLDERS.has(word) && !/^\p{N}+$/u.test(word)) words.push(word);
  });
  return { words, generation };
}
