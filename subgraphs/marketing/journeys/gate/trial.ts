import type { UnifiedGraph } from '../../../../schema/unified-graph.ts';
import type { GateDecision, GateRequest, RunningInstance } from '../contract.ts';
import type { BranchStep, JourneyDefinition, JourneyStep, MessageStep, WaitForTimeStep } from '../definition.ts';
import type { LiveConditions, PersonZones } from '../parts.ts';
import { TemplateInvalid } from '../sending/templates/message-renderer.ts';
import { type Standing, stepAfter, stepAfterWait, stepNamed, wait, walk } from '../steps.ts';
import { nextTimeOfDay } from '../time-of-day.ts';
import { createAskTogether } from './ask-together.ts';
import { readGateView, TIMEOUT_MS } from './create-gate.ts';
import { decide } from './decide.ts';
import type { LiveView } from './live-view.ts';

/** A message as it would be sent. */
export interface TrialPreview {
  readonly subject: string;
  readonly htmlBody: string;
  readonly textBody: string;
  readonly contactPointValue: string | null;
}

/** What a trial needs. Nothing of it writes. */
export interface TrialParts {
  readonly graph: UnifiedGraph;
  readonly conditions: LiveConditions;
  readonly zones: PersonZones;
  /** IANA zone of people of whom nobody knows where they live. */
  readonly defaultZone: string;
  /** Writes the message of a decision to send. Rejects when the template and what was read do not fit. */
  readonly preview: (step: MessageStep, decision: GateDecision, nowMs: number) => Promise<TrialPreview>;
}

/** What is tried on whom, and for how long. */
export interface Trial {
  readonly definition: JourneyDefinition;
  readonly instance: RunningInstance;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** One thing that would happen. */
export interface TrialStep {
  readonly step: string;
  readonly kind: string;
  readonly atMs: number;
  readonly message: string;
  readonly decision: GateDecision | null;
  readonly preview: TrialPreview | null;
}

/** Everything that would happen, and why it would end. */
export interface TrialResult {
  readonly steps: readonly TrialStep[];
  readonly endReason: string;
}

/** A journey that goes round in a circle is followed so far. */
const STEPS_LIMIT = 200;

/**
 * Goes through a journey with a person as it would be gone through if nothing happened meanwhile: by the engine's own steps and gates,
 * on the live clouds as they are now, with a clock that is set forward from wait to wait. Messages it has "sent" count for the
 * frequency cap and the discounts of those after them. Throws NotNow when a branch gets no answer.
 */
export async function runTrial(parts: TrialParts, trial: Trial): Promise<TrialResult> {
  const run = new TrialRun(parts, trial);
  return run.run();
}

class TrialRun {
  readonly #parts: TrialParts;
  readonly #trial: Trial;
  readonly #steps: TrialStep[] = [];
  readonly #sent: { readonly atMs: number; readonly hasDiscount: boolean }[] = [];
  #nowMs: number;

  constructor(parts: TrialParts, trial: Trial) {
    this.#parts = parts;
    this.#trial = trial;
    this.#nowMs = trial.fromMs;
  }

  async run(): Promise<TrialResult> {
    const { definition } = this.#trial;
    let { standing } = walk(definition, definition.steps[0]?.id ?? null, this.#nowMs);
    while (standing.kind !== 'ENDED') {
      if (this.#steps.length >= STEPS_LIMIT) return this.#end('TOO_MANY_STEPS');
      const next: Standing | null = await this.#goOn(standing);
      if (next === null) return this.#end(this.#waitsFor(standing));
      standing = next;
    }
    return this.#end(standing.reason);
  }

  /** Null when the time of the trial does not suffice. */
  async #goOn(standing: Exclude<Standing, { kind: 'ENDED' }>): Promise<Standing | null> {
    if (standing.kind === 'WAITING') return this.#wait(standing);
    const { step } = standing;
    if (step.kind === 'BRANCH') return this.#branch(step);
    if (step.kind === 'WAIT_FOR_TIME') return this.#waitForTime(step);
    if (step.kind === 'MESSAGE') return this.#message(step);
    throw new Error(`A step ${step.kind} asks nothing.`);
  }

  #wait({ step, dueMs, waitsFor }: Extract<Standing, { kind: 'WAITING' }>): Standing | null {
    const at = stepNamed(this.#trial.definition, step);
    const until = new Date(dueMs).toISOString();
    const message = waitsFor === null ? `Waits until ${until}.` : `Waits for ${waitsFor} in vain, until ${until}.`;
    this.#note(at, message);
    if (!this.#advanceTo(dueMs)) return null;
    return walk(this.#trial.definition, stepAfterWait(this.#trial.definition, at, false), dueMs).standing;
  }

  async #branch(step: BranchStep): Promise<Standing> {
    const { definition, instance } = this.#trial;
    const { customer360Id } = instance;
    const holds = await this.#parts.conditions.holds({ customer360Id, condition: step.when });
    this.#note(step, holds ? 'What it asks for holds.' : `What it asks for does not hold: on with ${step.otherwise}.`);
    return walk(definition, holds ? stepAfter(definition, step) : step.otherwise, this.#nowMs).standing;
  }

  async #waitForTime(step: WaitForTimeStep): Promise<Standing> {
    const { definition, instance } = this.#trial;
    const zone = step.zone ?? (await this.#parts.zones.zoneOf(instance.customer360Id));
    const due = nextTimeOfDay(step.time, zone, this.#nowMs);
    return wait(definition, step, due, this.#nowMs, null).standing;
  }

  async #message(step: MessageStep): Promise<Standing | null> {
    const { definition } = this.#trial;
    const decision = await this.#decide(step);
    const isSent = decision.verdict === 'SEND';
    const written = isSent ? await this.#preview(step, decision) : { preview: null };
    const fault = written.preview || !isSent ? '' : ` But it can't be written: ${written.fault}`;
    this.#note(step, `${MESSAGES[decision.verdict](decision)}${fault}`, { decision, preview: written.preview });
    if (decision.verdict === 'DEFER') {
      // A source that does not answer now can't be asked at a time to come.
      const until =
        decision.nextAllowedAt === null || isUnanswered(decision) ? null : Date.parse(decision.nextAllowedAt);
      return until !== null && this.#advanceTo(until) ? { kind: 'LIVE', step } : null;
    }
    if (isSent) this.#sent.push({ atMs: this.#nowMs, hasDiscount: step.discount !== undefined });
    return walk(definition, stepAfter(definition, step), this.#nowMs).standing;
  }

  /** A template that does not fit what was read is something that a trial is to show. */
  async #preview(
    step: MessageStep,
    decision: GateDecision,
  ): Promise<{ readonly preview: TrialPreview | null; readonly fault?: string }> {
    try {
      return { preview: await this.#parts.preview(step, decision, this.#nowMs) };
    } catch (error) {
      if (error instanceof TemplateInvalid) return { preview: null, fault: error.message };
      throw error;
    }
  }

  async #decide(step: MessageStep): Promise<GateDecision> {
    const { definition, instance } = this.#trial;
    const request: GateRequest = {
      instance,
      definition,
      step,
      nowMs: this.#nowMs,
      standing: { isIn: true, message: 'In the journey, for a trial.' },
      isProviderHealthy: true,
    };
    const view = await readGateView(createAskTogether(this.#parts.graph, TIMEOUT_MS), request);
    return decide(request, this.#withSent(view), this.#parts.defaultZone);
  }

  /** What was found, with what the trial has sent so far. */
  #withSent(view: LiveView): LiveView {
    if (!view.person || this.#sent.length === 0) return view;
    const { emailEngagements, discountCodes } = view.person;
    const latestFirst = [...this.#sent].reverse();
    const engagements = latestFirst.map(({ atMs }, index) => ({
      node: { id: `trial-${latestFirst.length - index}`, engagementDate: new Date(atMs).toISOString() },
    }));
    const discounts = latestFirst
      .filter(({ hasDiscount }) => hasDiscount)
      .map(({ atMs }) => ({ code: 'TRIAL', grantedDate: new Date(atMs).toISOString(), grantReference: null }));
    return {
      ...view,
      person: {
        ...view.person,
        emailEngagements: emailEngagements && { edges: [...engagements, ...emailEngagements.edges] },
        discountCodes: discountCodes && [...discounts, ...discountCodes],
      },
    };
  }

  #advanceTo(ms: number): boolean {
    if (ms > this.#trial.untilMs) return false;
    this.#nowMs = Math.max(this.#nowMs, ms);
    return true;
  }

  #waitsFor(standing: Standing): string {
    const decision = this.#steps.at(-1)?.decision;
    return standing.kind === 'LIVE' && decision && isUnanswered(decision) ? 'NO_ANSWER' : 'STILL_WAITING';
  }

  #note(step: JourneyStep, message: string, found: Partial<Pick<TrialStep, 'decision' | 'preview'>> = {}): void {
    const { id, kind } = step;
    this.#steps.push({ step: id, kind, atMs: this.#nowMs, message, decision: null, preview: null, ...found });
  }

  #end(endReason: string): TrialResult {
    return { steps: this.#steps, endReason };
  }
}

const MESSAGES: Readonly<Record<GateDecision['verdict'], (decision: GateDecision) => string>> = {
  SEND: () => 'The message would be sent.',
  SKIP: ({ decidedBy }) => `The message would not be sent: ${decidedBy}.`,
  DEFER: ({ decidedBy, nextAllowedAt }) => `The message would be put off to ${nextAllowedAt} by ${decidedBy}.`,
};

function isUnanswered({ reasons, decidedBy }: GateDecision): boolean {
  return reasons.some(({ gate, outcome }) => gate === decidedBy && outcome === 'NO_ANSWER');
}
