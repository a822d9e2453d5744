import { getAllTimezones } from 'countries-and-timezones';
import fc from 'fast-check';
import { isQuiet, nextNotQuiet, type QuietHours } from '../../subgraphs/marketing/journeys/gate/quiet-hours.ts';
import { zoneOf, zonesOf } from '../../subgraphs/marketing/journeys/gate/time-zones.ts';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
const NIGHT: QuietHours = { from: '21:00', to: '08:00' };
const ZONES = Object.values(getAllTimezones())
  .filter(({ aliasOf, name }) => aliasOf === null && name.includes('/'))
  .map(({ name }) => name)
  .filter((name) => Intl.supportedValuesOf('timeZone').includes(name));

/** The hour and minute that a clock in the zone shows, by the runtime itself. */
function shown(zone: string, ms: number): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    hour: '2-digit',
    minute: '2-digit',
  });
  return format.format(ms);
}

function isQuietByTheClock({ from, to }: QuietHours, zone: string, ms: number): boolean {
  const time = shown(zone, ms);
  return from <= to ? from <= time && time < to : time >= from || time < to;
}

const times = fc
  .integer({ min: 0, max: DAY_MINUTES - 1 })
  .map((minute) => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`);
const hours = fc.oneof(fc.constant(NIGHT), fc.record({ from: times, to: times }));
const instants = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2030, 0, 1) });

it('tells quiet from not by what the clocks of the zone show', () => {
  fc.assert(
    fc.property(hours, fc.constantFrom(...ZONES), instants, (quiet, zone, ms) => {
      expect(isQuiet(quiet, zone, ms)).toBe(quiet.from !== quiet.to && isQuietByTheClock(quiet, zone, ms));
    }),
    { numRuns: 1_000 },
  );
});

/** Every change of clocks of every zone in two years, to the minute after. */
const CHANGES: readonly (readonly [zone: string, ms: number])[] = ZONES.flatMap((zone) => {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  const offset = (ms: number): string =>
    format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const found: (readonly [string, number])[] = [];
  for (let day = Date.UTC(2026, 0, 1); day < Date.UTC(2028, 0, 1); day += 7 * DAY_MINUTES * MINUTE_MS) {
    let [low, high] = [day, day + 7 * DAY_MINUTES * MINUTE_MS];
    if (offset(low) === offset(high)) continue;
    const before = offset(low);
    while (high - low > MINUTE_MS) {
      const middle = low + Math.floor((high - low) / 2 / MINUTE_MS) * MINUTE_MS;
      if (offset(middle) === before) low = middle;
      else high = middle;
    }
    found.push([zone, high]);
  }
  return found;
});

/** The first minute that is not quiet, looked for one by one. */
function firstByLooking(quiet: QuietHours, zone: string, ms: number): number {
  if (!isQuietByTheClock(quiet, zone, ms)) return ms;
  let at = Math.floor(ms / MINUTE_MS) * MINUTE_MS;
  while (isQuiet(quiet, zone, at)) at += MINUTE_MS;
  return at;
}

it('ends with the first minute that is not quiet, on every day and on those on which clocks are changed', () => {
  expect(CHANGES.length).toBeGreaterThan(300);
  const nearChanges = fc
    .tuple(
      fc.constantFrom(...CHANGES),
      fc.integer({ min: -26 * 60, max: 26 * 60 }),
      fc.integer({ min: 0, max: 59_999 }),
    )
    .map(([[zone, change], minutes, rest]) => [zone, change + minutes * MINUTE_MS + rest] as const);
  const anywhere = fc.tuple(fc.constantFrom(...ZONES), instants);
  fc.assert(
    fc.property(hours, fc.oneof(nearChanges, anywhere), (quiet, [zone, ms]) => {
      if (quiet.from === quiet.to) return;
      const next = nextNotQuiet(quiet, [zone], ms);
      expect(isQuietByTheClock(quiet, zone, next)).toBe(false);
      expect(next).toBe(firstByLooking(quiet, zone, ms));
    }),
    { numRuns: 500 },
  );
});

it('with several zones gives an instant at which none is quiet, and no earlier one is', () => {
  const some = fc.uniqueArray(
    fc.constantFrom('America/New_York', 'America/Chicago', 'Pacific/Honolulu', 'America/Adak'),
    {
      minLength: 1,
    },
  );
  fc.assert(
    fc.property(some, instants, (zones, ms) => {
      const next = nextNotQuiet(NIGHT, zones, ms);
      expect(zones.filter((zone) => isQuiet(NIGHT, zone, next))).toEqual([]);
      for (let at = Math.floor(ms / MINUTE_MS + 1) * MINUTE_MS; at < next; at += 5 * MINUTE_MS) {
        expect(zones.some((zone) => isQuiet(NIGHT, zone, at))).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
});

it.each([
  // The clocks go forward at 02:00: the night is an hour shorter.
  ['America/Chicago', '2026-03-08T04:30:00Z', '2026-03-08T13:00:00.000Z'],
  // They go back at 02:00: an hour longer.
  ['America/Chicago', '2026-11-01T03:30:00Z', '2026-11-01T14:00:00.000Z'],
  ['Europe/Berlin', '2026-03-28T22:00:00Z', '2026-03-29T06:00:00.000Z'],
  ['Asia/Kathmandu', '2026-06-01T16:00:00Z', '2026-06-02T02:15:00.000Z'],
  ['Australia/Lord_Howe', '2026-04-04T12:00:00Z', '2026-04-04T21:30:00.000Z'],
])('in %s at %s it is quiet until %s', (zone, now, until) => {
  expect(new Date(nextNotQuiet(NIGHT, [zone], Date.parse(now))).toISOString()).toBe(until);
});

it('lets the first zone count alone where it is always quiet in one of them', () => {
  const antipodes = ['Europe/Madrid', 'Pacific/Auckland', 'Asia/Tokyo'];
  const now = Date.parse('2026-06-01T21:30:00Z');
  expect(new Date(nextNotQuiet(NIGHT, antipodes, now)).toISOString()).toBe('2026-06-02T06:00:00.000Z');
});

describe('where a person lives', () => {
  const at = (countryName: string | null, stateProvinceName: string | null = null, telephoneNumbers: string[] = []) =>
    zonesOf({ addresses: [{ countryName, stateProvinceName }], telephoneNumbers }, 'Etc/UTC');

  it.each([
    ['US', 'IL', ['America/Chicago']],
    ['United States', 'new york', ['America/New_York']],
    ['usa', 'N.Y.', ['America/New_York']],
    ['US', 'FL', ['America/New_York', 'America/Chicago']],
    ['CA', 'Québec', ['America/Toronto', 'America/Blanc-Sablon']],
    ['Australia', 'QLD', ['Australia/Brisbane']],
    ['PT', 'Açores', ['Atlantic/Azores']],
    ['IT', 'TO', ['Europe/Rome']],
    ['Italia', null, ['Europe/Rome']],
    ['United Kingdom', null, ['Europe/London']],
  ])('%s, %s: %j', (country, region, zones) => {
    expect(at(country, region)).toEqual(zones);
  });

  it('takes every zone of a country when the region is unknown, its main one first', () => {
    expect(at('US', 'Nowhere')).toEqual(expect.arrayContaining(['America/New_York', 'Pacific/Honolulu']));
    expect(at('US')[0]).toBe('America/New_York');
    expect(zoneOf({ addresses: [{ countryName: 'RU', stateProvinceName: null }], telephoneNumbers: [] }, 'UTC')).toBe(
      'Europe/Moscow',
    );
  });

  it('goes by the telephone number where no country is known, and by the default where nothing is', () => {
    expect(at(null, null, ['+393335900004'])).toEqual(['Europe/Rome']);
    expect(at('Atlantis', null, ['+49301234567'])[0]).toBe('Europe/Berlin');
    expect(at(null)).toEqual(['Etc/UTC']);
  });

  it('names zones only that the runtime knows', () => {
    for (const country of ['US', 'CA', 'AU', 'ES', 'PT', 'RU', 'BR', 'GL', 'UA', 'KI', 'FM']) {
      for (const zone of at(country)) expect(() => new Intl.DateTimeFormat('en', { timeZone: zone })).not.toThrow();
    }
  });
});
