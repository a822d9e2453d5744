import { FeatureCursor, type Features } from '../block/features.ts';
import { KEY, keyOf, phoneKeyOf } from '../block/keys.ts';
import { compareAddresses } from './compare-addresses.ts';
import { compareBirthDates } from './compare-birth-dates.ts';
import { compareNames, compareNamesWithEmails } from './compare-names.ts';
import { DEGREE_SAMPLE, type Degrees } from './degree.ts';
import { chanceOfLikeEmails, emailLevel } from './email-likeness.ts';
import { attributeFrequency } from './frequency.ts';
import { EmailTable, PhoneTable } from './glance-table.ts';
import { AT, EMAIL, FIELD_COUNT, GENERATION, MISSING, NUMBER, PHONE } from './levels.ts';
import type { NameTable } from './name-table.ts';
import { STRANGERS, sharedByChance } from './sharing.ts';
import { editDistance, isOneEdit } from './similarity.ts';

/** What a comparison has found; one is used again and again. */
export class Comparison {
  /** The level of each field, `MISSING` without evidence. */
  readonly levels = new Uint8Array(FIELD_COUNT);
  /**
   * How likely it is that two records drawn by chance agree so on these very values, where that can be told; 0 where the
   * level's average has to do.
   */
  readonly chances = new Float64Array(FIELD_COUNT);
  /** Operands that decided, for explanations: ids in the field's dictionary, -1 without. */
  readonly left = new Int32Array(FIELD_COUNT);
  readonly right = new Int32Array(FIELD_COUNT);
  /** True when both have an official number of a type that a person has one of, and they differ by more than a slip. */
  uniqueDiffers = false;
  /** The level at which two official numbers of a type agree that somebody proves to be theirs; `MISSING` when none do. */
  verifiedIdentification: number = MISSING;

  set(field: number, level: number, chance: number, left: number, right: number): void {
    this.levels[field] = level;
    this.chances[field] = chance;
    this.left[field] = left;
    this.right[field] = right;
  }
}

/** What comparing needs to know. */
export interface ComparerParts {
  readonly features: Features;
  readonly names: NameTable;
  readonly degrees: Degrees;
  /** Contact points that say nothing: blocked by the ruleset, or shared by too many. */
  readonly ignored: IgnoredValues;
}

/** True for a value that says nothing; with `fewer`, whether it would be with so many records fewer that carry it. */
export interface IgnoredValues {
  email(id: number, fewer?: number): boolean;
  phone(id: number, fewer?: number): boolean;
  social(id: number, fewer?: number): boolean;
  identification(id: number, fewer?: number): boolean;
  /** True for an official number of a type that a person has one of. */
  isUnique(identification: number): boolean;
  /** False for an official number of a type that nobody proves to be theirs. */
  isVerified(identification: number): boolean;
}

/** Compares records field by field. Symmetric: which is left and which right makes no difference to levels and chances. */
export class Comparer {
  private readonly parts: ComparerParts;
  private readonly leftCursor = new FeatureCursor();
  private readonly rightCursor = new FeatureCursor();
  private readonly emailTable: EmailTable;
  private readonly phoneTable: PhoneTable;

  constructor(parts: ComparerParts) {
    this.parts = parts;
    this.emailTable = new EmailTable(parts.features.emails);
    this.phoneTable = new PhoneTable(parts.features.phones);
  }

  /** Compares two records and writes what it finds into `into`. */
  compare(left: number, right: number, into: Comparison): void {
    const { features } = this.parts;
    const a = features.read(left, this.leftCursor);
    const b = features.read(right, this.rightCursor);
    into.levels.fill(MISSING);
    into.uniqueDiffers = false;
    into.verifiedIdentification = MISSING;
    compareNames(this.parts, a, b, into);
    if (a.generation !== 0 && b.generation !== 0) {
      into.set(
        AT.generation,
        a.generation === b.generation ? GENERATION.exact : GENERATION.different,
        0,
        a.generation,
        b.generation,
      );
    }
    if (a.birthDate !== 0 && b.birthDate !== 0) compareBirthDates(features, a.birthDate, b.birthDate, into);
    if (a.emailCount > 0 && b.emailCount > 0) this.compareEmails(a, b, into);
    if (a.phoneCount > 0 && b.phoneCount > 0) this.comparePhones(a, b, into);
    if (a.addressCount > 0 && b.addressCount > 0) compareAddresses(this.parts, a, b, into);
    if (a.socialCount > 0 && b.socialCount > 0) this.compareSocials(a, b, into);
    if (a.identificationCount > 0 && b.identificationCount > 0) this.compareIdentifications(a, b, into);
    if (a.attributeCount > 0 && b.attributeCount > 0) this.compareAttributes(a, b, into);
    compareNamesWithEmails(this.parts, a, b, into);
  }

  private compareEmails(a: FeatureCursor, b: FeatureCursor, into: Comparison): void {
    const { features, degrees, ignored } = this.parts;
    const { data, emails } = features;
    let best = MISSING;
    for (let i = 0; i < a.emailCount; i += 1) {
      const left = data[a.emailAt + i] as number;
      if (ignored.email(left)) continue;
      for (let j = 0; j < b.emailCount; j += 1) {
        const right = data[b.emailAt + j] as number;
        if (ignored.email(right)) continue;
        const level =
          left === right
            ? EMAIL.exact
            : this.emailTable.mayBeAlike(left, right)
              ? emailLevel(emails.text(left), emails.text(right))
              : EMAIL.different;
        if (level > best || (level === best && level === EMAIL.different)) continue;
        const chance =
          level === EMAIL.exact
            ? this.sharing(into, degrees.of(keyOf(KEY.email, left)), STRANGERS.email)
            : level < EMAIL.different
              ? chanceOfLikeEmails(features, a, b, left, right)
              : 0;
        // Of several that agree alike the one that says most: which comes first must not matter.
        if (level === best && chance >= (into.chances[AT.email] as number)) continue;
        best = level;
        into.set(AT.email, level, chance, left, right);
      }
    }
  }

  private comparePhones(a: FeatureCursor, b: FeatureCursor, into: Comparison): void {
    const { features, degrees, ignored } = this.parts;
    const { data, phones } = features;
    let best = MISSING;
    for (let i = 0; i < a.phoneCount; i += 1) {
      const left = data[a.phoneAt + i] as number;
      if (ignored.phone(left)) continue;
      for (let j = 0; j < b.phoneCount; j += 1) {
        const right = data[b.phoneAt + j] as number;
        if (ignored.phone(right)) continue;
        const level =
          left === right
            ? PHONE.exact
            : this.phoneTable.mayBeAlike(left, right)
              ? phoneLevel(phones.text(left), phones.text(right))
              : PHONE.different;
        if (level > best) continue;
        const chance =
          level === PHONE.exact ? this.sharing(into, degrees.of(phoneKeyOf(features, left)), STRANGERS.phone) : 0;
        if (level === best && chance >= (into.chances[AT.phone] as number)) continue;
        best = level;
        into.set(AT.phone, level, chance, left, right);
      }
    }
  }

  private compareSocials(a: FeatureCursor, b: FeatureCursor, into: Comparison): void {
    const { features, degrees, ignored } = this.parts;
    const { data, socials } = features;
    for (let i = 0; i < a.socialCount; i += 1) {
      const left = data[a.socialAt + i] as number;
      if (ignored.social(left)) continue;
      for (let j = 0; j < b.socialCount; j += 1) {
        const right = data[b.socialAt + j] as number;
        if (left === right) {
          const chance = this.sharing(into, degrees.of(keyOf(KEY.social, left)), STRANGERS.social);
          this.setExactNumber(into, AT.social, chance, left);
          continue;
        }
        if (ignored.social(right) || (into.levels[AT.social] as number) <= NUMBER.close) continue;
        const level = numberLevel(socials.text(left), socials.text(right));
        if (level !== MISSING && level < (into.levels[AT.social] as number)) into.set(AT.social, level, 0, left, right);
      }
    }
  }

  private compareIdentifications(a: FeatureCursor, b: FeatureCursor, into: Comparison): void {
    const { features, degrees, ignored } = this.parts;
    const { data, identifications } = features;
    for (let i = 0; i < a.identificationCount; i += 1) {
      const left = data[a.identificationAt + i] as number;
      if (ignored.identification(left)) continue;
      for (let j = 0; j < b.identificationCount; j += 1) {
        const right = data[b.identificationAt + j] as number;
        if (ignored.identification(right)) continue;
        if (left === right) {
          const chance = this.sharing(into, degrees.of(keyOf(KEY.identification, left)), STRANGERS.identification);
          this.setExactNumber(into, AT.identification, chance, left);
          if (ignored.isVerified(left)) into.verifiedIdentification = NUMBER.exact;
          continue;
        }
        const level = numberLevel(identifications.text(left), identifications.text(right));
        if (level === NUMBER.different && ignored.isUnique(left)) into.uniqueDiffers = true;
        if (level === NUMBER.close && level < into.verifiedIdentification && ignored.isVerified(left))
          into.verifiedIdentification = level;
        if (level < (into.levels[AT.identification] as number)) into.set(AT.identification, level, 0, left, right);
      }
    }
    if (into.levels[AT.identification] === NUMBER.exact) into.uniqueDiffers = false;
  }

  /** Of several equal numbers or accounts the rarest counts. */
  private setExactNumber(into: Comparison, field: number, chance: number, value: number): void {
    if (into.levels[field] === NUMBER.exact && chance >= (into.chances[field] as number)) return;
    into.set(field, NUMBER.exact, chance, value, value);
  }

  /** Of several attributes that both have, the chances are multiplied where they agree; the worst level stands where one differs. */
  private compareAttributes(a: FeatureCursor, b: FeatureCursor, into: Comparison): void {
    const { features } = this.parts;
    const { data, attributes } = features;
    let chance = 1;
    let level: number = MISSING;
    for (let i = 0; i < a.attributeCount; i += 1) {
      const left = data[a.attributeAt + i] as number;
      for (let j = 0; j < b.attributeCount; j += 1) {
        const right = data[b.attributeAt + j] as number;
        const found = left === right ? NUMBER.exact : numberLevel(attributes.text(left), attributes.text(right));
        if (found === MISSING) continue;
        if (found === NUMBER.exact) chance *= this.attributeChance(into, left);
        if (level !== MISSING && found <= level) continue;
        level = found;
        into.set(AT.attribute, level, 0, left, right);
      }
    }
    if (level === NUMBER.exact) into.chances[AT.attribute] = chance;
  }

  /** Values that few records have are treated as official numbers are, the others by their frequency. */
  private attributeChance(into: Comparison, attribute: number): number {
    const { features, degrees } = this.parts;
    if (features.attributes.count(attribute) > DEGREE_SAMPLE) return attributeFrequency(features, attribute);
    return this.sharing(into, degrees.of(keyOf(KEY.attribute, attribute)), STRANGERS.attribute);
  }

  private sharing(into: Comparison, degree: number, strangers: number): number {
    return sharedByChance(this.parts.features, into, degree, strangers);
  }
}

function phoneLevel(left: string, right: string): number {
  const [shorter, longer] = left.length < right.length ? [left, right] : [right, left];
  if (shorter.length >= 7 && shorter.length < longer.length && longer.endsWith(shorter)) return PHONE.suffix;
  return shorter.length >= 8 && isOneEdit(left, right) ? PHONE.close : PHONE.different;
}

/** Two numbers or handles of one kind, the part before the last bar; `MISSING` when they are of different kinds. */
function numberLevel(left: string, right: string): number {
  const bar = left.lastIndexOf('|');
  if (bar !== right.lastIndexOf('|') || left.slice(0, bar) !== right.slice(0, bar)) return MISSING;
  const [a, b] = [left.slice(bar + 1), right.slice(bar + 1)];
  const shorter = Math.min(a.length, b.length);
  return shorter >= 5 && (isOneEdit(a, b) || (shorter >= 10 && editDistance(a, b) === 2))
    ? NUMBER.close
    : NUMBER.different;
}
