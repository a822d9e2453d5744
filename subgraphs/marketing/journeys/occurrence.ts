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
