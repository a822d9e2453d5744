import type { Queryable } from '../../../database/database.ts';
import { ENTRY_MAX_AGE, type JourneyDefinition, type JourneyEntry } from './definition.ts';
import { durationMs } from './duration.ts';
import { recordKey } from './live/reads.ts';
import { matterOf, type Occurrence } from './occurrence.ts';
import type { JourneyParts } from './parts.ts';
import { walk } from './steps.ts';
import type { JourneyDocuments } from './store/documents.ts';
import { beginInstances, type NewEntry, writeEntries } from './store/entry-rows.ts';
import { TRIGGERED, tellChanges } from './store/events.ts';
import { readMovedSince } from './store/moves.ts';
import { putTasks } from './store/tasks.ts';

/** An occurrence with the journeys that it is to begin. */
export interface PlannedEntry {
  readonly occurrence: Occurrence;
  readonly journeys: readonly {
    readonly journeyId: string;
    readonly version: number;
    readonly definition: JourneyDefinition;
  }[];
}

/** Decides who enters what, asking live where a journey wants more to hold. Writes nothing. Throws NotNow. */
export async function planEntries(
  parts: JourneyParts,
  documents: JourneyDocuments,
  occurrences: readonly Occurrence[],
): Promise<PlannedEntry[]> {
  if (occurrences.length === 0) return [];
  const kinds = [...new Set(occurrences.map(({ kind }) => kind))];
  const open = await documents.open(parts.database, kinds);
  const nowMs = parts.clock();
  return Promise.all(
    occurrences.map(async (occurrence) => {
      const { customer360Id, kind, afterMs, dueMs } = occurrence;
      const fitting = open.filter(
        ({ definition, afterMs: wanted }) =>
          definition.entry.kind === kind && wanted === afterMs && nowMs - dueMs <= maxAgeMs(definition.entry),
      );
      if (customer360Id === null) return { occurrence, journeys: [] };
      const holds = await Promise.all(
        fitting.map(({ definition: { entry } }) =>
          entry.where ? parts.conditions.holds({ customer360Id, condition: entry.where }) : true,
        ),
      );
      return { occurrence, journeys: fitting.filter((_journey, index) => holds[index]) };
    }),
  );
}

function maxAgeMs({ maxAge }: JourneyEntry): number {
  return durationMs(maxAge ?? ENTRY_MAX_AGE);
}

/** What came of entries. */
export interface Entered {
  /** Triggers that were new. */
  readonly triggers: readonly { readonly id: string; readonly kind: string }[];
  /** How many instances began. */
  readonly instances: number;
  /** Occurrences whose person moved since they were read: to be read and planned anew. Nothing was written for them. */
  readonly stale: ReadonlySet<Occurrence>;
}

/**
 * Writes triggers that are new and begins the instances that may begin, in the transaction that holds what they follow from. The
 * number of statements does not depend on how many there are.
 */
export async function enter(
  parts: Pick<JourneyParts, 'clock' | 'newId' | 'isHeldOut'>,
  transaction: Queryable,
  planned: readonly PlannedEntry[],
  readAfter: number,
): Promise<Entered> {
  if (planned.length === 0) return { triggers: [], instances: 0, stale: new Set() };
  const moved = await movedSince(transaction, planned, readAfter);
  const stale = new Set(
    planned.flatMap(({ occurrence }) => (moved.has(occurrence.customer360Id ?? '') ? [occurrence] : [])),
  );
  const nowMs = parts.clock();
  const fresh = planned.filter(({ occurrence }) => !stale.has(occurrence));
  const entries = fresh.map(({ occurrence, journeys }) => ({
    occurrence,
    triggerId: parts.newId(),
    instances: journeys.map((journey) => newInstance(parts, occurrence, journey, nowMs)),
  }));
  const written = await writeEntries(transaction, entries, nowMs);
  const isNew = new Set(written.triggers.map(({ id }) => id));
  await lookUpAgain(
    transaction,
    entries.filter(({ triggerId }) => isNew.has(triggerId)),
    nowMs,
  );
  return { ...written, stale };
}

/**
 * Whose record nobody knew when it was read may have been linked since, before there was a trigger that would have been found by it: it is
 * asked for once more after the trigger is there. What is linked later finds the trigger.
 */
async function lookUpAgain(transaction: Queryable, entries: readonly NewEntry[], nowMs: number): Promise<void> {
  const unknown = entries.flatMap(({ triggerId, occurrence: { customer360Id, source, recordId } }) =>
    customer360Id === null && recordId !== null ? [{ triggerId, source, recordId }] : [],
  );
  await putTasks(
    transaction,
    unknown.map(({ triggerId, source, recordId }) => ({
      kind: 'UNKNOWN',
      objectId: recordKey({ source, recordId }),
      source,
      recordId,
      eventId: triggerId,
      eventType: TRIGGERED,
      eventOn: new Date(nowMs).toISOString(),
      wakeMs: nowMs,
    })),
    { again: true },
  );
}

/** The same for triggers that were written before anybody knew whose they are. */
export async function enterKnown(
  parts: Pick<JourneyParts, 'clock' | 'newId' | 'isHeldOut'>,
  transaction: Queryable,
  known: readonly { readonly triggerId: string; readonly plan: PlannedEntry }[],
  readAfter: number,
): Promise<Entered> {
  const moved = await movedSince(
    transaction,
    known.map(({ plan }) => plan),
    readAfter,
  );
  const nowMs = parts.clock();
  const fresh = known.filter(({ plan }) => !moved.has(plan.occurrence.customer360Id ?? ''));
  const owned = await transaction.query<{ trigger_id: string }>(
    `UPDATE marketing.journey_trigger AS found SET customer360_id = given.customer360_id
     FROM unnest($1::text[], $2::text[]) AS given (trigger_id, customer360_id)
     WHERE found.trigger_id = given.trigger_id AND found.customer360_id IS NULL RETURNING found.trigger_id`,
    [fresh.map(({ triggerId }) => triggerId), fresh.map(({ plan }) => plan.occurrence.customer360Id)],
  );
  const mine = new Set(owned.map(({ trigger_id }) => trigger_id));
  const entries = fresh
    .filter(({ triggerId }) => mine.has(triggerId))
    .map(({ triggerId, plan: { occurrence, journeys } }) => ({
      occurrence,
      triggerId,
      instances: journeys.map((journey) => newInstance(parts, occurrence, journey, nowMs)),
    }));
  const began = await beginInstances(transaction, entries, nowMs);
  await tellChanges(transaction, { entered: began }, nowMs);
  const stale = new Set(known.filter((one) => !fresh.includes(one)).map(({ plan }) => plan.occurrence));
  return { triggers: [], instances: began.length, stale };
}

/** Entries keep out of the way of identity's changes, and those of entries, until they commit. */
async function movedSince(
  transaction: Queryable,
  planned: readonly PlannedEntry[],
  readAfter: number,
): Promise<ReadonlySet<string>> {
  const people = planned.flatMap(({ occurrence }) => occurrence.customer360Id ?? []);
  return readMovedSince(transaction, [...new Set(people)], readAfter);
}

function newInstance(
  { newId, isHeldOut }: Pick<JourneyParts, 'newId' | 'isHeldOut'>,
  occurrence: Occurrence,
  { journeyId, version, definition }: PlannedEntry['journeys'][number],
  nowMs: number,
): NewEntry['instances'][number] {
  const { reentry, steps, conversionWindow, holdoutPercent } = definition;
  const customer360Id = occurrence.customer360Id ?? '';
  const { kind, objectType, objectId } = occurrence;
  const isPerson = objectType === 'Customer';
  const isPerObject = reentry === 'PER_OBJECT';
  // A person's id may change; what they did last does not.
  const subject = isPerson ? objectType : `${objectType} ${objectId}`;
  const key = `${isPerObject ? 'object' : `occurrence ${kind}`} ${subject} ${matterOf(occurrence)}`;
  return {
    instanceId: newId(),
    journeyId,
    version,
    entryKey: key,
    // Several carts of one person are several matters; what is about the person alone is one.
    isSingle: isPerObject ? isPerson : reentry !== 'ANYTIME',
    isPerObject,
    isOnce: reentry === 'NONE',
    isHeldOut: isHeldOut(journeyId, customer360Id, holdoutPercent),
    countsUntilMs: nowMs + durationMs(conversionWindow),
    walk: walk(definition, steps[0]?.id ?? null, nowMs),
  };
}
