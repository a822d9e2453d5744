import { fold } from '../fold.ts';

/** Letters that one language writes as two: the two-letter form, which `withoutDigraphs` makes one again. */
const DIGRAPHS: Readonly<Record<string, string>> = { ä: 'ae', ö: 'oe', ü: 'ue', å: 'aa', ø: 'oe', æ: 'ae', ß: 'ss' };
const CYRILLIC: Readonly<Record<string, string>> = Object.fromEntries(
  'а a,б b,в v,г g,ґ g,д d,е e,ё e,є e,ж zh,з z,и i,і i,ї i,й i,к k,л l,м m,н n,о o,п p,р r,с s,т t,у u,ў u,ф f,х kh,ц ts,ч ch,ш sh,щ shch,ъ ,ы y,ь ,э e,ю yu,я ya'
    .split(',')
    .map((pair) => pair.split(' ') as [string, string]),
);
const GREEK: Readonly<Record<string, string>> = Object.fromEntries(
  'α a,β v,γ g,δ d,ε e,ζ z,η i,θ th,ι i,κ k,λ l,μ m,ν n,ξ x,ο o,π p,ρ r,σ s,ς s,τ t,υ y,φ f,χ ch,ψ ps,ω o'
    .split(',')
    .map((pair) => pair.split(' ') as [string, string]),
);
const PLAIN = /^[\x20-\x7e]*$/;

/**
 * Lower case, accents off, letters of Cyrillic and Greek spelled in Latin ones, `ä` as `ae` and its like, white space
 * collapsed. What `withoutDigraphs` makes of it is equal for `Müller`, `Mueller` and `Muller`.
 */
export function foldName(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase().trim().replace(/\s+/g, ' ');
  const lower = text.normalize('NFC').toLowerCase();
  const spelled = lower.replace(/[äöüåøæß]/g, (letter) => DIGRAPHS[letter] ?? letter);
  const latin = spelled.replace(/[Ѐ-ӿͰ-Ͽ]/g, (letter) => {
    const plain = letter.normalize('NFD')[0] ?? letter;
    return CYRILLIC[letter] ?? CYRILLIC[plain] ?? GREEK[letter] ?? GREEK[plain] ?? letter;
  });
  return fold(latin);
}

/** A folded text with the two-letter forms of `ä`, `ö`, `ü`, `å` and `ø` as one letter, for comparing. */
export function withoutDigraphs(folded: string): string {
  return folded.replace(/ae/g, 'a').replace(/oe/g, 'o').replace(/ue/g, 'u').replace(/aa/g, 'a').replace(/ss/g, 's');
}
