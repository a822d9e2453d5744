/** Anything but what may stand in JSON text as it is. Surrogates are left to `JSON.stringify`, which escapes lone ones. */
const NEEDS_ESCAPE = /[^\u0020\u0021\u0023-\u005b\u005d-\ud7ff\ue000-\uffff]/;

/** A string as JSON text. A look at its characters and no copy is cheaper than `JSON.stringify`, whatever the length. */
export function quote(value: string): string {
  return NEEDS_ESCAPE.test(value) ? JSON.stringify(value) : `"${value}"`;
}

/** Any value of a leaf as JSON text; `null` for what JSON has no place for. */
export function leafText(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return Number.isFinite(value) ? `${value}` : 'null';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  return JSON.stringify(value) ?? 'null';
}
