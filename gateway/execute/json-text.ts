/** What may not stand in JSON text as it is. Lone surrogates are escaped too, as `JSON.stringify` does. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const NEEDS_ESCAPE = /["\\\u0000-\u001f\ud800-\udfff]/;
/** From this length on the engine's own scan is faster. */
const SHORT = 64;

/** A string as JSON text. */
export function quote(value: string): string {
  return value.length < SHORT && !NEEDS_ESCAPE.test(value) ? `"${value}"` : JSON.stringify(value);
}

/** Any value of a leaf as JSON text; `null` for what JSON has no place for. */
export function leafText(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return Number.isFinite(value) ? `${value}` : 'null';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  return JSON.stringify(value) ?? 'null';
}
