const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;

interface ZoneClock {
  readonly format: Intl.DateTimeFormat;
  /** What was asked last: many gates are asked in the same minute. */
  minute: number;
  offset: number;
}

/** Grows to the number of zones there are, about 400. */
const clocks = new Map<string, ZoneClock>();

/**
 * By how many minutes the clocks of an IANA zone are ahead of UTC at an instant (milliseconds). Throws RangeError for a
 * zone that is none.
 */
export function zoneOffset(zone: string, ms: number): number {
  const clock = clocks.get(zone) ?? newClock(zone);
  const minute = Math.floor(ms / MINUTE_MS);
  if (clock.minute !== minute) {
    clock.offset = readOffset(clock.format, minute);
    clock.minute = minute;
  }
  return clock.offset;
}

/** The time of day in a zone, minutes since its midnight by the clock on the wall. */
export function minuteOfDay(zone: string, ms: number): number {
  const local = Math.floor(ms / MINUTE_MS) + zoneOffset(zone, ms);
  return ((local % DAY_MINUTES) + DAY_MINUTES) % DAY_MINUTES;
}

/** True for a zone that the runtime knows. */
export function isZone(zone: string): boolean {
  try {
    newClock(zone);
    return true;
  } catch {
    return false;
  }
}

function newClock(zone: string): ZoneClock {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  const clock: ZoneClock = { format, minute: Number.NaN, offset: 0 };
  clocks.set(zone, clock);
  return clock;
}

function readOffset(format: Intl.DateTimeFormat, minute: number): number {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of format.formatToParts(minute * MINUTE_MS)) parts[type] = Number(value);
  const { year = 1970, month = 1, day = 1, hour = 0, minute: minutes = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minutes) / MINUTE_MS - minute;
}
