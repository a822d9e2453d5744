import type { CloudClient } from './cloud-client.ts';
import type { IdentityContext } from './context.ts';
import type { CustomerIdentity, SourceRecordKey } from './store/repository.ts';

/** The part of a cloud's client that a search needs. */
export type NameSearcher = Pick<CloudClient, 'dataSourceId' | 'searchNames'>;

/** How names are searched: only the clouds know them. */
export interface NameSearch {
  readonly clouds: readonly NameSearcher[];
  /** How long a cloud may take, in milliseconds. */
  readonly nameSearchTimeoutMs: number;
}

/** Most records looked through of one cloud; so many of all clouds are one statement in the identity store. */
const RECORDS_PER_CLOUD = 300;

/** What a search for a name found. */
export interface NameSearchResult {
  /** Customers with a record whose name matches. */
  readonly customers: readonly CustomerIdentity[];
  /** Clouds that did not answer in time, or that have more matching records than were looked through. */
  readonly unanswered: readonly string[];
}

/** Asks every cloud for a name, at once, and finds the customers of the records. It never rejects because of a cloud. */
export async function searchNames(
  name: string,
  { clouds, nameSearchTimeoutMs }: NameSearch,
  { loaders, signal }: IdentityContext,
): Promise<NameSearchResult> {
  const deadline = AbortSignal.timeout(nameSearchTimeoutMs);
  const stop = signal ? AbortSignal.any([signal, deadline]) : deadline;
  const answers = await Promise.allSettled(
    clouds.map((cloud) => withinSignal(cloud.searchNames(name, RECORDS_PER_CLOUD + 1, stop), stop)),
  );
  const unanswered: string[] = [];
  const keys: SourceRecordKey[] = [];
  clouds.forEach(({ dataSourceId }, index) => {
    const answer = answers[index];
    const ids = answer?.status === 'fulfilled' ? answer.value : null;
    if (ids === null || ids.length > RECORDS_PER_CLOUD) unanswered.push(dataSourceId);
    for (const sourceRecordId of ids?.slice(0, RECORDS_PER_CLOUD) ?? []) keys.push({ dataSourceId, sourceRecordId });
  });
  const found = await Promise.all(keys.map((key) => loaders.byRecord.load(key)));
  const customers = new Map(found.flatMap((customer) => (customer ? [[customer.customer360Id, customer]] : [])));
  return { customers: [...customers.values()], unanswered };
}

/** Waits no longer than the signal, also for a cloud that does not heed it. */
async function withinSignal<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let giveUp = (): void => {};
  const given = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason);
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    return await Promise.race([work, given]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
