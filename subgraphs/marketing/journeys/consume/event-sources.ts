import type { ExecutionResult } from 'graphql';
import type { ConsumedEvent, EventSource } from '../../../../database/consumer-contract.ts';
import { together } from '../../../../database/together.ts';
import { CodedError } from '../../../../schema/errors.ts';
import type { UnifiedGraph } from '../../../../schema/unified-graph.ts';

/** An event of a cloud. */
export interface CloudEvent extends ConsumedEvent {
  readonly objectType: string;
  readonly sourceRecordId: string | null;
  readonly change: 'CREATED' | 'UPDATED' | 'DELETED';
  readonly changedFields: readonly string[];
}

/** An event of identity. */
export interface IdentityEvent extends ConsumedEvent {
  readonly customer360Id: string | null;
  readonly otherCustomer360Id: string | null;
  readonly record: { readonly dataSourceId: string; readonly sourceRecordId: string } | null;
}

/** Positions that can't be gone on from. */
const LOST: readonly unknown[] = ['CURSOR_TOO_OLD', 'MALFORMED_ID'];

/** The events of a cloud, as the graph tells them to programs. */
export function cloudEvents(graph: UnifiedGraph, cloud: string): EventSource<CloudEvent> {
  const field = `${cloud}Events`;
  const query = `subscription JourneyEvents($since: Cursor) {
    ${field}(since: $since) {
      cursor
      events { id dataSourceId eventType objectType objectId sourceRecordId change changedFields occurredAt }
    }
  }`;
  return async function* follow(since, signal) {
    for await (const answer of graph.subscribe({ query, variables: { since }, signal })) {
      yield fieldOf<{ cursor: string; events: readonly CloudEvent[] }>(answer, field);
    }
  };
}

interface IdentityAnswer extends Omit<IdentityEvent, 'dataSourceId' | 'objectId'> {
  readonly cursor: string;
}

/** Changes of identity that are taken together at most. */
const TOGETHER = 200;

/**
 * The changes of identity. It tells each by itself, and nothing when there is none: a position is had with the first one. Those that came
 * while the ones before were taken are taken together: each by itself would cost a transaction.
 */
export function identityEvents(graph: UnifiedGraph): EventSource<IdentityEvent> {
  const query = `subscription JourneyIdentity($since: Cursor) {
    identityChanged(since: $since) {
      cursor id eventType occurredAt customer360Id otherCustomer360Id record { dataSourceId sourceRecordId }
    }
  }`;
  return async function* follow(since, signal) {
    const answers = graph.subscribe({ query, variables: { since }, signal });
    for await (const told of together(answers, TOGETHER)) {
      const changes = told.map((answer) => fieldOf<IdentityAnswer>(answer, 'identityChanged'));
      const events = changes.map(({ cursor: _cursor, ...event }) => ({
        ...event,
        dataSourceId: 'identity',
        objectId: event.customer360Id ?? '',
      }));
      yield { cursor: changes.at(-1)?.cursor ?? '', events };
    }
  };
}

/** Throws a CodedError for a position that is lost; any other error is a broken way. Neither repeats what the graph said. */
function fieldOf<Value>({ data, errors }: ExecutionResult, field: string): Value {
  const code = errors?.[0]?.extensions['code'];
  if (LOST.includes(code)) {
    throw new CodedError(code as 'CURSOR_TOO_OLD', `The position in ${field} can't be gone on from.`);
  }
  const value = data?.[field];
  if (errors?.[0] !== undefined || value === null || value === undefined) {
    throw new CodedError('SUBGRAPH_DOWN', `${field} broke off.`);
  }
  return value as Value;
}
