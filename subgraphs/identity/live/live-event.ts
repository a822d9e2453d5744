import { isCustomer360Id } from '../../../schema/customer360-id.ts';
import type { ChangeKind } from '../../../schema/generated/identity.ts';
import type { CloudEvent } from '../cloud-client.ts';
import { describeEvent, LOG } from '../identity-events.ts';
import { type IdentityEvent, type IdentityEventType, recordKey } from '../store/repository.ts';

/** Something that happened to a person, in whichever log it was written. It carries no values but ids. */
export interface LiveEvent {
  /** The log: a cloud's name, or `identity`. */
  readonly log: string;
  /** Position in its log after it. */
  readonly position: string;
  readonly id: string;
  readonly eventType: string;
  readonly objectType: string;
  readonly objectId: string;
  readonly change: ChangeKind;
  readonly changedFields: readonly string[];
  /** ISO 8601, by the clock of its store. */
  readonly occurredAt: string;
  /** `recordKey()` of the cloud's own customer record that it belongs to, null when it names people or nobody. */
  readonly record: string | null;
  /** The people it names. */
  readonly customer360Ids: readonly string[];
}

/** What an event of identity changes about the people it names. Events without an entry are about nobody in particular. */
const IDENTITY_CHANGES: Readonly<
  Partial<Record<IdentityEventType, { readonly change: ChangeKind; readonly fields: readonly string[] }>>
> = {
  CustomerCreated: { change: 'CREATED', fields: [] },
  RecordLinked: { change: 'UPDATED', fields: ['identityLinks'] },
  RecordUnlinked: { change: 'UPDATED', fields: ['identityLinks'] },
  CustomersMerged: { change: 'UPDATED', fields: ['mergedCustomer360Ids', 'identityLinks'] },
  CustomersUnmerged: { change: 'UPDATED', fields: ['mergedCustomer360Ids', 'identityLinks'] },
  HouseholdChanged: { change: 'UPDATED', fields: ['household'] },
  CustomerErased: { change: 'DELETED', fields: [] },
};

/** An event of identity's log as subscribers see it; null for one that changes nobody, such as a decision by itself. */
export function fromIdentity(event: IdentityEvent): LiveEvent | null {
  const changes = IDENTITY_CHANGES[event.type];
  if (!changes) return null;
  const { payload } = event;
  const named = [payload['merged'], payload['survivor'], payload['previousCustomer360Id']];
  const members = Array.isArray(payload['customer360Ids']) ? payload['customer360Ids'] : [];
  const ids = [event.key, ...named, ...members].filter(isCustomer360Id);
  const { id, eventType, occurredAt } = describeEvent(event);
  return {
    log: LOG,
    position: String(event.sequence),
    id,
    eventType,
    objectType: event.type === 'HouseholdChanged' ? 'Household' : 'Customer',
    objectId: event.key,
    change: changes.change,
    changedFields: changes.fields,
    occurredAt: String(occurredAt),
    record: null,
    customer360Ids: [...new Set(ids)],
  };
}

/** An event of a cloud as subscribers see it. */
export function fromCloud(event: CloudEvent): LiveEvent {
  const { cursor, sourceRecordId, dataSourceId, ...shown } = event;
  // A cloud that works with people instead of records of its own names the person.
  const isPerson = isCustomer360Id(sourceRecordId);
  return {
    ...shown,
    log: dataSourceId,
    position: cursor,
    record: sourceRecordId === null || isPerson ? null : recordKey({ dataSourceId, sourceRecordId }),
    customer360Ids: isPerson ? [sourceRecordId] : [],
  };
}
