/** The countries that sample people live in, as ISO 3166 codes. */
export type CountryCode = 'US' | 'GB' | 'DE' | 'FR' | 'ES' | 'IT';

/** A town with what an address in it needs. */
export interface Town {
  readonly name: string;
  /** State, province or region, as the post of the country writes it; empty where it does not. */
  readonly region: string;
  /** The town's postal codes: `%` stands for a drawn digit, `&` for a drawn capital letter. */
  readonly postalPattern: string;
}

/** All that is needed to invent people of one country. Written for this project. */
export interface Country {
  readonly code: CountryCode;
  /** English name. */
  readonly name: string;
  /** Name in the country's own language. */
  readonly ownName: string;
  readonly femaleNames: readonly string[];
  readonly maleNames: readonly string[];
  readonly familyNames: readonly string[];
  /** Given name → what friends call its bearer. */
  readonly nicknames: Readonly<Record<string, string>>;
  readonly towns: readonly Town[];
  readonly streets: readonly string[];
  readonly femaleTitle: string;
  readonly maleTitle: string;
  /** Mail domains. All reserved for examples, so that no message can ever reach anybody. */
  readonly mailDomains: readonly string[];
  /** How street and house number are put together. */
  readonly houseNumber: 'before' | 'after';
  /** What a flat is called in an address. */
  readonly flat: string;
}

/** Splits a list written as `Anna, Lea, Mia`. */
export function words(text: string): readonly string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** Reads towns written as `name|region|postal pattern`, one a line. */
export function towns(text: string): readonly Town[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', region = '', postalPattern = ''] = line.trim().split('|');
      return { name, region, postalPattern };
    });
}

/** Reads nicknames written as `Robert Bob, Elizabeth Liz`. */
export function nicknames(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    words(text).map((pair) => {
      const [name = '', nickname = ''] = pair.split(' ');
      return [name, nickname];
    }),
  );
}
