import type { Clock } from '../../../schema/clock.ts';
import { recordOfKey } from '../store/decision.ts';
import type { IdentityOperation, IdentityRepository } from '../store/repository.ts';
import { reviewIdOf } from '../store/review.ts';
import type { EngineState } from './engine-state.ts';
import { householdSteps } from './household-steps.ts';
import { inSlices } from './in-slices.ts';

/** What tidying up after the engine is made from. */
export interface TidyingParts {
  readonly repository: IdentityRepository;
  readonly clock: Clock;
  newHouseholdId(): string;
  readonly reviewIntervalMs?: number;
}

const REVIEWS_KEPT = 1_000;
const REVIEW_INTERVAL_MS = 30_000;
const KEYS_AT_ONCE = 1_000;
/** A model fitted to fewer records is no better than the one that comes with the project. */
const RECORDS_TO_FIT = 2_000;

/**
 * What follows from the engine's state but need not be written with a record: the queue of reviews, households, and once,
 * when all clouds have been read, a model fitted to the records.
 */
export class Tidying {
  readonly #parts: TidyingParts;
  /** Records whose households are to be looked at. */
  readonly #touched = new Set<string>();
  readonly #clouds = new Set<string>();
  #isWhole = true;
  #isChanged = true;
  #reviewedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: TidyingParts) {
    this.#parts = parts;
  }

  /** Another state: all of it is to be looked at. */
  reset(): void {
    this.noteAll();
    this.#touched.clear();
  }

  /** Records whose clusters may have changed. */
  note(keys: Iterable<string>): void {
    for (const key of keys) {
      this.#touched.add(key);
      this.#clouds.add(recordOfKey(key).dataSourceId);
      this.#isChanged = true;
    }
  }

  /** Everything may have changed. */
  noteAll(): void {
    this.#isWhole = true;
    this.#isChanged = true;
    this.#reviewedAt = Number.NEGATIVE_INFINITY;
  }

  /** The steps from what the store has to what the engine says. */
  async operations(state: EngineState): Promise<IdentityOperation[]> {
    if (this.#isWhole) {
      for (const [first = ''] of state.engine.groups()) this.note([first]);
      this.#isWhole = false;
    }
    const model = await this.#model(state);
    if (model) return [model];
    return [...(await this.#households(state)), ...(await this.#reviews(state))];
  }

  async #model({ engine }: EngineState): Promise<IdentityOperation | null> {
    const { repository } = this.#parts;
    if (engine.size < RECORDS_TO_FIT || engine.model.recordCount > 0) return null;
    if (await repository.documents.active('MODEL')) return null;
    if (!(await isReadWhole(repository, this.#clouds))) return null;
    return { kind: 'activate', documentKind: 'MODEL', text: JSON.stringify(await inSlices(engine.fitting())) };
  }

  async #reviews({ engine }: EngineState): Promise<IdentityOperation[]> {
    const { repository, clock, reviewIntervalMs = REVIEW_INTERVAL_MS } = this.#parts;
    const now = clock();
    if (!this.#isChanged || now - this.#reviewedAt < reviewIntervalMs) return [];
    this.#isChanged = false;
    this.#reviewedAt = now;
    const waiting = new Map(
      (await repository.reviews.list({ first: REVIEWS_KEPT })).map((each) => [each.reviewId, each]),
    );
    const operations: IdentityOperation[] = [];
    const pairs = await inSlices(engine.findingUncertainPairs(REVIEWS_KEPT));
    for (const { left, right, bits, kind, verdict, expectedValue } of pairs) {
      const pair = { left: recordOfKey(left), right: recordOfKey(right) };
      const reviewId = reviewIdOf(pair.left, pair.right);
      const known = waiting.get(reviewId);
      waiting.delete(reviewId);
      const reviewKind = kind === 'VETOED' ? 'VETOED_MERGE' : 'UNCERTAIN';
      if (known?.kind === reviewKind && known.bits === bits && known.expectedValue === expectedValue) continue;
      const reasons = verdict === null ? [] : [verdict];
      operations.push({ kind: 'review', review: { kind: reviewKind, ...pair, bits, expectedValue, reasons } });
    }
    if (waiting.size > 0) operations.push({ kind: 'closeReviews', reviewIds: [...waiting.keys()] });
    return operations;
  }

  /** A part of what there is to look at, so that nobody waits long for it; the rest with the next call. */
  async #households({ engine }: EngineState): Promise<IdentityOperation[]> {
    const keys: string[] = [];
    for (const key of this.#touched) {
      if (keys.length >= KEYS_AT_ONCE) break;
      this.#touched.delete(key);
      if (engine.has(key)) keys.push(key);
    }
    return householdSteps(this.#parts.repository, engine, keys, () => this.#parts.newHouseholdId());
  }
}

/** True when every cloud that records come from has been read from beginning to end. */
async function isReadWhole(repository: IdentityRepository, clouds: Iterable<string>): Promise<boolean> {
  const positions = await Promise.all([...clouds].map((cloud) => repository.positionOf(cloud)));
  return positions.every((position) => position?.phase === 'FOLLOWING');
}
