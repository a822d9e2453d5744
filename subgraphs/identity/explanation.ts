import type { Principal } from '../../schema/principal.ts';
import type { Contribution, MatchExplanation } from './resolution/explanation.ts';
import { recordOfKey } from './store/decision.ts';
import type { SourceRecordKey } from './store/repository.ts';

/** Shown in place of a value that the caller may not see. */
export const MASK = '•••';

/** What the graph shows of an explanation; records are resolved further. */
export interface ShownExplanation {
  readonly left: SourceRecordKey;
  readonly right: SourceRecordKey;
  readonly isSameCustomer: boolean;
  readonly rule: MatchExplanation['rule'];
  readonly contributions: readonly ShownContribution[];
  readonly bits: number;
  readonly probability: number;
  readonly threshold: number;
  readonly verdict: MatchExplanation['verdict'];
  readonly guard: string | null;
  readonly chain: readonly {
    readonly left: SourceRecordKey;
    readonly right: SourceRecordKey;
    readonly rule: string;
    readonly bits: number;
  }[];
  readonly modelVersion: string;
  readonly rulesetVersion: string;
  readonly waterfall: string;
}

/** One bar of the waterfall, with values only for those who may see them. */
export interface ShownContribution {
  readonly field: string;
  readonly level: string;
  readonly leftValue: string | null;
  readonly rightValue: string | null;
  readonly levelBits: number;
  readonly termFrequencyBits: number;
  readonly bits: number;
}

/** Agents and administrators see the values that were compared; programs and others see how well they agree. */
export function maySeeValues({ roles }: Principal): boolean {
  return roles.includes('agent') || roles.includes('admin');
}

/** An explanation as the caller may see it. */
export function showExplanation(explanation: MatchExplanation, principal: Principal): ShownExplanation {
  const isOpen = maySeeValues(principal);
  const contributions = explanation.contributions.map((contribution) => showContribution(contribution, isOpen));
  return {
    left: recordOfKey(explanation.left),
    right: recordOfKey(explanation.right),
    isSameCustomer: explanation.sameCluster,
    rule: explanation.rule,
    contributions,
    bits: explanation.bits,
    probability: explanation.probability,
    threshold: explanation.threshold,
    verdict: explanation.verdict,
    guard: explanation.guard,
    chain: explanation.chain.map(({ from, to, rule, bits }) => {
      return { left: recordOfKey(from), right: recordOfKey(to), rule, bits };
    }),
    modelVersion: explanation.modelVersion,
    rulesetVersion: explanation.rulesetVersion,
    waterfall: drawWaterfall(explanation, contributions),
  };
}

function showContribution(contribution: Contribution, isOpen: boolean): ShownContribution {
  const { field, level, left, right, levelBits, frequencyBits, bits } = contribution;
  const shown = (value: string | null): string | null => (value === null || isOpen ? value : MASK);
  return {
    field,
    level,
    leftValue: shown(left),
    rightValue: shown(right),
    levelBits,
    termFrequencyBits: frequencyBits,
    bits,
  };
}

const BAR_WIDTH = 12;
const BITS_PER_MARK = 2;

/** The waterfall as a person reads it: a line for each field, the sum, what follows. */
function drawWaterfall(explanation: MatchExplanation, contributions: readonly ShownContribution[]): string {
  const width = Math.max(...contributions.map(({ field }) => field.length), 'THRESHOLD'.length);
  const line = (name: string, bits: number, rest: string): string =>
    `${name.padEnd(width)} ${signed(bits)} ${bar(bits)} ${rest}`.trimEnd();
  const values = ({ leftValue, rightValue }: ShownContribution): string =>
    leftValue === null && rightValue === null ? '' : `  ${leftValue ?? '–'} | ${rightValue ?? '–'}`;
  return [
    ...contributions.map((each) => line(each.field, each.bits, `${each.level}${values(each)}`)),
    line('SUM', explanation.bits, `probability ${explanation.probability.toFixed(4)}`),
    line(
      'THRESHOLD',
      explanation.threshold,
      [explanation.verdict, explanation.rule?.name, explanation.guard].filter(Boolean).join(', '),
    ),
    ...explanation.chain.map(({ from, to, rule, bits }) => `${from} – ${to}: ${rule}, ${bits.toFixed(1)} bits`),
  ].join('\n');
}

function signed(bits: number): string {
  return `${bits < 0 ? '−' : '+'}${Math.abs(bits).toFixed(2)}`.padStart(8);
}

function bar(bits: number): string {
  const marks = Math.min(BAR_WIDTH, Math.round(Math.abs(bits) / BITS_PER_MARK));
  return (bits < 0 ? '−' : '+').repeat(marks).padEnd(BAR_WIDTH);
}
