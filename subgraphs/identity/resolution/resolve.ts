import type { ChangeSet, Lease, SourceRecordKey } from '../store/repository.ts';
import type { CanonicalProfile } from './canonical-profile.ts';

/** Records to decide about. */
export interface ResolveBatch {
  /** Records as their cloud holds them now. */
  readonly changed: readonly CanonicalProfile[];
  /** Records that their cloud no longer has. */
  readonly deleted: readonly SourceRecordKey[];
  /** Where the reading of the cloud stands after this batch; stored together with the last of its decisions. */
  readonly progress?: NonNullable<ChangeSet['progress']>;
  /** The right to resolve under which the batch is handled. */
  readonly lease?: Lease;
  /** Decide again about records that are stored as they are: on a full read, which may follow a change of the rules. Default false. */
  readonly reconsider?: boolean;
}

/** What a batch came to. */
export interface ResolveOutcome {
  /** Steps written; 0 when everything was known already. */
  readonly operations: number;
}

/**
 * Decides which records are one person and writes it down. This is the seam between what follows the clouds and the engine.
 * `resolve` throws LeaseLost when another process holds the right to resolve, IdentityConflict when somebody else keeps
 * changing the same customers, StoreUnavailable when the store cannot be reached; what was not written can be resolved again.
 */
export interface IdentityResolver {
  /** Differs when the same records might be decided about otherwise: all are to be resolved again then. */
  readonly fingerprint: string;
  resolve(batch: ResolveBatch): Promise<ResolveOutcome>;
  /**
   * Takes in what people decided and which documents came into effect since, and writes what follows, also what waits for
   * a person. Does nothing where there is nothing. Throws as `resolve` does.
   */
  tidy?(lease: Lease): Promise<void>;
}
