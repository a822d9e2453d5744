import type { MatchRecord } from '../match-record.ts';
import { Dictionary, grown } from './dictionary.ts';
import type { EncodedRecords } from './encoder.ts';
import { ADDRESS_WIDTH, FeatureWriter, HEADER, ROOM } from './feature-writer.ts';

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
export class Features extends FeatureWriter {
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
    if (this.used + ROOM >= this.data.length) this.data = grown(this.data, this.used + ROOM);
    this.offsets[slot] = this.used;
    this.used = this.write(record, this.data, this.used);
    this.countUses(slot, 1);
    return slot;
  }

  /** Takes over records that an encoder has written, and gives the slot of the first; all that are here have to come from it. */
  adopt({ data, starts, texts }: EncodedRecords): number {
    const first = this.slots;
    for (const [index, list] of texts.entries()) this.dictionaries[index]?.append(list);
    if (this.used + data.length + ROOM >= this.data.length)
      this.data = grown(this.data, this.used + data.length + ROOM);
    this.data.set(data, this.used);
    const end = first + starts.length;
    if (end > this.offsets.length) this.offsets = grown(this.offsets, end);
    for (let i = 0; i < starts.length; i += 1) {
      this.offsets[first + i] = this.used + (starts[i] as number);
      this.countUses(first + i, 1);
    }
    this.used += data.length;
    this.slots = end;
    this.size += starts.length;
    return first;
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
