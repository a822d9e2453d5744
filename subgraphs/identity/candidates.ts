import { type NameParts, namePartsOf, onlyName, textOf } from './names.ts';
import { linkOf, type Profile } from './profile.ts';
import { fold } from './resolution/fold.ts';
import type { Candidate, Origin } from './survivorship.ts';
import type { SingleField, Survivorship } from './survivorship-document.ts';

/** A profile with what its candidates share, worked out once. */
export interface ReadProfile {
  readonly profile: Profile;
  readonly names: NameParts;
  readonly origin: Origin;
}

/** Reads a profile: without a date of change it counts from its creation, without either as the oldest. */
export function readProfile(profile: Profile): ReadProfile {
  const changedAt = Date.parse(profile.lastModifiedDate ?? profile.createdDate ?? '');
  const origin = {
    source: linkOf(profile),
    changedAt: Number.isNaN(changedAt) ? Number.NEGATIVE_INFINITY : changedAt,
    lastModifiedDate: profile.lastModifiedDate ?? null,
  };
  return { profile, names: namePartsOf(profile), origin };
}

/** What the records say for a single field, each at most once; a record without a value says nothing. */
export function singleCandidates(
  profiles: readonly ReadProfile[],
  field: SingleField,
  survivorship: Survivorship,
): Candidate[] {
  const say = (text: string | null, { origin }: ReadProfile): Candidate[] =>
    text === null ? [] : [singleCandidate(text, origin, survivorship.isPlaceholder(field, text))];
  const candidates = profiles.flatMap((read) => say(singleValue(read, field), read));
  const isNameless = candidates.length === 0 && profiles.every(({ names }) => names.firstName === null);
  if (field !== 'lastName' || !isNameless) return candidates;
  return profiles.flatMap((read) => say(onlyName(read.profile), read));
}

function singleValue({ profile, names }: ReadProfile, field: SingleField): string | null {
  return field === 'birthDate' ? textOf(profile.birthDate) : names[field];
}

function singleCandidate(text: string, origin: Origin, isPlaceholder: boolean): Candidate {
  const isWellWritten = isMixedCase(text);
  return { text, normalForm: fold(text), origin, isPlaceholder, isWhole: true, isWellWritten, position: 0 };
}

/** True for `Alice`, false for `ALICE` and `alice`. */
export function isMixedCase(text: string): boolean {
  return text !== text.toLowerCase() && text !== text.toUpperCase();
}
