/** The longest text that one field may have, in UTF-16 units. */
const MAX_TEXT_LENGTH = 2_000;
const MAX_ID_LENGTH = 200;
const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;
const INSTANT = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-](0\d|1[0-4]):[0-5]\d)$/;
// PostgreSQL's text holds neither NUL nor half of a surrogate pair.
const UNSTORABLE = /\0|\p{Surrogate}/u;

/** A field of a line is not what it has to be. The message names the field and never its value. */
export class LineFault extends Error {}

/**
 * Takes the fields out of one line of an export, each with its type. Text is trimmed, nothing else is done to it; empty text counts
 * as no value. Every method throws LineFault when the field is something else.
 */
export class LineReader {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #known = new Set<string>();

  constructor(fields: Readonly<Record<string, unknown>>, path = '') {
    this.#fields = fields;
    this.#path = path;
  }

  /** The record's own key. */
  id(name: string): string {
    const id = this.text(name);
    if (id === null) throw new LineFault(`${this.#named(name)} is missing`);
    if (id.length > MAX_ID_LENGTH)
      throw new LineFault(`${this.#named(name)} is longer than ${MAX_ID_LENGTH} characters`);
    return id;
  }

  /** A text, or null. */
  text(name: string): string | null {
    const value = this.#take(name);
    if (value === undefined || value === null) return null;
    if (typeof value !== 'string') throw new LineFault(`${this.#named(name)} is not a text`);
    return storableText(value, this.#named(name));
  }

  /** One of a few texts, or null. */
  oneOf<T extends string>(name: string, allowed: readonly T[]): T | null {
    const value = this.text(name);
    const found = allowed.find((candidate) => candidate === value);
    if (value !== null && found === undefined) {
      throw new LineFault(`${this.#named(name)} is none of ${allowed.join(', ')}`);
    }
    return found ?? null;
  }

  /** A calendar day, ISO 8601, or null. */
  day(name: string): string | null {
    const value = this.text(name);
    if (value !== null && !isDay(value)) throw new LineFault(`${this.#named(name)} is not a day such as 1984-02-29`);
    return value;
  }

  /** An instant, ISO 8601 with its offset, or null. */
  instant(name: string): string | null {
    const value = this.text(name);
    if (value === null) return null;
    const day = INSTANT.exec(value)?.[1];
    if (day === undefined || !isDay(day)) {
      throw new LineFault(`${this.#named(name)} is not an instant such as 2026-03-01T08:30:00Z`);
    }
    return value;
  }

  /** The fields of an object within the line; none when it is left out. */
  object(name: string): LineReader {
    return new LineReader(this.#object(name), `${this.#named(name)}.`);
  }

  /** An object whose values are all texts, without the empty ones. */
  texts(name: string): Record<string, string> {
    const named = this.#named(name);
    const entries = Object.entries(this.#object(name)).flatMap(([key, value]): [string, string][] => {
      if (value === null) return [];
      if (typeof value !== 'string') throw new LineFault(`${named} has a value that is not a text`);
      const storable = storableText(value, named);
      const storableKey = storableText(key, named);
      return storable === null || storableKey === null ? [] : [[storableKey, storable]];
    });
    return Object.fromEntries(entries);
  }

  /** Names of the line's fields that nobody asked for. */
  unknownFields(): string[] {
    return Object.keys(this.#fields).filter((name) => !this.#known.has(name));
  }

  #object(name: string): Readonly<Record<string, unknown>> {
    const value = this.#take(name) ?? {};
    if (!isPlainObject(value)) throw new LineFault(`${this.#named(name)} is not an object`);
    return value;
  }

  #take(name: string): unknown {
    this.#known.add(name);
    return Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
  }

  #named(name: string): string {
    return this.#path + name;
  }
}

/** True for what JSON calls an object. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function storableText(value: string, named: string): string | null {
  if (value.length > MAX_TEXT_LENGTH) throw new LineFault(`${named} is longer than ${MAX_TEXT_LENGTH} characters`);
  if (UNSTORABLE.test(value)) throw new LineFault(`${named} has a NUL character or half of a surrogate pair`);
  const trimmed = value.trim();
  return trimmed === '' ? null : trimmed;
}

function isDay(text: string): boolean {
  const parts = DAY.exec(text);
  if (!parts) return false;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  return year >= 1 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
