import { sourceExpression } from '../column-source.ts';
import type { CompiledObject } from '../compile.ts';
import type { Parameters } from './parameters.ts';

const WORD = /[\p{L}\p{N}\p{M}]+/gu;
const MOST_WORDS = 10;
const LONGEST_WORD = 64;

/**
 * The condition that every word of a search is the beginning of a word of the record's name. A GIN index on the same
 * expression serves it: `to_tsvector('simple', coalesce(first, '') || ' ' || coalesce(last, ''))`.
 */
export function nameSearchSql(object: CompiledObject, alias: string, parameters: Parameters): string {
  const texts = object.nameColumns.map((source) => `coalesce(${sourceExpression(source, alias)}, '')`);
  if (texts.length === 0) return 'false';
  const query = parameters.add(({ search }) => search);
  return `to_tsvector('simple', ${texts.join(` || ' ' || `)}) @@ to_tsquery('simple', ${query}::text)`;
}

/** A safe text search query of a person's words, each as a beginning; null when there is no word in them. */
export function toSearchQuery(text: string): string | null {
  const words = [...text.matchAll(WORD)].slice(0, MOST_WORDS).map(([word]) => `${word.slice(0, LONGEST_WORD)}:*`);
  return words.length > 0 ? words.join(' & ') : null;
}
