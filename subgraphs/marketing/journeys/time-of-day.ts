const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/**
 * When it is next this time of day (`HH:MM`) in a zone, milliseconds, later than `nowMs`. A time that a change of clocks skips comes
 * right after the gap; one that comes twice is the first. Throws RangeError for a zone that is none.
 */
export function nextTimeOfDay(time: string, zone: string, nowMs: number): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  for (const days of [0, 1, 2]) {
    const local = localParts(format, nowMs + days * DAY_MS);
    const wanted = Date.UTC(local.year, local.month - 1, local.day, hours, minutes);
    const at = instantOf(format, wanted, nowMs + days * DAY_MS);
    if (at > nowMs) return at;
  }
  return nowMs + DAY_MS;
}

/** The instant at which clocks of the zone show a time, given as if it were UTC. */
function instantOf(format: Intl.DateTimeFormat, wanted: number, near: number): number {
  let at = wanted - offsetAt(format, near);
  at = wanted - offsetAt(format, at);
  const shown = at + offsetAt(format, at);
  // In the gap of a change of clocks no instant shows it: take the one right after.
  if (shown < wanted) return at + (wanted - shown);
  const earlier = at - 60 * MINUTE_MS;
  return earlier + offsetAt(format, earlier) === wanted ? earlier : at;
}

function offsetAt(format: Intl.DateTimeFormat, ms: number): number {
  const { year, month, day, hour, minute, second } = localParts(format, ms);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1_000) * 1_000;
}

function localParts(format: Intl.DateTimeFormat, ms: number) {
  const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return { year, month, day, hour, minute, second };
}
