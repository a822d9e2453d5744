/** A full name taken apart. What a name does not have is null. */
export interface PersonName {
  readonly salutation: string | null;
  readonly firstName: string | null;
  readonly middleName: string | null;
  readonly lastName: string | null;
}

const TITLES = new Set(
  (
    'mr mister mrs ms miss mx dr prof professor sir dame lord lady rev reverend herr frau fräulein m mme mlle monsieur madame ' +
    'mademoiselle sr sra srta señor señora señorita don doña dott sig signor signora'
  ).split(' '),
);
const SUFFIXES = new Set('jr jnr junior sr snr senior ii iii iv phd md esq'.split(' '));
/** Words that belong to the family name that follows them. */
const PARTICLES = new Set('van von vom zu zur zum de der den del della di da do dos das du la le ten ter'.split(' '));

/**
 * Takes a full name apart. It understands `First Middle Last`, `Last, First Middle`, titles before (`Dr`, `Frau`) and
 * suffixes behind (`Jr.`, `III`), which it leaves out. A single word is the first name, or behind a title the last name.
 */
export function splitPersonName(text: string): PersonName {
  const segments = text.split(',').map(wordsOf).filter(isMoreThanSuffixes);
  const titles: string[] = [];
  const [first = [], second] = segments.map((words) => takeTitles(words, titles)).map(dropSuffixes);
  const salutation = joined(titles);
  if (second && second.length > 0) return { salutation, ...givenNames(second), lastName: joined(first) };
  if (first.length === 1) {
    const [word = null] = first;
    const isLast = salutation !== null;
    return { salutation, firstName: isLast ? null : word, middleName: null, lastName: isLast ? word : null };
  }
  const start = familyNameStart(first);
  return { salutation, ...givenNames(first.slice(0, start)), lastName: joined(first.slice(start)) };
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function normal(word: string): string {
  return word.toLowerCase().replaceAll('.', '');
}

function isMoreThanSuffixes(words: readonly string[], position: number): boolean {
  return words.length > 0 && (position === 0 || !words.every((word) => SUFFIXES.has(normal(word))));
}

/** The words behind the titles, which go to `titles`. A title alone stays: it may be a name. */
function takeTitles(words: readonly string[], titles: string[]): string[] {
  let start = 0;
  while (start < words.length - 1 && TITLES.has(normal(words[start] ?? ''))) start++;
  titles.push(...words.slice(0, start));
  return words.slice(start);
}

function dropSuffixes(words: readonly string[]): string[] {
  let end = words.length;
  while (end > 1 && SUFFIXES.has(normal(words[end - 1] ?? ''))) end--;
  return words.slice(0, end);
}

function familyNameStart(words: readonly string[]): number {
  let start = words.length - 1;
  while (start > 1 && PARTICLES.has(normal(words[start - 1] ?? ''))) start--;
  return Math.max(start, 0);
}

function givenNames(words: readonly string[]): { firstName: string | null; middleName: string | null } {
  return { firstName: words[0] ?? null, middleName: joined(words.slice(1)) };
}

function joined(words: readonly string[]): string | null {
  return words.length > 0 ? words.join(' ') : null;
}
