import type { EngagementChannelType, JourneyInstanceStatus } from '../../../../schema/generated/marketing.ts';
import type { JourneyDefinition, MessageStep } from '../definition.ts';
import { durationMs } from '../duration.ts';
import { stepAfter, stepNamed } from '../steps.ts';
import { nextTimeOfDay } from '../time-of-day.ts';

/** Where an instance stands. */
export interface InstanceStanding {
  readonly status: JourneyInstanceStatus;
  /** The step it stands at, null at the end. */
  readonly step: string | null;
  /** True while the wait of the step runs. */
  readonly isBegun: boolean;
  /** When the wait, or the putting off, is over, milliseconds. */
  readonly dueMs: number | null;
}

/** The next message of an instance, as far as it can be told beforehand. */
export interface PlannedMessage {
  readonly step: MessageStep;
  /** Milliseconds, null when it can't be told. */
  readonly atMs: number | null;
  /** True when it depends on a branch, or on something that may not happen. */
  readonly isCertain: boolean;
}

/**
 * Goes ahead from where an instance stands to its next message. At a branch it takes the way on which the condition holds: what
 * the person is then is asked then. Null when no message comes any more.
 */
export function nextMessage(
  definition: JourneyDefinition,
  standing: InstanceStanding,
  nowMs: number,
): PlannedMessage | null {
  let id = standing.step;
  let atMs: number | null = standing.status === 'PAUSED' ? null : (standing.dueMs ?? nowMs);
  let isCertain = true;
  let isBegun = standing.isBegun;
  // Every step once: whoever comes round again has had the message before.
  for (let steps = 0; id !== null && steps <= definition.steps.length; steps += 1) {
    const step = stepNamed(definition, id);
    if (step.kind === 'MESSAGE') return { step, atMs, isCertain };
    if (step.kind === 'END') return null;
    if (step.kind === 'BRANCH' || step.kind === 'WAIT_FOR_EVENT') isCertain = false;
    if (!isBegun && atMs !== null) atMs = afterStep(step, atMs);
    isBegun = false;
    id = stepAfter(definition, step);
  }
  return null;
}

function afterStep(step: JourneyDefinition['steps'][number], atMs: number): number | null {
  switch (step.kind) {
    case 'WAIT':
      return atMs + durationMs(step.for);
    case 'WAIT_FOR_TIME':
      // Without a zone it is where the person lives, which is asked when it is due.
      return step.zone === undefined ? null : nextTimeOfDay(step.time, step.zone, atMs);
    case 'WAIT_FOR_EVENT':
      return atMs + durationMs(step.atMost);
    default:
      return atMs;
  }
}

const CHANNEL_WORDS: Readonly<Record<EngagementChannelType, string>> = {
  EMAIL: 'mail',
  SMS: 'text message',
  PUSH: 'push message',
  PHONE: 'call',
};

/** What is to be said about a message. */
export interface SentenceOptions {
  readonly planned: PlannedMessage;
  readonly journeyName: string;
  readonly nowMs: number;
  /** IANA zone. */
  readonly timeZone: string;
}

/** Such as `gets a 10 % discount mail at 16:05 (Abandoned cart), unless something changes until then`. */
export function sentenceOf({ planned, journeyName, nowMs, timeZone }: SentenceOptions): string {
  const { step, atMs, isCertain } = planned;
  const discount = step.discount ? `${step.discount.percent} % discount ` : '';
  const what = `${isCertain ? 'gets' : 'may get'} a ${discount}${CHANNEL_WORDS[step.channel]}`;
  if (atMs === null) return `${what} (${journeyName}), nobody knows yet when`;
  return `${what} ${whenOf(Math.max(atMs, nowMs), nowMs, timeZone)} (${journeyName})`;
}

function whenOf(atMs: number, nowMs: number, timeZone: string): string {
  const time = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const day = new Intl.DateTimeFormat('en-GB', { timeZone, day: 'numeric', month: 'long', year: 'numeric' });
  if (atMs === nowMs) return 'now';
  const isToday = day.format(atMs) === day.format(nowMs);
  return isToday ? `at ${time.format(atMs)}` : `on ${day.format(atMs)} at ${time.format(atMs)}`;
}
