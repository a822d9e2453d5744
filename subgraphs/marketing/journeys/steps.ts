import type { JourneyDefinition, JourneyStep } from './definition.ts';
import { durationMs } from './duration.ts';
import { nextTimeOfDay } from './time-of-day.ts';

/** Something for the timeline. */
export interface Note {
  readonly entryType: string;
  readonly step: string | null;
  /** In a sentence a person can read, without personal data. */
  readonly message: string;
}

/** Where somebody stands in a journey. */
export type Standing =
  /** A wait runs. */
  | { readonly kind: 'WAITING'; readonly step: string; readonly dueMs: number; readonly waitsFor: string | null }
  /** At a step that asks the live graph: a message, a branch, a time of day where the person lives. */
  | { readonly kind: 'LIVE'; readonly step: JourneyStep }
  | { readonly kind: 'ENDED'; readonly reason: string };

/** What going on led to. */
export interface Walk {
  readonly standing: Standing;
  readonly notes: readonly Note[];
}

/** The reason why somebody is out of a journey that they went through to the end. */
export const COMPLETED = 'COMPLETED';

/** The step with this name. Throws when a version has no such step: it was checked when it was saved. */
export function stepNamed(definition: JourneyDefinition, id: string): JourneyStep {
  const step = definition.steps.find((candidate) => candidate.id === id);
  if (!step) throw new Error(`The journey ${definition.id} has no step ${id}.`);
  return step;
}

/** The step that follows, null at the end. */
export function stepAfter(definition: JourneyDefinition, step: JourneyStep): string | null {
  if (step.next !== undefined) return step.next;
  const index = definition.steps.findIndex(({ id }) => id === step.id);
  return definition.steps[index + 1]?.id ?? null;
}

/** Every step that may follow. */
export function successorsOf(definition: JourneyDefinition, step: JourneyStep): string[] {
  if (step.kind === 'END') return [];
  const otherwise = step.kind === 'BRANCH' || step.kind === 'WAIT_FOR_EVENT' ? step.otherwise : undefined;
  return [stepAfter(definition, step), otherwise ?? null].flatMap((id) => id ?? []);
}

/** Goes on at a step, by what needs no live graph, until something is to be waited for or asked. `step` null is the end. */
export function walk(definition: JourneyDefinition, step: string | null, nowMs: number): Walk {
  if (step === null) return { standing: { kind: 'ENDED', reason: COMPLETED }, notes: [] };
  const at = stepNamed(definition, step);
  switch (at.kind) {
    case 'WAIT':
      return wait(definition, at, nowMs + durationMs(at.for), nowMs, null);
    case 'WAIT_FOR_EVENT':
      return wait(definition, at, nowMs + durationMs(at.atMost), nowMs, at.eventType);
    case 'WAIT_FOR_TIME':
      if (at.zone === undefined) return { standing: { kind: 'LIVE', step: at }, notes: [] };
      return wait(definition, at, nextTimeOfDay(at.time, at.zone, nowMs), nowMs, null);
    case 'END':
      return { standing: { kind: 'ENDED', reason: at.reason }, notes: [] };
    default:
      return { standing: { kind: 'LIVE', step: at }, notes: [] };
  }
}

/** Begins a wait until a time; a wait of no length is gone through at once. */
export function wait(
  definition: JourneyDefinition,
  step: JourneyStep,
  dueMs: number,
  nowMs: number,
  waitsFor: string | null,
): Walk {
  if (dueMs <= nowMs) return walk(definition, stepAfter(definition, step), nowMs);
  const until = new Date(dueMs).toISOString();
  const message = waitsFor === null ? `Waits until ${until}.` : `Waits for ${waitsFor}, at most until ${until}.`;
  return {
    standing: { kind: 'WAITING', step: step.id, dueMs, waitsFor },
    notes: [{ entryType: 'WAITED', step: step.id, message }],
  };
}

/** The step after a wait that is over: `hasHappened` tells of a wait for an event whether it came. */
export function stepAfterWait(definition: JourneyDefinition, step: JourneyStep, hasHappened: boolean): string | null {
  if (step.kind === 'WAIT_FOR_EVENT' && !hasHappened && step.otherwise !== undefined) return step.otherwise;
  return stepAfter(definition, step);
}
