import type { Population } from '../block/population.ts';
import { Comparison } from '../compare/compare.ts';
import { populationOf } from '../compare/frequency.ts';
import type { MatchRuleset } from '../rules/match-ruleset.ts';
import { RuleEvaluator } from '../rules/rule-evaluator.ts';
import type { MatchModel } from './model.ts';
import { Scorer } from './scorer.ts';

/** Bits of a pair that a rule forbids: no merge can outweigh them. */
export const FORBIDDEN_BITS = -100;
/** Bits above the threshold that an asserted pair has at least. */
export const ASSERTED_ABOVE_THRESHOLD = 10;
/** Rule of an edge that the score alone decided. */
export const BY_MODEL = -1;

/** What is thought of one pair; one is used again and again. */
export interface PairJudgement {
  /** Log2 odds that the two are one person, rules included. */
  bits: number;
  /** Log2 odds that they are two of one household, against strangers. */
  householdBits: number;
  /** Position of the rule that held, `BY_MODEL` without. */
  rule: number;
}

/** Compares, scores and asks the rules: all that can be said of a pair by itself. */
export class PairJudge {
  readonly threshold: number;
  readonly scorer: Scorer;
  readonly rules: RuleEvaluator;
  readonly comparison = new Comparison();
  private readonly population: Population;
  private readonly judgement: PairJudgement = { bits: 0, householdBits: 0, rule: BY_MODEL };

  constructor(population: Population, ruleset: MatchRuleset, model: MatchModel) {
    this.population = population;
    this.scorer = new Scorer(model);
    this.rules = new RuleEvaluator(ruleset);
    this.threshold = ruleset.document.threshold ?? model.threshold;
  }

  /** Judges two records. The answer is used again: read it before asking again. */
  judge(left: number, right: number): PairJudgement {
    const { population, comparison, judgement, scorer } = this;
    population.comparer.compare(left, right, comparison);
    let bits = scorer.score(comparison, populationOf(population.features));
    const verdict = this.rules.judge(comparison);
    bits += verdict.bits;
    if (verdict.effect === 'FORBID') bits = FORBIDDEN_BITS;
    else if (verdict.effect === 'ASSERT') bits = Math.max(bits, this.threshold + ASSERTED_ABOVE_THRESHOLD);
    judgement.bits = bits;
    judgement.householdBits = scorer.lastHouseholdBits;
    judgement.rule = verdict.effect === 'SUPPORT' ? BY_MODEL : verdict.rule;
    return judgement;
  }
}
