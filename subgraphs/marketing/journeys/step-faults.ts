import { faultAt } from '../../../mapping/faults.ts';
import { suggest } from '../../../mapping/nearest.ts';
import type { JourneyDefinition, JourneyEntry, JourneyStep } from './definition.ts';
import { durationMs } from './duration.ts';
import { successorsOf } from './steps.ts';

const ABANDONED: ReadonlySet<JourneyEntry['kind']> = new Set([
  'CART_ABANDONED',
  'CHECKOUT_ABANDONED',
  'BROWSE_ABANDONED',
]);

/** What is wrong with the entry and the steps of a definition of the right shape. */
export function findStepFaults(definition: JourneyDefinition): string[] {
  return [
    ...entryFaults(definition.entry),
    ...nameFaults(definition.steps),
    ...targetFaults(definition.steps),
    ...zoneFaults(definition.steps),
    ...loopFaults(definition),
  ];
}

function entryFaults({ kind, abandonAfter, lapsedAfter }: JourneyEntry): string[] {
  const faults: string[] = [];
  if (kind === 'CUSTOMER_LAPSED' && lapsedAfter === undefined) {
    faults.push(faultAt(['entry', 'lapsedAfter'], 'It is missing: say how long ago the last order is, such as P60D.'));
  }
  if (kind !== 'CUSTOMER_LAPSED' && lapsedAfter !== undefined) {
    faults.push(faultAt(['entry', 'lapsedAfter'], `It goes with CUSTOMER_LAPSED only, not with ${kind}: take it out.`));
  }
  if (!ABANDONED.has(kind) && abandonAfter !== undefined) {
    faults.push(faultAt(['entry', 'abandonAfter'], `Nothing is abandoned with ${kind}: take it out.`));
  }
  return faults;
}

function nameFaults(steps: readonly JourneyStep[]): string[] {
  const seen = new Set<string>();
  return steps.flatMap(({ id }, index) => {
    if (!seen.has(id)) {
      seen.add(id);
      return [];
    }
    return [faultAt(['steps', index, 'id'], `Another step is called \`${id}\`: give this one a name of its own.`)];
  });
}

function targetFaults(steps: readonly JourneyStep[]): string[] {
  const names = new Set(steps.map(({ id }) => id));
  return steps.flatMap((step, index) =>
    (['next', 'otherwise'] as const).flatMap((property) => {
      const target = (step as { readonly next?: string; readonly otherwise?: string })[property];
      if (target === undefined || names.has(target)) return [];
      return [faultAt(['steps', index, property], `There is no step \`${target}\`.${suggest(target, names)}`)];
    }),
  );
}

function zoneFaults(steps: readonly JourneyStep[]): string[] {
  return steps.flatMap((step, index) => {
    if (step.kind !== 'WAIT_FOR_TIME' || step.zone === undefined || isZone(step.zone)) return [];
    return [faultAt(['steps', index, 'zone'], 'It is no IANA zone, such as Europe/Berlin.')];
  });
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** A wait of no length is gone through at once. */
function takesTime(step: JourneyStep): boolean {
  if (step.kind === 'WAIT') return durationMs(step.for) > 0;
  if (step.kind === 'WAIT_FOR_EVENT') return durationMs(step.atMost) > 0;
  return step.kind === 'WAIT_FOR_TIME';
}

/** Whoever comes to a step again has waited in between: else they would go round and round in one instant. */
function loopFaults(definition: JourneyDefinition): string[] {
  const byId = new Map(definition.steps.map((step, index) => [step.id, index]));
  const state = new Map<number, 'ENTERED' | 'LEFT'>();
  const faults: string[] = [];
  const visit = (index: number): void => {
    const step = definition.steps[index];
    if (!step || state.get(index) === 'LEFT') return;
    if (state.get(index) === 'ENTERED') {
      faults.push(faultAt(['steps', index], `Step \`${step.id}\` comes again without a wait: put one in between.`));
      return;
    }
    state.set(index, 'ENTERED');
    if (!takesTime(step)) {
      for (const id of successorsOf(definition, step)) visit(byId.get(id) ?? -1);
    }
    state.set(index, 'LEFT');
  };
  for (const index of definition.steps.keys()) visit(index);
  return [...new Set(faults)];
}
