import type { Clock } from '../../../schema/clock.ts';
import {
  type ChangeSet,
  IdentityConflict,
  type IdentityOperation,
  type IdentityRepository,
  type Lease,
  recordKey,
  type SourceRecordKey,
} from '../store/repository.ts';
import { assignIds, type IdSource } from './assign.ts';
import type { CanonicalProfile } from './canonical-profile.ts';
import { clusterRecords } from './cluster.ts';
import { readNeighbourhood } from './neighbourhood.ts';
import { createNormaliser } from './normalise.ts';
import type { Ruleset } from './ruleset.ts';

const RECORDS_PER_CHANGE_SET = 1_000;
const ATTEMPTS = 3;

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
 * Decides which records are one person and writes it down. This is the seam: rules now, an engine of scores later.
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

/** What the deterministic resolver is made from. `hashKey` is the repository's. */
export interface ResolverParts extends IdSource {
  readonly repository: IdentityRepository;
  readonly ruleset: Ruleset;
  readonly hashKey: string;
  readonly clock: Clock;
}

/** Makes the resolver that links by exact identifiers. */
export function createResolver(parts: ResolverParts): IdentityResolver {
  const normalise = createNormaliser(parts.hashKey);
  return {
    fingerprint: parts.ruleset.fingerprint,
    async resolve(batch) {
      const slices = sliceBatch(batch);
      let operations = 0;
      for (const slice of slices) operations += await resolveSlice(parts, normalise, slice);
      return { operations };
    },
  };
}

async function resolveSlice(
  parts: ResolverParts,
  normalise: ReturnType<typeof createNormaliser>,
  batch: ResolveBatch,
): Promise<number> {
  const changed = new Map(batch.changed.map((profile) => [recordKey(profile), profile]));
  const changes = {
    changed: [...changed.values()].map(normalise),
    deleted: batch.deleted.filter((key) => !changed.has(recordKey(key))),
    reconsider: batch.reconsider ?? false,
  };
  for (let attempt = 1; ; attempt += 1) {
    const neighbourhood = await readNeighbourhood(parts.repository, parts.ruleset, changes);
    const operations: IdentityOperation[] = [];
    if (neighbourhood) {
      const components = clusterRecords(neighbourhood.records, parts.ruleset, neighbourhood.isOverLimit);
      operations.push(...assignIds(components, neighbourhood, parts));
    }
    if (operations.length === 0 && !batch.progress) return 0;
    try {
      await parts.repository.apply(changeSetOf(batch, operations, parts.clock));
      return operations.length;
    } catch (error) {
      if (!(error instanceof IdentityConflict) || attempt === ATTEMPTS) throw error;
    }
  }
}

function changeSetOf(batch: ResolveBatch, operations: readonly IdentityOperation[], clock: Clock): ChangeSet {
  return {
    operations,
    ...(batch.progress ? { progress: batch.progress } : {}),
    ...(batch.lease ? { lease: batch.lease } : {}),
    at: new Date(clock()).toISOString(),
  };
}

/** Cuts a large batch so that each change set stays short; only the last carries the progress, because only then all is done. */
function sliceBatch(batch: ResolveBatch): ResolveBatch[] {
  const { changed, deleted, progress, ...rest } = batch;
  const slices: ResolveBatch[] = [];
  for (let at = 0; at < changed.length; at += RECORDS_PER_CHANGE_SET) {
    slices.push({ ...rest, changed: changed.slice(at, at + RECORDS_PER_CHANGE_SET), deleted: [] });
  }
  for (let at = 0; at < deleted.length; at += RECORDS_PER_CHANGE_SET) {
    slices.push({ ...rest, changed: [], deleted: deleted.slice(at, at + RECORDS_PER_CHANGE_SET) });
  }
  const last = slices.pop() ?? { ...rest, changed: [], deleted: [] };
  return [...slices, { ...last, ...(progress ? { progress } : {}) }];
}
