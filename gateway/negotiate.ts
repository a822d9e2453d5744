import type { MediaType } from './stages/respond.ts';

const OFFERS: readonly (MediaType | 'text/html')[] = [
  'application/json',
  'application/graphql-response+json',
  'text/html',
];

/**
 * The media type to answer in, undefined when none of ours is accepted. HTML only for who names it, as browsers do; where
 * several are equally welcome, the one named first; without any wish, `application/json`.
 */
export function negotiate(accept: string | undefined): MediaType | 'text/html' | undefined {
  const wishes = (accept?.trim() || '*/*').split(',').map(parseWish);
  let best: { offer: MediaType | 'text/html'; quality: number } | undefined;
  for (const { range, quality } of wishes) {
    const offer = OFFERS.find((candidate) => matches(range, candidate));
    if (offer && quality > 0 && quality > (best?.quality ?? 0)) best = { offer, quality };
  }
  return best?.offer;
}

function parseWish(wish: string): { range: string; quality: number } {
  const [range = '', ...parameters] = wish.split(';').map((part) => part.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  return { range, quality: quality === undefined ? 1 : Number(quality) || 0 };
}

function matches(range: string, offer: string): boolean {
  return range === offer || (offer !== 'text/html' && (range === '*/*' || range === 'application/*'));
}
