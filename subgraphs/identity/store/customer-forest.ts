import { IdentityConflict } from './repository.ts';

/** A customer with the one that stands for it now: itself, or the survivor of its merges. */
export interface StoredCustomer {
  readonly customer360Id: string;
  readonly survivor360Id: string;
}

/** A merge of two customers, undone or in effect. */
export interface Merge {
  readonly mergeEventId: string;
  readonly survivor: string;
  readonly merged: string;
  readonly rule: string;
  readonly bits?: number;
  readonly at: string;
  readonly undoneAt: string | null;
}

/**
 * The customers as a forest: an edge leads from a merged customer to the one it was merged into, a root stands for
 * its whole tree. A merge joins two roots and an unmerge cuts one edge, so there are never cycles, and taking a merge
 * back leaves every other merge as it is.
 */
export class CustomerForest {
  readonly #survivorBefore = new Map<string, string>();
  readonly #created: string[] = [];
  /** For each customer the merge that leads away from it, null for a root. */
  readonly #mergedBy = new Map<string, Merge | null>();
  readonly #merges = new Map<string, Merge>();
  readonly #recorded = new Set<string>();
  readonly #undone = new Set<string>();

  constructor(customers: readonly StoredCustomer[], merges: readonly Merge[]) {
    for (const { customer360Id, survivor360Id } of customers) {
      this.#survivorBefore.set(customer360Id, survivor360Id);
      this.#mergedBy.set(customer360Id, null);
    }
    for (const merge of merges) {
      this.#merges.set(merge.mergeEventId, merge);
      if (merge.undoneAt === null) this.#mergedBy.set(merge.merged, merge);
    }
  }

  /** The root of the customer's tree, undefined when there is no such customer here. */
  survivorOf(customer360Id: string): string | undefined {
    if (!this.#mergedBy.has(customer360Id)) return undefined;
    let survivor = customer360Id;
    for (let merge = this.#mergedBy.get(survivor); merge; merge = this.#mergedBy.get(survivor))
      survivor = merge.survivor;
    return survivor;
  }

  /** Adds a customer. Throws IdentityConflict when the id was ever given. */
  create(customer360Id: string): void {
    if (this.#mergedBy.has(customer360Id)) throw new IdentityConflict(`Customer ${customer360Id} exists already.`);
    this.#mergedBy.set(customer360Id, null);
    this.#created.push(customer360Id);
  }

  /** Joins two roots. Throws IdentityConflict when they are not two roots, or the event's id was used before. */
  merge(merge: Merge): void {
    const { mergeEventId, survivor, merged } = merge;
    if (this.#merges.has(mergeEventId)) throw new IdentityConflict(`Merge ${mergeEventId} was made already.`);
    if (survivor === merged) throw new IdentityConflict(`Customer ${merged} can't be merged into itself.`);
    for (const id of [survivor, merged]) {
      const root = this.survivorOf(id);
      if (root === undefined) throw new IdentityConflict(`No customer ${id} to merge.`);
      if (root !== id) throw new IdentityConflict(`Customer ${id} can't be merged: it was merged into ${root}.`);
    }
    this.#merges.set(mergeEventId, merge);
    this.#mergedBy.set(merged, merge);
    this.#recorded.add(mergeEventId);
  }

  /** Cuts the edge of a merge; `takenFrom` is the root it hung below. Throws IdentityConflict when there is none in effect. */
  unmerge(mergeEventId: string, at: string): { merge: Merge; takenFrom: string } {
    const merge = this.#merges.get(mergeEventId);
    if (merge === undefined) throw new IdentityConflict(`No merge ${mergeEventId} to take back.`);
    if (merge.undoneAt !== null) throw new IdentityConflict(`Merge ${mergeEventId} was taken back already.`);
    const takenFrom = this.survivorOf(merge.merged) ?? merge.survivor;
    this.#merges.set(mergeEventId, { ...merge, undoneAt: at });
    this.#mergedBy.set(merge.merged, null);
    this.#undone.add(mergeEventId);
    return { merge, takenFrom };
  }

  /** What has changed since the forest was read. A merge made and undone in between counts as recorded. */
  changes(): {
    createdCustomers: readonly string[];
    movedCustomers: { customer360Id: string; from: string; to: string }[];
    recordedMerges: Merge[];
    undoneMerges: string[];
  } {
    const movedCustomers = [];
    for (const customer360Id of this.#mergedBy.keys()) {
      const from = this.#survivorBefore.get(customer360Id) ?? customer360Id;
      const to = this.survivorOf(customer360Id) ?? customer360Id;
      if (from !== to) movedCustomers.push({ customer360Id, from, to });
    }
    return {
      createdCustomers: this.#created,
      movedCustomers,
      recordedMerges: [...this.#recorded].flatMap((id) => this.#merges.get(id) ?? []),
      undoneMerges: [...this.#undone].filter((id) => !this.#recorded.has(id)),
    };
  }
}
