import type { CanonicalProfile } from '../../subgraphs/identity/resolution/canonical-profile.ts';
import { profileOf } from './identity-records.ts';

/** One thing that happens in a cloud: a record is as it says from then on, or gone. */
export interface Mutation {
  readonly sourceRecordId: string;
  readonly profile: CanonicalProfile | null;
}

const RECORDS = 150;
const MAILBOXES = 60;

/** The mutation with this number of a story that is always the same: records come, change their identifiers, go and come back. */
export function mutationAt(index: number): Mutation {
  const draw = (choices: number, salt: number): number => mix(index * 7 + salt) % choices;
  const sourceRecordId = `r${String(draw(RECORDS, 1)).padStart(3, '0')}`;
  if (draw(5, 2) === 0) return { sourceRecordId, profile: null };
  const email = `p${draw(MAILBOXES, 3)}@x.org`;
  const phone = `+1602258${String(4_000 + draw(MAILBOXES, 4))}`;
  return { sourceRecordId, profile: profileOf(sourceRecordId, draw(2, 5) ? { email } : { email, phone }) };
}

/** The records that are there after so many mutations. */
export function recordsAfter(length: number): CanonicalProfile[] {
  const records = new Map<string, CanonicalProfile>();
  for (let index = 0; index < length; index += 1) {
    const { sourceRecordId, profile } = mutationAt(index);
    if (profile) records.set(sourceRecordId, profile);
    else records.delete(sourceRecordId);
  }
  return [...records.values()];
}

/** Spreads neighbouring numbers over 32 bits. */
function mix(value: number): number {
  let mixed = Math.imul(value ^ 0x9e3779b9, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
