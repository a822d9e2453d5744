import {
  decisionKey,
  type MatchDecision,
  type NewDecision,
  recordsOfVerdict,
  type Verdict,
  verdictEnds,
} from './decision.ts';
import type { DocumentKind } from './document.ts';
import type { Tombstone } from './erasure.ts';
import type { PendingEvent } from './fold.ts';
import { IdentityConflict, type IdentityOperation, type SourceRecordKey } from './repository.ts';
import { type NewReview, reviewIdOf } from './review.ts';

/** Operations that keep what was decided, beside records and customers. */
export type DecidedOperation = Extract<
  IdentityOperation,
  { kind: 'decide' | 'revoke' | 'review' | 'closeReviews' | 'activate' | 'reactivate' | 'household' | 'erase' }
>;

/** What a store holds of the decisions and documents that a change set names. */
export interface DecidedState {
  readonly decisions: readonly MatchDecision[];
  /** The latest version of each kind named; 0 before the first. */
  readonly latestVersions: ReadonlyMap<DocumentKind, number>;
}

/** A version of a document to be put in effect; `text` is null when it exists already. */
export interface DocumentChange {
  readonly kind: DocumentKind;
  readonly version: number;
  readonly text: string | null;
}

/** A household with all who live in it from now on. */
export interface HouseholdChange {
  readonly householdId: string;
  readonly customer360Ids: readonly string[];
}

/** A person to be forgotten. */
export interface Erasure {
  readonly customer360Id: string;
  readonly records: readonly SourceRecordKey[];
  readonly tombstones: readonly Tombstone[];
}

/** A verdict that is taken back. */
export interface RevokedVerdict {
  readonly decisionId: string;
  readonly leftKey: string;
  readonly rightKey: string;
}

/** What is left to be written of these operations. */
export interface DecidedEffects {
  readonly decisions: readonly NewDecision[];
  readonly revoked: readonly RevokedVerdict[];
  readonly reviews: readonly (NewReview & { readonly reviewId: string })[];
  readonly closedReviews: readonly string[];
  readonly documents: readonly DocumentChange[];
  readonly households: readonly HouseholdChange[];
  readonly erasures: readonly Erasure[];
}

/** What the fold of records and customers tells. */
interface Surroundings {
  note(event: PendingEvent): void;
  hasRecord(record: SourceRecordKey): boolean;
  survivorOf(customer360Id: string): string | undefined;
}

/** Nothing named, nothing read. */
export const NOTHING_DECIDED: DecidedState = { decisions: [], latestVersions: new Map() };

/** True for an operation that this fold runs. */
export function isDecided(operation: IdentityOperation): operation is DecidedOperation {
  return !['create', 'link', 'unlink', 'merge', 'unmerge'].includes(operation.kind);
}

/** Runs the operations that keep what was decided. */
export class DecidedFold {
  readonly #around: Surroundings;
  readonly #inEffect = new Map<string, MatchDecision[]>();
  readonly #latest: Map<DocumentKind, number>;
  readonly #decisions = new Map<string, NewDecision>();
  readonly #revoked = new Map<string, RevokedVerdict>();
  readonly #reviews = new Map<string, NewReview & { readonly reviewId: string }>();
  readonly #closed = new Set<string>();
  readonly #documents: DocumentChange[] = [];
  readonly #households = new Map<string, HouseholdChange>();
  readonly #erasures: Erasure[] = [];

  constructor(state: DecidedState, around: Surroundings) {
    this.#around = around;
    this.#latest = new Map(state.latestVersions);
    for (const decision of state.decisions) {
      this.#inEffect.set(decision.decisionId, [...(this.#inEffect.get(decision.decisionId) ?? []), decision]);
    }
  }

  /** Throws IdentityConflict when the operation does not fit. */
  run(operation: DecidedOperation): void {
    switch (operation.kind) {
      case 'decide':
        this.#decide(operation.decision);
        break;
      case 'revoke':
        this.#revoke(operation.decisionId, operation.only);
        break;
      case 'review':
        this.#review(operation.review);
        break;
      case 'closeReviews':
        for (const reviewId of operation.reviewIds) this.#closed.add(reviewId);
        break;
      case 'activate':
        this.#activate(operation.documentKind, operation.text, (this.#latest.get(operation.documentKind) ?? 0) + 1);
        break;
      case 'reactivate':
        this.#activate(operation.documentKind, null, operation.version);
        break;
      case 'household':
        this.#household(operation);
        break;
      case 'erase':
        this.#erase(operation);
        break;
    }
  }

  result(): DecidedEffects {
    return {
      decisions: [...this.#decisions.values()],
      revoked: [...this.#revoked.values()],
      reviews: [...this.#reviews.values()].filter(({ reviewId }) => !this.#closed.has(reviewId)),
      closedReviews: [...this.#closed],
      documents: this.#documents,
      households: [...this.#households.values()],
      erasures: this.#erasures,
    };
  }

  #decide(decision: NewDecision): void {
    const { decisionId, origin, verdicts } = decision;
    for (const verdict of verdicts) {
      if (!recordsOfVerdict(verdict).every((record) => this.#around.hasRecord(record))) {
        throw new IdentityConflict('A record to decide about does not exist.');
      }
      if (verdict.kind === 'PIN' && this.#around.survivorOf(verdict.customer360Id) === undefined) {
        throw new IdentityConflict(`No customer ${verdict.customer360Id} to pin a record to.`);
      }
    }
    this.#decisions.set(decisionId, decision);
    this.#around.note({ type: 'MatchDecided', key: decisionId, payload: { origin, verdicts } });
  }

  #revoke(decisionId: string, only: readonly Verdict[] | undefined): void {
    const wanted = only && new Set(only.map((verdict) => decisionKey({ decisionId, verdict })));
    const stored = (this.#inEffect.get(decisionId) ?? []).filter((decision) => {
      const key = decisionKey(decision);
      return !this.#revoked.has(key) && (wanted?.has(key) ?? true);
    });
    const [first] = stored;
    if (!first) throw new IdentityConflict(`No decision ${decisionId} in effect.`);
    for (const decision of stored) {
      const [leftKey, rightKey] = verdictEnds(decision.verdict);
      this.#revoked.set(decisionKey(decision), { decisionId, leftKey, rightKey });
    }
    const payload = { origin: first.origin, verdicts: stored.map(({ verdict }) => verdict) };
    this.#around.note({ type: 'MatchDecisionRevoked', key: decisionId, payload });
  }

  /** The engine may have seen a record that has gone meanwhile: nothing is left to be looked at then. */
  #review(review: NewReview): void {
    if (!this.#around.hasRecord(review.left) || !this.#around.hasRecord(review.right)) return;
    const reviewId = reviewIdOf(review.left, review.right);
    this.#reviews.set(reviewId, { ...review, reviewId });
  }

  #activate(kind: DocumentKind, text: string | null, version: number): void {
    const highest = this.#latest.get(kind) ?? 0;
    if (text === null && (version < 1 || version > highest)) {
      throw new IdentityConflict(`${kind} has no version ${version}.`);
    }
    this.#latest.set(kind, Math.max(highest, version));
    this.#documents.push({ kind, version, text });
    this.#around.note({ type: 'DocumentActivated', key: kind, payload: { version } });
  }

  #household({ householdId, customer360Ids }: HouseholdChange): void {
    const distinct = [...new Set(customer360Ids)].sort();
    this.#households.set(householdId, { householdId, customer360Ids: distinct });
    this.#around.note({ type: 'HouseholdChanged', key: householdId, payload: { customer360Ids: distinct } });
  }

  #erase({ customer360Id, records, tombstones }: Erasure): void {
    if (this.#around.survivorOf(customer360Id) !== customer360Id) {
      throw new IdentityConflict(`Customer ${customer360Id} does not exist, or was merged away.`);
    }
    this.#erasures.push({ customer360Id, records, tombstones });
    const payload = { recordCount: records.length, tombstoneCount: tombstones.length };
    this.#around.note({ type: 'CustomerErased', key: customer360Id, payload });
  }
}
