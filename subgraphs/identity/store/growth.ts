/** True when a store has grown past a power of two, from 512 on: what its planner knows of it is old then. */
export function hasDoubled({ before, after }: { before: number; after: number }): boolean {
  return after >= 512 && Math.floor(Math.log2(after)) > Math.floor(Math.log2(Math.max(1, before)));
}
