import {
  type ChangeSet,
  type Identifier,
  IdentityConflict,
  type IdentityOperation,
  type IdentityRecord,
  identifierKey,
  recordKey,
} from '../../subgraphs/identity/store/repository.ts';

interface ModelRecord extends IdentityRecord {
  readonly home: string;
  readonly rule: string;
  readonly linkedAt: string;
}

interface ModelMerge {
  readonly survivor: string;
  readonly merged: string;
  isUndone: boolean;
}

/** What is compared of a customer. */
export interface Picture {
  readonly customer360Id: string;
  readonly createdAt: string;
  readonly merged: readonly string[];
  readonly records: readonly string[];
}

/**
 * What an identity store means, said as plainly as possible: a record has a home, the customer it was linked to; a
 * customer leads to the one it was merged into while that merge is not undone; a record belongs to the end of the path
 * from its home. The stores must be indistinguishable from this, whatever is done to them.
 */
export class IdentityModel {
  createdAt = new Map<string, string>();
  merges = new Map<string, ModelMerge>();
  records = new Map<string, ModelRecord>();
  events: string[] = [];

  /** Runs all operations or, when one does not fit, none. */
  apply(changeSet: ChangeSet): void {
    const copy = this.#copy();
    for (const operation of changeSet.operations) copy.#run(operation, changeSet.at);
    Object.assign(this, { createdAt: copy.createdAt, merges: copy.merges, records: copy.records, events: copy.events });
  }

  /** The customer that stands for the id now. */
  survivorOf(id: string): string {
    for (const merge of this.merges.values()) {
      if (merge.merged === id && !merge.isUndone) return this.survivorOf(merge.survivor);
    }
    return id;
  }

  /** Customers that are no alias. */
  live(): string[] {
    return [...this.createdAt.keys()].filter((id) => this.survivorOf(id) === id);
  }

  /** What a lookup of the id must give. */
  pictureOf(id: string): Picture {
    const survivor = this.survivorOf(id);
    const merged = [...this.createdAt.keys()].filter(
      (other) => other !== survivor && this.survivorOf(other) === survivor,
    );
    const ageOf = (other: string) => `${this.createdAt.get(other)} ${other}`;
    return {
      customer360Id: survivor,
      createdAt: this.createdAt.get(survivor) ?? '',
      merged: merged.sort((one, other) => (ageOf(one) < ageOf(other) ? -1 : 1)),
      records: [...this.records.values()]
        .filter((record) => this.survivorOf(record.home) === survivor)
        .map((record) => describeRecord({ ...record, customer360Id: survivor }))
        .sort(),
    };
  }

  /** Keys of the records that carry an identifier. */
  recordsWith(identifier: Identifier): string[] {
    const key = identifierKey(identifier);
    return [...this.records.values()]
      .filter((record) => record.identifiers.some((own) => identifierKey(own) === key))
      .map(recordKey)
      .sort();
  }

  #run(operation: IdentityOperation, at: string): void {
    switch (operation.kind) {
      case 'create':
        this.#demand(!this.createdAt.has(operation.customer360Id));
        this.createdAt.set(operation.customer360Id, at);
        this.events.push(`CustomerCreated ${operation.customer360Id}`);
        return;
      case 'link':
        this.#demand(this.createdAt.has(operation.customer360Id));
        this.#link(operation.record, this.survivorOf(operation.customer360Id), operation.rule, at);
        return;
      case 'unlink': {
        const record = this.records.get(recordKey(operation.record));
        if (!record) return;
        this.records.delete(recordKey(record));
        this.events.push(`RecordUnlinked ${this.survivorOf(record.home)}`);
        return;
      }
      case 'merge': {
        const { mergeEventId, survivor, merged } = operation;
        this.#demand(!this.merges.has(mergeEventId) && survivor !== merged);
        this.#demand(this.live().includes(survivor) && this.live().includes(merged));
        this.merges.set(mergeEventId, { survivor, merged, isUndone: false });
        this.events.push(`CustomersMerged ${survivor}`);
        return;
      }
      case 'unmerge': {
        const merge = this.merges.get(operation.mergeEventId);
        if (!merge || merge.isUndone) throw new IdentityConflict('model');
        this.events.push(`CustomersUnmerged ${this.survivorOf(merge.merged)}`);
        merge.isUndone = true;
        return;
      }
    }
  }

  #link(record: IdentityRecord, target: string, rule: string, at: string): void {
    const before = this.records.get(recordKey(record));
    if (before && this.survivorOf(before.home) === target) {
      this.records.set(recordKey(record), { ...before, ...record });
      return;
    }
    this.records.set(recordKey(record), { ...record, home: target, rule, linkedAt: at });
    this.events.push(`RecordLinked ${target}`);
  }

  #demand(isFitting: boolean): void {
    if (!isFitting) throw new IdentityConflict('model');
  }

  #copy(): IdentityModel {
    const copy = new IdentityModel();
    copy.createdAt = new Map(this.createdAt);
    copy.merges = new Map([...this.merges].map(([id, merge]) => [id, { ...merge }]));
    copy.records = new Map(this.records);
    copy.events = [...this.events];
    return copy;
  }
}

/** One text with everything a lookup says of a record. */
export function describeRecord(
  record: IdentityRecord & { readonly customer360Id: string; readonly rule: string; readonly linkedAt: string },
): string {
  const identifiers = [...new Set(record.identifiers.map(identifierKey))].sort().join(',');
  const { dataSourceObjectId, givenNameHash, customer360Id, rule, linkedAt } = record;
  return [recordKey(record), dataSourceObjectId, givenNameHash, customer360Id, rule, linkedAt, identifiers].join(' ');
}
