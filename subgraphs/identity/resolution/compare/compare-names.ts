import type { FeatureCursor } from '../block/features.ts';
import type { ComparerParts, Comparison } from './compare.ts';
import { familyFrequency, givenFrequency } from './frequency.ts';
import { AT, FAMILY, GIVEN, isDifferentGiven, MISSING } from './levels.ts';
import { NAME } from './name-table.ts';

const SHORTEST_IN_EMAIL = 3;
/** A given name that at most so many records have, and no list, may be a slip of any other. */
const RARE_USES = 2;

/** Compares given and family names, also the other way round. */
export function compareNames(parts: ComparerParts, a: FeatureCursor, b: FeatureCursor, into: Comparison): void {
  compareGiven(parts, a, b, into);
  compareFamily(parts, a, b, into);
  const given = into.levels[AT.given] as number;
  const family = into.levels[AT.family] as number;
  if (isDifferentGiven(given) && family === FAMILY.different) compareCrosswise(parts, a, b, into);
}

/** Compares the names of one record with the e-mail addresses of one that gives no name. To be called after all else is compared. */
export function compareNamesWithEmails(
  parts: ComparerParts,
  a: FeatureCursor,
  b: FeatureCursor,
  into: Comparison,
): void {
  if (into.levels[AT.given] !== MISSING || into.levels[AT.family] !== MISSING) return;
  if (a.givenCount > 0 && b.emailCount > 0) compareWithEmail(parts, a, b, into);
  else if (b.givenCount > 0 && a.emailCount > 0) compareWithEmail(parts, b, a, into);
}

function compareGiven(parts: ComparerParts, a: FeatureCursor, b: FeatureCursor, into: Comparison): void {
  if (a.givenCount === 0 || b.givenCount === 0) return;
  const { features, names } = parts;
  const { data } = features;
  const left = data[a.givenAt] as number;
  const right = data[b.givenAt] as number;
  const found = names.compareGiven(left, right);
  if (found !== NAME.different) {
    const level = found === NAME.initial ? levelOfInitial(parts, a, b) : found;
    into.set(AT.given, level, chanceOfGiven(parts, level, left, right), left, right);
    return;
  }
  for (let i = 0; i < a.givenCount; i += 1) {
    for (let j = i === 0 ? 1 : 0; j < b.givenCount; j += 1) {
      const first = data[a.givenAt + i] as number;
      const second = data[b.givenAt + j] as number;
      if (names.isInitial(first) || names.isInitial(second) || (i > 0 && j > 0)) continue;
      if (names.compareGiven(first, second) <= NAME.close) {
        into.set(AT.given, GIVEN.middle, 0, first, second);
        return;
      }
    }
  }
  // Of two names that people are known to have neither is a slip of the other.
  const isRare = isSlipOfAny(parts, left) || isSlipOfAny(parts, right);
  into.set(AT.given, isRare ? GIVEN.rareDifferent : GIVEN.different, 0, left, right);
}

function isSlipOfAny({ features, names }: ComparerParts, given: number): boolean {
  return features.givenUses.get(given) <= RARE_USES && !names.isKnown(given);
}

/** An initial says little; the address of whoever gives it may say which name it stands for. */
function levelOfInitial({ features, names }: ComparerParts, a: FeatureCursor, b: FeatureCursor): number {
  const { data } = features;
  const isInitial = names.isInitial(data[a.givenAt] as number);
  const [short, full] = isInitial ? [a, b] : [b, a];
  const given = data[full.givenAt] as number;
  if (names.isInitial(given) || short.wholeFamily < 0) return GIVEN.initial;
  const initial = features.names.text(data[short.givenAt] as number);
  let level: number = GIVEN.initial;
  for (let i = 0; i < short.emailCount; i += 1) {
    const letters = lettersOf(features.emails.text(data[short.emailAt + i] as number));
    const rest = letters.replace(features.names.text(short.wholeFamily), '');
    if (names.formal(given).some((name) => isIn(rest, name))) return GIVEN.inEmail;
    if (rest !== letters && rest.length >= SHORTEST_IN_EMAIL && rest[0] === initial[0]) level = GIVEN.notInEmail;
  }
  return level;
}

/**
 * Of equal names the frequency of the name. A slip is likelier the rarer its result: `Jhon` is `John`, but `Daniela` is
 * seldom a slip of `Daniel`; so the rarer of the two counts.
 */
function chanceOfGiven({ features }: ComparerParts, level: number, left: number, right: number): number {
  const a = givenFrequency(features, left);
  if (level === GIVEN.exact) return a;
  const b = givenFrequency(features, right);
  if (level === GIVEN.inEmail) return 2 * Math.min(a, b);
  if (level >= GIVEN.initial) return 0;
  return -Math.min(a, b);
}

function compareFamily(parts: ComparerParts, a: FeatureCursor, b: FeatureCursor, into: Comparison): void {
  if (a.wholeFamily < 0 || b.wholeFamily < 0) return;
  const { features, names } = parts;
  const [left, right] = [a.wholeFamily, b.wholeFamily];
  const found = names.compareFamily(left, right);
  if (found <= NAME.similar) {
    const level =
      found === NAME.exact
        ? FAMILY.exact
        : found === NAME.close || found === NAME.nickname
          ? FAMILY.close
          : FAMILY.similar;
    const rarer = Math.min(familyFrequency(features, left), familyFrequency(features, right));
    into.set(AT.family, level, level === FAMILY.exact ? rarer : -rarer, left, right);
    return;
  }
  if (a.familyCount > 1 || b.familyCount > 1) {
    for (let i = 0; i < a.familyCount; i += 1) {
      for (let j = 0; j < b.familyCount; j += 1) {
        const first = features.data[a.familyAt + i] as number;
        const second = features.data[b.familyAt + j] as number;
        if (names.isInitial(first) || names.isInitial(second) || names.compareFamily(first, second) > NAME.close)
          continue;
        into.set(AT.family, FAMILY.part, 0, first, second);
        return;
      }
    }
  }
  const isInitial = found === NAME.initial;
  if (!isInitial) into.set(AT.family, FAMILY.different, 0, left, right);
}

function compareCrosswise(parts: ComparerParts, a: FeatureCursor, b: FeatureCursor, into: Comparison): void {
  const { features, names } = parts;
  const givenOfA = features.data[a.givenAt] as number;
  const givenOfB = features.data[b.givenAt] as number;
  // One of the two has to be right: most pairs are told apart by that.
  if (!names.areEqual(givenOfA, b.wholeFamily) && !names.areEqual(givenOfB, a.wholeFamily)) return;
  const first = names.compareFamily(givenOfA, b.wholeFamily);
  const second = names.compareFamily(givenOfB, a.wholeFamily);
  if (Math.min(first, second) !== NAME.exact || Math.max(first, second) > NAME.similar || names.isInitial(givenOfA))
    return;
  const given = Math.max(givenFrequency(features, givenOfA), givenFrequency(features, b.wholeFamily));
  const family = Math.max(familyFrequency(features, a.wholeFamily), familyFrequency(features, givenOfB));
  into.set(AT.given, GIVEN.swapped, given, givenOfA, givenOfB);
  into.set(AT.family, FAMILY.exact, family, a.wholeFamily, b.wholeFamily);
}

/** A record without a name may still have an address that is made of one. */
function compareWithEmail(
  { features, names }: ComparerParts,
  named: FeatureCursor,
  nameless: FeatureCursor,
  into: Comparison,
): void {
  const { data } = features;
  const given = data[named.givenAt] as number;
  const family = named.wholeFamily >= 0 ? features.names.text(named.wholeFamily) : '';
  let hasGiven = false;
  let hasFamily = false;
  for (let i = 0; i < nameless.emailCount; i += 1) {
    const mailbox = lettersOf(features.emails.text(data[nameless.emailAt + i] as number));
    hasFamily ||= family.length >= SHORTEST_IN_EMAIL && mailbox.includes(family);
    const rest = hasFamily ? mailbox.replace(family, '') : mailbox;
    hasGiven ||= isIn(rest, features.names.text(given)) || names.formal(given).some((name) => isIn(rest, name));
  }
  if (hasFamily)
    into.set(AT.family, FAMILY.inEmail, familyFrequency(features, named.wholeFamily) * 2, named.wholeFamily, -1);
  if (names.isInitial(given)) return;
  into.set(
    AT.given,
    hasGiven ? GIVEN.inEmail : GIVEN.notInEmail,
    hasGiven ? givenFrequency(features, given) * 2 : 0,
    given,
    -1,
  );
}

function isIn(letters: string, name: string): boolean {
  return name.length >= SHORTEST_IN_EMAIL && letters.includes(name);
}

function lettersOf(email: string): string {
  return email.slice(0, email.indexOf('@')).replace(/[^a-z]/g, '');
}
