import type { JourneyTriggerKind } from '../../../schema/generated/marketing.ts';

/** Something that makes people enter. */
export interface Occurrence {
  readonly kind: JourneyTriggerKind;
  readonly dueMs: number;
  readonly objectType: string;
  readonly objectId: string;
  readonly revision: string | null;
  /** What makes it the same one, whenever and however often it is found. */
  readonly occasion: string;
  /** How long it was left, for the journeys that wait for just that; null where none does. */
  readonly afterMs: number | null;
  readonly customer360Id: string | null;
  readonly source: string;
  readonly recordId: string | null;
}

/**
 * What of an object an occurrence is about, however long it was left: the contents of a cart, the order before, the closing of a case.
 * A journey that comes to wait for another time does not begin anew with it.
 */
export function matterOf({
  revision,
  occasion,
  afterMs,
}: Pick<Occurrence, 'revision' | 'occasion' | 'afterMs'>): string {
  if (revision !== null) return revision;
  return afterMs === null ? occasion : occasion.slice(0, occasion.length - String(afterMs).length).trimEnd();
}
