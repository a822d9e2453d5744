import type { MatchRecord } from '../match-record.ts';
import { phoneKey } from '../normalise/phone.ts';
import { withoutDigraphs } from '../normalise/text.ts';
import { Dictionary } from './dictionary.ts';

/** Numbers that each address takes: place (number and street together), street, number, unit, postal code, city. */
export const ADDRESS_WIDTH = 6;
/** Numbers before the first feature. */
export const HEADER = 4;
/** Numbers that a record takes at most. */
export const ROOM = 256;
const GENERATIONS = ['', 'SR', 'JR', 'II', 'III', 'IV'];
const COUNT_LIMIT = 15;

/** The dictionaries of features, and how a record is written with them as numbers. */
export class FeatureWriter {
  /** Given names, family names and their words. */
  readonly names = new Dictionary();
  readonly emails = new Dictionary();
  readonly phones = new Dictionary();
  readonly places = new Dictionary();
  readonly streets = new Dictionary();
  readonly numbers = new Dictionary();
  readonly units = new Dictionary();
  readonly postalCodes = new Dictionary();
  readonly cities = new Dictionary();
  readonly socials = new Dictionary();
  readonly identifications = new Dictionary();
  readonly attributes = new Dictionary();
  readonly countries = new Dictionary();

  /** All dictionaries that records are written with, always in the same order. */
  protected readonly dictionaries: readonly Dictionary[] = [
    this.names,
    this.emails,
    this.phones,
    this.places,
    this.streets,
    this.numbers,
    this.units,
    this.postalCodes,
    this.cities,
    this.socials,
    this.identifications,
    this.attributes,
    this.countries,
  ];

  /** Writes a record's features into `data` from `start` on, and gives where they end. There has to be room: `ROOM`. */
  protected write(record: MatchRecord, data: Int32Array, start: number): number {
    let at = start + HEADER;
    let counts = 0;
    const put = (values: readonly string[] | undefined, shift: number, idOf: (value: string) => number): void => {
      if (values === undefined) return;
      const count = Math.min(values.length, COUNT_LIMIT);
      for (let i = 0; i < count; i += 1) data[at + i] = idOf(values[i] as string);
      at += count;
      counts |= count << shift;
    };
    put(record.given, 0, (name) => this.names.idOf(name));
    put(record.family, 4, (name) => this.names.idOf(name));
    put(record.emails, 8, (email) => this.emails.idOf(email));
    put(record.phones, 12, (phone) => this.phones.idOf(phoneKey(phone)));
    const addresses = record.addresses ?? [];
    const addressCount = Math.min(addresses.length, COUNT_LIMIT);
    for (let i = 0; i < addressCount; i += 1) {
      const { street, number, unit, postalCode, city } = addresses[i] as NonNullable<(typeof addresses)[number]>;
      data[at] = street && number ? this.places.idOf(`${number} ${street}`) : -1;
      data[at + 1] = street ? this.streets.idOf(street) : -1;
      data[at + 2] = number ? this.numbers.idOf(number) : -1;
      data[at + 3] = unit ? this.units.idOf(unit) : -1;
      data[at + 4] = postalCode ? this.postalCodes.idOf(postalCode) : -1;
      data[at + 5] = city ? this.cities.idOf(withoutDigraphs(city)) : -1;
      at += ADDRESS_WIDTH;
    }
    counts |= addressCount << 16;
    put(record.socials, 20, (social) => this.socials.idOf(social));
    put(record.identifications, 24, (identification) => this.identifications.idOf(withoutIssuer(identification)));
    put(record.attributes, 28, (attribute) => this.attributes.idOf(attribute));
    const { birthDate: birth, family } = record;
    data[start] = counts;
    data[start + 1] = birth ? (birth.year << 9) | (birth.month << 5) | birth.day | (birth.ambiguous ? 1 << 30 : 0) : 0;
    const country = record.country ? this.countries.idOf(record.country) + 1 : 0;
    data[start + 2] = Math.max(0, GENERATIONS.indexOf(record.generation ?? '')) | (country << 4);
    data[start + 3] = family && family.length > 0 ? this.names.idOf(family.join('')) : -1;
    return at;
  }
}

/** Issuers are written in too many ways (`US`, `USA`) to be compared: type and number decide. */
function withoutIssuer(identification: string): string {
  const [type = '', , number = ''] = identification.split('|');
  return `${type}|${number}`;
}
