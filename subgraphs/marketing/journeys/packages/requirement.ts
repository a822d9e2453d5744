/** Something that a package needs, and whether it is there. */
export interface Requirement {
  /** In a sentence, such as `Commerce tells when carts change.` */
  readonly requirement: string;
  readonly isMet: boolean;
  /** What to do when it is not. */
  readonly remedy: string | null;
}

/** A requirement that is met. */
export function met(requirement: string): Requirement {
  return { requirement, isMet: true, remedy: null };
}

/** A requirement that is not met. */
export function unmet(requirement: string, remedy: string): Requirement {
  return { requirement, isMet: false, remedy };
}

/** A requirement that is met when there are no faults; the faults are the beginning of the remedy. */
export function withoutFaults(requirement: string, faults: readonly string[], remedy: string): Requirement {
  return faults.length === 0 ? met(requirement) : unmet(requirement, `${remedy} ${faults.join(' ')}`);
}
