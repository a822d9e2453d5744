import { minuteOfDay, zoneOffset } from './zone-clock.ts';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
/** In so many turns every set of zones has found an instant at which none is quiet, if there is one. */
const TURNS_LIMIT = 200;

/** Hours of the day in which nothing is sent; `HH:MM`, equal times switch them off. */
export interface QuietHours {
  readonly from: string;
  readonly to: string;
}

/** True when it is quiet in the zone. The minute of `from` is quiet, that of `to` is not. */
export function isQuiet({ from, to }: QuietHours, zone: string, ms: number): boolean {
  const [start, end, now] = [minutesOf(from), minutesOf(to), minuteOfDay(zone, ms)];
  return start <= end ? start <= now && now < end : now >= start || now < end;
}

/**
 * The first instant, to the minute, at `ms` or later, at which it is quiet in none of the zones; `ms` itself when it is quiet
 * in none now. Clocks that are changed meanwhile are reckoned with. Where the zones of a country lie so far apart that it
 * is always quiet in one of them, the first zone counts alone.
 */
export function nextNotQuiet(hours: QuietHours, zones: readonly string[], ms: number): number {
  let at = ms;
  for (let turn = 0; turn < TURNS_LIMIT; turn += 1) {
    const quiet = zones.find((zone) => isQuiet(hours, zone, at));
    if (quiet === undefined) return at;
    at = endOfQuiet(hours, quiet, at);
  }
  const [first] = zones;
  return first === undefined || !isQuiet(hours, first, ms) ? ms : endOfQuiet(hours, first, ms);
}

/** When it ends to be quiet in a zone in which it is quiet. */
function endOfQuiet(hours: QuietHours, zone: string, ms: number): number {
  const from = Math.floor(ms / MINUTE_MS) * MINUTE_MS;
  const end = from + minutesUntil(hours.to, zone, from) * MINUTE_MS;
  if (zoneOffset(zone, from) === zoneOffset(zone, end)) return end;
  // The clocks are changed in between: before the change it ends as reckoned or not at all, then it is reckoned anew.
  const change = changeOfClocks(zone, from, end);
  if (end < change) return end;
  return isQuiet(hours, zone, change) ? endOfQuiet(hours, zone, change) : change;
}

/** Minutes until the clock shows the time, if nobody changes it: 1 to a day. */
function minutesUntil(time: string, zone: string, ms: number): number {
  return ((minutesOf(time) - minuteOfDay(zone, ms) + DAY_MINUTES - 1) % DAY_MINUTES) + 1;
}

/** The minute at which clocks that differ at the two ends have another offset for the first time. */
function changeOfClocks(zone: string, from: number, to: number): number {
  const before = zoneOffset(zone, from);
  let [low, high] = [from / MINUTE_MS, to / MINUTE_MS];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (zoneOffset(zone, middle * MINUTE_MS) === before) low = middle;
    else high = middle;
  }
  return high * MINUTE_MS;
}

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}
