const ISO_DAY = /^(\d{4})-(\d{2})-(\d{2})/;
const TOKENS: Readonly<Record<string, string>> = {
  YYYY: '(?<year>\\d{4})',
  MM: '(?<month>\\d{2})',
  DD: '(?<day>\\d{2})',
  M: '(?<month>\\d{1,2})',
  D: '(?<day>\\d{1,2})',
};
const TOKEN = /YYYY|MM|DD|M|D/g;
const UTC_SECOND = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?\+00:00$/;
const CANONICAL = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
const WITHOUT_ZONE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,6})?)?$/;

/** True when a date can be read by the format: year, month and day once each, such as `DD.MM.YYYY`. */
export function isDateFormat(format: string): boolean {
  const kinds = (format.match(TOKEN) ?? []).map((token) => token[0]).sort();
  return kinds.join('') === 'DMY' && !/[A-Za-z]/.test(format.replaceAll(TOKEN, ''));
}

/** Makes a reader of dates written in one format: ISO 8601 day, or null for what is no such day of the calendar. */
export function createDateReader(format: string): (text: string) => string | null {
  let pattern = '';
  let end = 0;
  for (const match of format.matchAll(TOKEN)) {
    pattern += escapeForPattern(format.slice(end, match.index)) + (TOKENS[match[0]] ?? '');
    end = match.index + match[0].length;
  }
  const whole = new RegExp(`^${pattern}${escapeForPattern(format.slice(end))}$`);
  return (text) => {
    const groups = whole.exec(text.trim())?.groups;
    if (!groups) return null;
    const month = (groups['month'] ?? '').padStart(2, '0');
    return existingDay(`${groups['year']}-${month}-${(groups['day'] ?? '').padStart(2, '0')}`);
  };
}

/** The calendar day (UTC) of a day or an instant in ISO 8601, or null. */
export function toDay(text: string): string | null {
  if (!ISO_DAY.test(text)) return null;
  if (text.length === 10) return existingDay(text);
  return toInstant(text)?.slice(0, 10) ?? null;
}

/**
 * An instant as the schema gives it, `2026-03-01T08:30:00.000Z`, from ISO 8601 text as a database writes it; null for
 * what is none, such as `infinity`. Without a zone it is UTC.
 */
export function toInstant(text: string): string | null {
  if (UTC_SECOND.test(text)) {
    const fraction = text.length > 25 ? text.slice(20, -6) : '';
    return `${text.slice(0, 19)}.${fraction.padEnd(3, '0').slice(0, 3)}Z`;
  }
  if (CANONICAL.test(text)) return text;
  const spaced = text.length > 10 && text[10] === ' ' ? `${text.slice(0, 10)}T${text.slice(11)}` : text;
  const milliseconds = Date.parse(WITHOUT_ZONE.test(spaced) && spaced.length > 10 ? `${spaced}Z` : spaced);
  return ISO_DAY.test(spaced) && !Number.isNaN(milliseconds) ? new Date(milliseconds).toISOString() : null;
}

function existingDay(day: string): string | null {
  const milliseconds = Date.parse(`${day}T00:00:00.000Z`);
  if (Number.isNaN(milliseconds)) return null;
  return new Date(milliseconds).toISOString().slice(0, 10) === day ? day : null;
}

function escapeForPattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
