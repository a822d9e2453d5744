import type { MatchRecord } from '../match-record.ts';
import { phoneKey } from '../normalise/phone.ts';
import { withoutDigraphs } from '../normalise/text.ts';
import { Dictionary, grown } from './dictionary.ts';

/** Numbers that each address takes: place (number and street together), street, number, unit, postal code, city. */
export const ADDRESS_WIDTH = 6;
const HEADER = 4;
const GENERATIONS = ['', 'SR', 'JR', 'II', 'III', 'IV'];
const COUNT_LIMIT = 15;

/** Where the features of a record lie in `Features.data`; filled by `Features.read`, used again and again. */
export class FeatureCursor {
  slot = -1;
  givenAt = 0;
  givenCount = 0;
  familyAt = 0;
  familyCount = 0;
  emailAt = 0;
  emailCount = 0;
  phoneAt = 0;
  phoneCount = 0;
  addressAt = 0;
  addressCount = 0;
  socialAt = 0;
  socialCount = 0;
  identificationAt = 0;
  identificationCount = 0;
  attributeAt = 0;
  attributeCount = 0;
  /** `year << 9 | month << 5 | day`, 0 without; bit 30 when day and month may be the other way round. */
  birthDate = 0;
  generation = 0;
  country = 0;
  /** The whole family name as one text, -1 without. */
  wholeFamily = -1;
}

/**
 * Every record's features as numbers in one array, and the dictionaries that give the texts: a million records take some
 * hundred megabytes. A record is a slot; slots are never used again while the state lives.
 */
export class Features {
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
  /** Domains of e-mail addresses, counted as often as records use one. */
  readonly domains = new Dictionary();
  readonly birthDates = new Map<number, number>();
  /** How often each name is a given name, or a whole family name. */
  readonly givenUses = new Counter();
  readonly familyUses = new Counter();
  /** Records that have a given name, a family name, a date of birth, an address with a postal code, with a city; and addresses of e-mail. */
  readonly having = { given: 0, family: 0, birthDate: 0, postalCode: 0, city: 0, email: 0 };
  data: Int32Array<ArrayBuffer> = new Int32Array(1 << 12);
  /** Records held. */
  size = 0;
  /** Slots handed out. */
  slots = 0;
  private used = 0;
  private offsets: Int32Array<ArrayBuffer> = new Int32Array(1024);

  /** Writes a record's features and gives its slot. */
  add(record: MatchRecord): number {
    const slot = this.slots;
    this.slots += 1;
    this.size += 1;
    if (slot >= this.offsets.length) this.offsets = grown(this.offsets, slot + 1);
    if (this.used + 256 >= this.data.length) this.data = grown(this.data, this.used + 256);
    this.offsets[slot] = this.used;
    this.used = this.write(record, this.used);
    this.countUses(slot, 1);
    return slot;
  }

  /** Takes a record's features out of the counts; they stay readable until the slot is forgotten. */
  remove(slot: number): void {
    this.size -= 1;
    this.countUses(slot, -1);
  }

  /** Takes back the last `add`. */
  undo(slot: number): void {
    this.remove(slot);
    this.slots -= 1;
    this.used = this.offsets[slot] as number;
  }

  /** True when two records have the same features. */
  areEqual(a: number, b: number): boolean {
    const [startOfA, startOfB] = [this.offsets[a] as number, this.offsets[b] as number];
    const length = this.endOf(a) - startOfA;
    if (length !== this.endOf(b) - startOfB) return false;
    for (let i = 0; i < length; i += 1) if (this.data[startOfA + i] !== this.data[startOfB + i]) return false;
    return true;
  }

  private endOf(slot: number): number {
    const { attributeAt, attributeCount } = this.read(slot, this.cursor);
    return attributeAt + attributeCount;
  }

  /** Points a cursor at a record. */
  read(slot: number, cursor: FeatureCursor): FeatureCursor {
    const at = this.offsets[slot] as number;
    const data = this.data;
    const counts = data[at] as number;
    const kinds = data[at + 2] as number;
    cursor.slot = slot;
    cursor.birthDate = data[at + 1] as number;
    cursor.generation = kinds & 15;
    cursor.country = kinds >>> 4;
    cursor.wholeFamily = data[at + 3] as number;
    cursor.givenAt = at + HEADER;
    cursor.givenCount = counts & 15;
    cursor.familyAt = cursor.givenAt + cursor.givenCount;
    cursor.familyCount = (counts >>> 4) & 15;
    cursor.emailAt = cursor.familyAt + cursor.familyCount;
    cursor.emailCount = (counts >>> 8) & 15;
    cursor.phoneAt = cursor.emailAt + cursor.emailCount;
    cursor.phoneCount = (counts >>> 12) & 15;
    cursor.addressAt = cursor.phoneAt + cursor.phoneCount;
    cursor.addressCount = (counts >>> 16) & 15;
    cursor.socialAt = cursor.addressAt + cursor.addressCount * ADDRESS_WIDTH;
    cursor.socialCount = (counts >>> 20) & 15;
    cursor.identificationAt = cursor.socialAt + cursor.socialCount;
    cursor.identificationCount = (counts >>> 24) & 15;
    cursor.attributeAt = cursor.identificationAt + cursor.identificationCount;
    cursor.attributeCount = counts >>> 28;
    return cursor;
  }

  private write(record: MatchRecord, start: number): number {
    const { data } = this;
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

  private readonly cursor = new FeatureCursor();

  private countUses(slot: number, by: number): void {
    const cursor = this.read(slot, this.cursor);
    const { data, having } = this;
    if (cursor.givenCount > 0) {
      this.givenUses.add(data[cursor.givenAt] as number, by);
      having.given += by;
    }
    if (cursor.wholeFamily >= 0) {
      this.familyUses.add(cursor.wholeFamily, by);
      having.family += by;
    }
    const birthDate = cursor.birthDate & 0x3fffffff;
    if (birthDate !== 0) {
      this.birthDates.set(birthDate, (this.birthDates.get(birthDate) ?? 0) + by);
      having.birthDate += by;
    }
    this.countAll(this.emails, cursor.emailAt, cursor.emailCount, by);
    for (let i = 0; i < cursor.emailCount; i += 1) {
      this.domains.addUse(this.domainOf(data[cursor.emailAt + i] as number), by);
      having.email += by;
    }
    this.countAll(this.phones, cursor.phoneAt, cursor.phoneCount, by);
    this.countAll(this.socials, cursor.socialAt, cursor.socialCount, by);
    this.countAll(this.identifications, cursor.identificationAt, cursor.identificationCount, by);
    this.countAll(this.attributes, cursor.attributeAt, cursor.attributeCount, by);
    for (let i = 0; i < cursor.addressCount; i += 1) {
      const at = cursor.addressAt + i * ADDRESS_WIDTH;
      if ((data[at] as number) >= 0) this.places.addUse(data[at] as number, by);
      if ((data[at + 4] as number) >= 0) this.postalCodes.addUse(data[at + 4] as number, by);
      if ((data[at + 5] as number) >= 0) this.cities.addUse(data[at + 5] as number, by);
      if (i > 0) continue;
      if ((data[at + 4] as number) >= 0) having.postalCode += by;
      if ((data[at + 5] as number) >= 0) having.city += by;
    }
  }

  /** The number of the domain of an e-mail address. */
  domainOf(email: number): number {
    const known = this.domainsOfEmails[email];
    if (known !== undefined) return known;
    const text = this.emails.text(email);
    const domain = this.domains.idOf(text.slice(text.indexOf('@') + 1));
    this.domainsOfEmails[email] = domain;
    return domain;
  }

  private readonly domainsOfEmails: number[] = [];

  private countAll(dictionary: Dictionary, at: number, count: number, by: number): void {
    for (let i = 0; i < count; i += 1) dictionary.addUse(this.data[at + i] as number, by);
  }
}

/** Counts by small number. */
export class Counter {
  private counts: Int32Array<ArrayBuffer> = new Int32Array(1024);

  add(id: number, by: number): void {
    if (id >= this.counts.length) this.counts = grown(this.counts, id + 1);
    this.counts[id] = (this.counts[id] as number) + by;
  }

  get(id: number): number {
    return this.counts[id] ?? 0;
  }
}

/** Issuers are written in too many ways (`US`, `USA`) to be compared: type and number decide. */
function withoutIssuer(identification: string): string {
  const [type = '', , number = ''] = identification.split('|');
  return `${type}|${number}`;
}
