/** One thing that a field needs of whoever asks for it. */
export type Requirement =
  | { readonly kind: 'authenticated' }
  /** All scopes, or all policies, of one of the lists. */
  | { readonly kind: 'scopes' | 'policies'; readonly anyOf: readonly (readonly string[])[] };

/** Combinations looked through; above it nothing follows, which refuses more and never less. */
const COMBINATIONS_LIMIT = 4096;

/** True when whoever fulfils all that is given fulfils the requirement too. */
export function follows(requirement: Requirement, given: readonly Requirement[]): boolean {
  if (requirement.kind === 'authenticated') return given.some(({ kind }) => kind === 'authenticated');
  let combinations: readonly ReadonlySet<string>[] = [new Set()];
  for (const one of given) {
    if (one.kind === 'authenticated' || one.kind !== requirement.kind) continue;
    combinations = combinations.flatMap((all) => one.anyOf.map((more) => new Set([...all, ...more])));
    if (combinations.length > COMBINATIONS_LIMIT) return false;
  }
  return combinations.every((all) => requirement.anyOf.some((needed) => needed.every((name) => all.has(name))));
}
