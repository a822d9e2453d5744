import { withBoundedCache } from '../bounded-cache.ts';
import { editDistance } from '../compare/similarity.ts';

const ADDRESS = /^[^\s@"(),:;<>[\\\]]+@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+[\p{L}\p{N}-]{2,}$/u;
const LENGTH_LIMIT = 254;
/** Providers that many people use, whose names are worth repairing; label and what may follow it. */
const PROVIDERS =
  'gmail hotmail yahoo outlook icloud googlemail comcast verizon protonmail btinternet wanadoo laposte libero virgilio'.split(
    ' ',
  );
const KNOWN_LABELS = new Set([
  ...PROVIDERS,
  'ymail',
  'email',
  'mail',
  'hotmai',
  'live',
  'msn',
  'aol',
  'gmx',
  'web',
  'orange',
  'free',
  'alice',
]);
const TOP_LEVEL_TYPOS: Readonly<Record<string, string>> = {
  con: 'com',
  cmo: 'com',
  ocm: 'com',
  comm: 'com',
  vom: 'com',
  xom: 'com',
  cpm: 'com',
  nte: 'net',
  ner: 'net',
};
const WITHOUT_DOTS = new Set(['gmail.com']);
const CACHED_DOMAINS = 20_000;

/**
 * An e-mail address in the form in which two spellings of one mailbox are equal: taken out of `Name <address>`, lower case,
 * no tag after `+`, common slips in the domain repaired, at Gmail no dots and one domain. Null when it is not an address.
 */
export function normaliseEmailAddress(text: string): string | null {
  const bracket = text.indexOf('<');
  let address = (bracket >= 0 ? (text.slice(bracket + 1).split('>')[0] ?? '') : text).trim();
  if (address.startsWith('mailto:')) address = address.slice(7);
  address = address.normalize('NFKC').toLowerCase().replace(/\s+/g, '');
  if (address.length > LENGTH_LIMIT || !ADDRESS.test(address)) return null;
  const at = address.indexOf('@');
  const domain = repairDomain(address.slice(at + 1));
  const plus = address.indexOf('+');
  let mailbox = address.slice(0, plus > 0 && plus < at ? plus : at);
  if (WITHOUT_DOTS.has(domain)) mailbox = mailbox.replaceAll('.', '');
  return mailbox === '' ? null : `${mailbox}@${domain}`;
}

/** The domain without a common slip: `gmial.com` is `gmail.com`. The first letter has to be right, because `fmail.com` may be meant. */
const repairDomain = withBoundedCache(CACHED_DOMAINS, (domain) => {
  const dot = domain.indexOf('.');
  const label = domain.slice(0, dot);
  const rest = domain.slice(dot + 1);
  const end = TOP_LEVEL_TYPOS[rest] ?? rest;
  const meant = KNOWN_LABELS.has(label)
    ? undefined
    : PROVIDERS.find((name) => name[0] === label[0] && editDistance(name, label) === 1);
  const fixed = meant ?? label;
  return fixed === 'googlemail' || `${fixed}.${end}` === 'gmail.co' ? 'gmail.com' : `${fixed}.${end}`;
});
