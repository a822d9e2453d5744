import type { PairDecision } from '../engine.ts';

/** What people have decided about pairs, by keys; records need not be there. */
export class Decisions {
  private readonly byKey = new Map<string, Map<string, PairDecision>>();

  /** True when nobody has decided anything. */
  get isEmpty(): boolean {
    return this.byKey.size === 0;
  }

  /** Keeps a decision, in place of an earlier one about the same two. */
  put(decision: PairDecision): void {
    this.of(decision.left).set(decision.right, decision);
    this.of(decision.right).set(decision.left, decision);
  }

  /** Forgets a decision; false when there was none. */
  remove(left: string, right: string): boolean {
    const found = this.byKey.get(left)?.delete(right) ?? false;
    this.byKey.get(right)?.delete(left);
    for (const key of [left, right]) if (this.byKey.get(key)?.size === 0) this.byKey.delete(key);
    return found;
  }

  /** The decision about two records, undefined without. */
  get(left: string, right: string): PairDecision | undefined {
    return this.byKey.get(left)?.get(right);
  }

  /** Keys that a record is decided to be the same as, or not. */
  partners(key: string, kind: PairDecision['kind']): string[] {
    const found: string[] = [];
    for (const [other, decision] of this.byKey.get(key) ?? []) if (decision.kind === kind) found.push(other);
    return found;
  }

  /** True when there are decisions about a record. */
  concerns(key: string): boolean {
    return this.byKey.has(key);
  }

  /** Every decision once. */
  all(): PairDecision[] {
    return [...new Set([...this.byKey.values()].flatMap((decisions) => [...decisions.values()]))];
  }

  private of(key: string): Map<string, PairDecision> {
    let decisions = this.byKey.get(key);
    if (!decisions) {
      decisions = new Map();
      this.byKey.set(key, decisions);
    }
    return decisions;
  }
}
