import { CLOUDS } from '../../schema/clouds.ts';
import type { CompletenessState, SourceCompleteness } from '../../schema/generated/identity.ts';
import type { FetchOutcome } from '../../schema/subgraph-transport.ts';
import type { ProfilesByCloud } from './customer.ts';
import type { LinkedRecord } from './store/repository.ts';

/** How each cloud answered for a customer: the records linked to it, against the profiles that were read. */
export function describeCompleteness(
  records: readonly LinkedRecord[],
  profiles: ProfilesByCloud,
  fetches: Readonly<Record<string, FetchOutcome>>,
): SourceCompleteness[] {
  return CLOUDS.map(({ name }) => {
    const linked = records.filter(({ dataSourceId }) => dataSourceId === name);
    return {
      dataSourceId: name,
      state: stateOf(linked, profiles.get(name), fetches[name]),
      linkedRecordCount: linked.length,
    };
  });
}

function stateOf(
  linked: readonly LinkedRecord[],
  profiles: ReturnType<ProfilesByCloud['get']>,
  outcome: FetchOutcome | undefined,
): CompletenessState {
  if (linked.length === 0) return 'NOT_LINKED';
  if (profiles) {
    const answered = new Set(profiles.map(({ sourceRecordId }) => sourceRecordId));
    return linked.every(({ sourceRecordId }) => answered.has(sourceRecordId)) ? 'LIVE' : 'STALE';
  }
  return outcome === undefined || outcome === 'LIVE' ? 'DOWN' : outcome;
}
