import type {
  IdentityEventType as EventType,
  IdentityEvent as GraphIdentityEvent,
} from '../../schema/generated/identity.ts';
import { writeCursor } from './cursors.ts';
import { REDACTED } from './store/past.ts';
import type { IdentityEvent, IdentityEventType } from './store/repository.ts';

/** Name of the log in cursors. */
export const LOG = 'identity';

const TYPES: Readonly<Record<IdentityEventType, EventType>> = {
  CustomerCreated: 'CUSTOMER_CREATED',
  RecordLinked: 'RECORD_LINKED',
  RecordUnlinked: 'RECORD_UNLINKED',
  CustomersMerged: 'CUSTOMERS_MERGED',
  CustomersUnmerged: 'CUSTOMERS_UNMERGED',
  MatchDecided: 'MATCH_DECIDED',
  MatchDecisionRevoked: 'MATCH_DECISION_REVOKED',
  DocumentActivated: 'DOCUMENT_ACTIVATED',
  HouseholdChanged: 'HOUSEHOLD_CHANGED',
  CustomerErased: 'CUSTOMER_ERASED',
  ErasedIdentifierReturned: 'ERASED_IDENTIFIER_RETURNED',
};

/** Where the log stands after an event, as a client hands it back. */
export function cursorAfter(sequence: number): string {
  return writeCursor(LOG, sequence);
}

/** An event of the log as the graph shows it. */
export function describeEvent(event: IdentityEvent): GraphIdentityEvent {
  const { type, key, payload } = event;
  const isDecision = type === 'MatchDecided' || type === 'MatchDecisionRevoked';
  const isOther = isDecision || type === 'DocumentActivated' || type === 'HouseholdChanged';
  return {
    cursor: cursorAfter(event.sequence),
    id: event.id,
    eventType: TYPES[type],
    occurredAt: event.occurredAt,
    customer360Id: isOther ? null : key,
    otherCustomer360Id: text(payload, 'merged') ?? text(payload, 'previousCustomer360Id'),
    record: recordOf(payload),
    mergeEventId: text(payload, 'mergeEventId'),
    decisionId: isDecision ? key : null,
    householdId: type === 'HouseholdChanged' ? key : null,
    rule: text(payload, 'rule'),
    bits: typeof payload['bits'] === 'number' ? payload['bits'] : null,
    by: text(payload, 'by'),
    reason: text(payload, 'reason'),
  };
}

/** True when an event concerns the customer, on either side. */
export function concerns(event: IdentityEvent, customer360Id: string): boolean {
  const { key, payload } = event;
  return [key, payload['merged'], payload['survivor'], payload['previousCustomer360Id']].includes(customer360Id);
}

/** A record that was erased is not named any more. */
function recordOf(payload: IdentityEvent['payload']): GraphIdentityEvent['record'] {
  const dataSourceId = text(payload, 'dataSourceId');
  const sourceRecordId = text(payload, 'sourceRecordId');
  if (dataSourceId === null || sourceRecordId === null || sourceRecordId.startsWith(REDACTED)) return null;
  return { dataSourceId, sourceRecordId, dataSourceObjectId: text(payload, 'dataSourceObjectId') ?? '' };
}

function text(payload: IdentityEvent['payload'], name: string): string | null {
  const value = payload[name];
  return typeof value === 'string' ? value : null;
}
