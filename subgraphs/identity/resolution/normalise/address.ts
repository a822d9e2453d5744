import type { CanonicalAddress, MatchAddress } from '../match-record.ts';
import { foldName } from './text.ts';

/** Words of streets to the form in which they are compared. */
const ABBREVIATIONS: Readonly<Record<string, string>> = Object.fromEntries(
  (
    'street st,str st,strasse st,avenue ave,av ave,avenida ave,avda ave,road rd,drive dr,drv dr,lane ln,court ct,boulevard blvd,boul blvd,bd blvd,square sq,' +
    'parkway pkwy,place pl,platz pl,piazza pza,highway hwy,terrace ter,circle cir,crescent cres,trail trl,way wy,close cl,gardens gdns,grove grv,heights hts,' +
    'station sta,junction jct,mount mt,fort ft,saint st,rue r,via v,calle c,north n,south s,east e,west w,northeast ne,northwest nw,southeast se,southwest sw,' +
    'route rte,rte rte,alley aly,bridge brg,center ctr,centre ctr,point pt,ridge rdg,valley vly,view vw,village vlg,freeway fwy,turnpike tpke,plaza plz,allee all'
  )
    .split(',')
    .map((pair) => pair.split(' ') as [string, string]),
);
const STREET_TYPES = new Set('st ave rd dr ln ct blvd sq pkwy pl hwy ter cir trl wy cl'.split(' '));
const UNITS =
  /^(?:apt|apartment|unit|suite|ste|flat|wohnung|whg|appt|appartement|piso|floor|fl|room|rm|bld|bldg|building|interno|int|app|lot|top)$/;
const BOX = /\b(?:p\.?\s*o\.?\s*box|postfach|bp|apartado)\s*(\d+)/;
/** Words of letters and digits with one space between them, as folding leaves most texts. */
const PLAIN_WORDS = /^[a-z0-9]+(?: [a-z0-9]+)*$/;
const COUNTRIES: Readonly<Record<string, string>> = Object.fromEntries(
  (
    'us usa united states,us united states of america,us america,gb uk united kingdom,gb great britain,gb england,gb scotland,gb wales,de deutschland germany,de deu,de ger,' +
    'fr france fra,es spain espana,es esp,it italy italia,it ita,us usa,gb gbr,at austria osterreich,at oesterreich,ch switzerland schweiz,nl netherlands,nl nederland,' +
    'ca canada can,au australia aus,ie ireland irl,be belgium bel,pt portugal prt,pl poland polska'
  )
    .split(',')
    .flatMap((line) => {
      const [code = '', ...names] = line.split(' ');
      const whole = names.join(' ');
      return [[whole, code.toUpperCase()] as const, ...names.map((name) => [name, code.toUpperCase()] as const)];
    }),
);

/** The ISO 3166 code of a country's name or code; null when it is not known. */
export function normaliseCountry(text: string): string | null {
  const folded = foldName(text)
    .replace(/[^a-z ]/g, '')
    .trim();
  return /^[a-z]{2}$/.test(folded) && folded !== 'uk' ? folded.toUpperCase() : (COUNTRIES[folded] ?? null);
}

/** An address as number and street, unit, postal code and city. Also understands one line with everything. Null when nothing is left. */
export function normaliseAddress(address: CanonicalAddress): MatchAddress | null {
  const line = foldName(address.addressLine1 ?? '');
  const isWhole = line.includes(',') || (line !== '' && !address.postalCodeText && !address.cityName);
  const street = readStreet(isWhole ? streetPart(line) : line);
  const rest = isWhole ? readRest(line) : {};
  const unit = street.unit ?? unitOf(foldName(address.addressLine2 ?? '')) ?? rest.unit;
  const postal = normalisePostalCode(address.postalCodeText ?? '') || rest.postalCode;
  const city = plainWords(foldName(address.cityName ?? '')) || street.rest || rest.city;
  const result: MatchAddress = {
    ...(street.street ? { street: street.street } : {}),
    ...(street.number ? { number: street.number } : {}),
    ...(unit ? { unit } : {}),
    ...(postal ? { postalCode: postal } : {}),
    ...(city ? { city } : {}),
  };
  return Object.keys(result).length > 0 ? result : null;
}

/** Letters and digits only; of an American code the first five digits. */
export function normalisePostalCode(text: string): string {
  const plain = text.toLowerCase().replace(/[^a-z0-9]/g, '');
  return /^\d{9}$/.test(plain) ? plain.slice(0, 5) : plain;
}

interface ReadStreet {
  readonly street: string;
  readonly number: string | undefined;
  readonly unit: string | undefined;
  /** What follows the street in a line without commas: a city. */
  readonly rest: string | undefined;
}

/** The part of a line that holds the street: the first one with a number that is not a unit's. */
function streetPart(line: string): string {
  const parts = line.split(',').map((part) => part.trim());
  return parts.find((part) => /\d/.test(part) && !UNITS.test(part.split(/[\s.]+/)[0] ?? '')) ?? parts[0] ?? '';
}

function readRest(line: string): { readonly postalCode?: string; readonly city?: string; readonly unit?: string } {
  const parts = line.split(',').map((part) => part.trim());
  const code =
    /\b(\d{5})(?:-?\d{4})?$/.exec(line)?.[1] ??
    /\b([a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2})\b/.exec(line)?.[1]?.replace(' ', '') ??
    /\b(?:[a-z]{1,2}-)(\d{4,5})\b/.exec(line)?.[1];
  const unit = parts.map(unitOf).find((found) => found !== undefined);
  const city = parts
    .slice(1)
    .map((part) => plainWords(part.replace(/\b[a-z]{0,2}-?\d[\da-z -]*$/, '')))
    .find((part) => part.length > 3 && !/\d/.test(part));
  return { ...(code ? { postalCode: code } : {}), ...(city ? { city } : {}), ...(unit ? { unit } : {}) };
}

function unitOf(text: string): string | undefined {
  const words = text.split(/[\s.,]+/).filter((word) => word !== '');
  if (words[0]?.startsWith('#')) return words[0].slice(1) || words[1];
  return words[0] !== undefined && (UNITS.test(words[0]) || (words.length === 1 && /\d/.test(words[0])))
    ? (words[1] ?? words[0])
    : undefined;
}

function readStreet(line: string): ReadStreet {
  const box = BOX.exec(line);
  if (box) return { street: 'po box', number: box[1], unit: undefined, rest: undefined };
  const words = wordsOf(line).filter((word) => word !== '' && word !== 'no' && word !== 'nr');
  let unit: string | undefined;
  const street: string[] = [];
  let number: string | undefined;
  let rest: string | undefined;
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] as string;
    const next = words[i + 1];
    if ((word === '#' || UNITS.test(word)) && next !== undefined && /\d|^[a-z]$/.test(next)) {
      unit = next;
      i += 1;
    } else if (
      /^\d+[a-z]?$/.test(word) &&
      number === undefined &&
      (street.length === 0 || i >= words.length - 1 || !/^\p{L}/u.test(next ?? ''))
    )
      number = word;
    else if (word !== '#') {
      const short = ABBREVIATIONS[word] ?? word;
      street.push(short);
      if (
        number !== undefined &&
        street.length > 1 &&
        STREET_TYPES.has(short) &&
        i < words.length - 1 &&
        next !== undefined &&
        !/\d|^#$/.test(next) &&
        !UNITS.test(next) &&
        next.length > 2
      ) {
        rest = words
          .slice(i + 1)
          .filter((other) => !/\d/.test(other))
          .join(' ');
        break;
      }
    }
  }
  return { street: street.join(' '), number, unit, rest: rest || undefined };
}

/** The words of a line that holds a street. Most lines need no more than to be split: that saves half of the time. */
function wordsOf(line: string): string[] {
  if (PLAIN_WORDS.test(line) && !/[a-z]str/.test(line)) return line.split(' ');
  return line
    .replace(/\bc\//g, 'c ')
    .replace(/#\s*/g, ' # ')
    .replace(/(\p{L})str(?:\.|asse|\b)(?=\s|\d|$)/gu, '$1 st')
    .replace(/['’]/g, '')
    .split(/[^\p{L}\p{N}#]+/u);
}

function plainWords(folded: string): string {
  if (PLAIN_WORDS.test(folded)) return folded;
  return folded
    .replace(/[^\p{L}\p{N} ]+/gu, ' ')
    .trim()
    .replace(/\s+/g, ' ');
}
