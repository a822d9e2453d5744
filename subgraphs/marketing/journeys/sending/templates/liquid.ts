import type { Liquid, Template } from 'liquidjs';

/** For what a text is written: people's names are escaped in HTML, and in plain text they are as they are. */
export type LiquidKind = 'html' | 'text';

/** Limits of one text: a template is written by people who are trusted with mail, not with the process. */
export const LIQUID_LIMITS = { parse: 250_000, renderMs: 1_000, memory: 5_000_000, templates: 20_000 } as const;
/** Longest text that a template may give, in UTF-16 units. */
export const LONGEST_TEXT = 500_000;

/** Tags that read other templates, and filters that let markup through. */
const FORBIDDEN_TAGS = ['include', 'render', 'layout', 'block'];
const FORBIDDEN_FILTERS = ['raw'];

type LiquidModule = typeof import('liquidjs');

/**
 * Makes the language of templates: unknown variables and filters are faults, in HTML every value is escaped, no file is ever read.
 * Filters beside Liquid's own: `money: currency`, `day`, `time`, which write amounts and times as the locale does, times by the clocks of
 * the zone that the text is rendered for.
 */
export function createLiquid(module: LiquidModule, kind: LiquidKind, locale: string): Liquid {
  const liquid = new module.Liquid({
    strictVariables: true,
    // `{% if order %}` asks whether there is one. A name that never exists is found when the journey is saved.
    lenientIf: true,
    strictFilters: true,
    ownPropertyOnly: true,
    templates: {},
    locale,
    timezoneOffset: 0,
    parseLimit: LIQUID_LIMITS.parse,
    renderLimit: LIQUID_LIMITS.renderMs,
    memoryLimit: LIQUID_LIMITS.memory,
    ...(kind === 'html' && { outputEscape: 'escape' as const }),
  });
  for (const tag of FORBIDDEN_TAGS) delete liquid.tags[tag];
  for (const filter of FORBIDDEN_FILTERS) delete liquid.filters[filter];
  const moneyFormat = rememberedByCurrency(locale);
  const day = rememberedByZone((timeZone) => new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone }));
  const hours = rememberedByZone((timeZone) => new Intl.DateTimeFormat(locale, { timeStyle: 'short', timeZone }));
  liquid.registerFilter('money', (amount: unknown, currency: unknown) => money(amount, currency, moneyFormat));
  liquid.registerFilter('day', function (time: unknown) {
    return formatTime(time, day(zoneOf(this.context)));
  });
  liquid.registerFilter('time', function (time: unknown) {
    return formatTime(time, hours(zoneOf(this.context)));
  });
  return liquid;
}

/** Writes a text, its times by the clocks of an IANA zone. Throws what Liquid finds, or that the text is too long. */
export function renderLiquid(liquid: Liquid, template: Template[], scope: object, timeZone = UTC): string {
  const text = String(
    liquid.renderSync(template, scope, {
      globals: { [ZONE]: timeZone },
      renderLimit: LIQUID_LIMITS.renderMs,
      memoryLimit: LIQUID_LIMITS.memory,
      templateLimit: LIQUID_LIMITS.templates,
    }),
  );
  if (text.length > LONGEST_TEXT) throw new Error(`The text has more than ${LONGEST_TEXT} characters.`);
  return text;
}

const UTC = 'Etc/UTC';
/** Under which the zone is kept while a text is rendered: no template can name it. */
const ZONE = ' zone';

function zoneOf({ globals }: { readonly globals: object }): string {
  return String((globals as Readonly<Record<string, unknown>>)[ZONE] ?? UTC);
}

/** There are some 400 zones. */
function rememberedByZone(formatOf: (zone: string) => Intl.DateTimeFormat): (zone: string) => Intl.DateTimeFormat {
  const formats = new Map<string, Intl.DateTimeFormat>();
  return (zone) => {
    const format = formats.get(zone) ?? formatOf(zone);
    formats.set(zone, format);
    return format;
  };
}

/** To make a format takes far longer than to use it. There are some 180 currencies. */
function rememberedByCurrency(locale: string): (currency: string) => Intl.NumberFormat {
  const formats = new Map<string, Intl.NumberFormat>();
  return (currency) => {
    const format = formats.get(currency) ?? new Intl.NumberFormat(locale, { style: 'currency', currency });
    if (formats.size < 200) formats.set(currency, format);
    return format;
  };
}

function money(amount: unknown, currency: unknown, formatOf: (currency: string) => Intl.NumberFormat): string {
  const isAmount =
    typeof amount === 'number' || (typeof amount === 'string' && /^-?\d{1,18}(\.\d{1,6})?$/.test(amount));
  if (!isAmount || typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency)) {
    throw new Error(
      '`money` writes an amount and takes its currency, such as `cart.totalAmount | money: cart.currencyCode`.',
    );
  }
  // A decimal text is formatted digit by digit, not by way of a binary number; its type does not know that yet.
  return formatOf(currency).format(amount as number);
}

function formatTime(time: unknown, format: Intl.DateTimeFormat): string {
  const date = new Date(typeof time === 'string' || typeof time === 'number' ? time : Number.NaN);
  if (Number.isNaN(date.getTime())) throw new Error('`day` and `time` write a time, such as `discount.expires | day`.');
  return format.format(date);
}
