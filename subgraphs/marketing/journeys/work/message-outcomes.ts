import type { JourneyGate } from '../../../../schema/generated/marketing.ts';
import type { MessageOutcome } from '../contract.ts';
import type { JourneyDefinition, JourneyExit, MessageStep } from '../definition.ts';
import { type Note, stepAfter, walk } from '../steps.ts';
import type { InstanceRow, Settlement } from '../store/instances.ts';

/** What gates find that takes people out, and by which exit. */
const EXITS: Partial<Record<JourneyGate, { readonly on: readonly JourneyExit['on'][]; readonly reason: string }>> = {
  NO_ORDER_SINCE: { on: ['ORDER_PLACED'], reason: 'ORDERED' },
  CART_UNCHANGED: { on: ['CART_CHANGED', 'CART_EMPTIED'], reason: 'CART_CHANGED' },
  NO_OPEN_COMPLAINT: { on: ['COMPLAINT_OPENED'], reason: 'COMPLAINT_OPENED' },
};

/** Where a message step was run. */
export interface StepRun {
  readonly row: InstanceRow;
  readonly definition: JourneyDefinition;
  readonly step: MessageStep;
  readonly nowMs: number;
}

/** What becomes of an instance by the outcome of its message, with what the timeline tells of it. */
export function settlementOf(
  outcome: MessageOutcome,
  { row, definition, step, nowMs }: StepRun,
): { readonly settlement: Settlement; readonly notes: readonly Note[] } {
  const note = (entryType: string, message: string): Note => ({ entryType, step: step.id, message });
  const goOn = (first: Note, more: Partial<Settlement> = {}) => {
    const { standing, notes } = walk(definition, stepAfter(definition, step), nowMs);
    return { settlement: { standing, ...more }, notes: [first, ...notes] };
  };
  const again = (until: string, first: Note) => ({
    settlement: {
      standing: { kind: 'LIVE', step } as const,
      status: 'DEFERRED' as const,
      againMs: Math.max(Date.parse(until), nowMs),
    },
    notes: row.status === 'DEFERRED' && row.due_on?.toISOString() === until ? [] : [first],
  });
  switch (outcome.kind) {
    case 'SENT':
      return goOn(note('SENT', `The message ${outcome.messageKey} was sent.`));
    case 'IN_DOUBT':
      return goOn(
        note(
          'IN_DOUBT',
          `It is not known whether the message ${outcome.messageKey} was sent: it is not sent again by itself.`,
        ),
      );
    case 'DEFERRED':
      return again(outcome.until, note('DEFERRED', `Put off to ${outcome.until} by ${outcome.decidedBy}.`));
    case 'RETRY':
      return again(
        outcome.until,
        note('RETRIED', `The provider did not take it: ${outcome.error}. Again at ${outcome.until}.`),
      );
    case 'FAILED':
      return {
        settlement: { standing: { kind: 'ENDED', reason: 'FAILED' }, status: 'FAILED' },
        notes: [note('FAILED', `The message failed for good: ${outcome.error}.`)],
      };
    case 'SKIPPED': {
      const exit = EXITS[outcome.decidedBy];
      const message = note('SKIPPED', `The message was not sent: ${outcome.decidedBy}.`);
      if (exit && definition.exits.some(({ on }) => exit.on.includes(on))) {
        const standing = { kind: 'ENDED', reason: exit.reason } as const;
        return { settlement: { standing, status: 'EXITED' }, notes: [message] };
      }
      return goOn(message, { isHeldOut: outcome.decidedBy === 'NOT_HELD_OUT' });
    }
  }
}
