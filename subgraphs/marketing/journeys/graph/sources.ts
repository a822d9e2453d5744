import type { Row } from '../../../../database/database.ts';
import { CodedError } from '../../../../schema/errors.ts';
import type { InstanceRow } from '../store/instances.ts';

/** A row of `marketing.journey` with the document of the version that people enter. */
export interface JourneyRow extends Row {
  readonly journey_id: string;
  readonly name: string;
  readonly status: string;
  readonly reentry: string;
  readonly version: number;
  readonly document: string;
  readonly package_name: string | null;
  readonly modified_on: Date;
}

/** A row of `marketing.journey_trigger`. */
export interface TriggerRow extends Row {
  readonly trigger_id: string;
  readonly kind: string;
  readonly due_on: Date;
  readonly written_on: Date;
  readonly object_type: string;
  readonly object_id: string;
  readonly revision: string | null;
  readonly customer360_id: string | null;
}

/** A journey as its fields are resolved from. */
export type JourneySource = ReturnType<typeof journeyOf>;
/** An instance as its fields are resolved from. */
export type InstanceSource = ReturnType<typeof instanceOf>;
/** A trigger as its fields are resolved from. */
export type TriggerSource = ReturnType<typeof triggerOf>;

/** The fields of a journey that need no further reading. */
export function journeyOf(row: JourneyRow) {
  return {
    id: row.journey_id,
    name: row.name,
    status: row.status,
    reentry: row.reentry,
    version: row.version,
    document: row.document,
    packageName: row.package_name,
    lastModifiedDate: row.modified_on,
  };
}

/** The fields of an instance that need no further reading, and the keys that others are read by. */
export function instanceOf(row: InstanceRow) {
  return {
    id: row.instance_id,
    journeyId: row.journey_id,
    triggerId: row.trigger_id,
    foldedIntoId: row.folded_into,
    version: row.version,
    customer360Id: row.customer360_id,
    status: row.status,
    objectType: row.object_type,
    objectId: row.object_id,
    revision: row.revision,
    shoppingCart: cartOf(row),
    enteredAt: row.entered_on,
    currentStep: row.step,
    nextActivityAt: row.status === 'WAITING' || row.status === 'DEFERRED' ? row.due_on : null,
    endedAt: row.ended_on,
    endReason: row.end_reason,
    salesOrder: row.order_number === null ? null : { __typename: 'SalesOrder', orderNumber: row.order_number },
    isHeldOut: row.is_held_out,
  };
}

/** The fields of a trigger that need no further reading. `position` is where the log stood after it, unknown when it was not read from there. */
export function triggerOf(row: TriggerRow, position: string | null = null) {
  return {
    id: row.trigger_id,
    position,
    kind: row.kind,
    dueAt: row.due_on,
    occurredAt: row.written_on,
    objectType: row.object_type,
    objectId: row.object_id,
    revision: row.revision,
    customer360Id: row.customer360_id,
    shoppingCart: cartOf(row),
  };
}

function cartOf({ object_type, object_id }: { readonly object_type: string; readonly object_id: string }) {
  return object_type === 'ShoppingCart' ? { __typename: 'ShoppingCart', id: object_id } : null;
}

/** A cursor of a list that is in the order of a time and a key, latest first. */
export function writePlace(atMs: number, key: string): string {
  return Buffer.from(JSON.stringify([atMs, key])).toString('base64url');
}

/** The place that a cursor names. Throws MALFORMED_ID. */
export function readPlace(cursor: string): { readonly at: Date; readonly key: string } {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (
      Array.isArray(place) &&
      Number.isSafeInteger(place[0]) &&
      typeof place[1] === 'string' &&
      !place[1].includes('\0')
    ) {
      return { at: new Date(place[0]), key: place[1] };
    }
  } catch {
    // Told below.
  }
  throw new CodedError('MALFORMED_ID', '`after` is a cursor of an earlier page of the same list.');
}

/** A page as a connection shows it, of what was read with one more than asked for. */
export function connectionOf<Item, Node>(
  items: readonly Item[],
  page: { readonly first: number; readonly after?: string },
  describe: { readonly cursorOf: (item: Item) => string; readonly nodeOf: (item: Item) => Node },
) {
  const edges = items
    .slice(0, page.first)
    .map((item) => ({ cursor: describe.cursorOf(item), node: describe.nodeOf(item) }));
  return {
    edges,
    pageInfo: {
      hasNextPage: items.length > page.first,
      hasPreviousPage: page.after !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}
