import type { Comparison } from '../compare/compare.ts';
import { AT, LEVELS, MISSING } from '../compare/levels.ts';
import { FIELDS, type Field } from '../score/model.ts';
import {
  type DeterministicRule,
  type IdentifierTypeRule,
  isVerified,
  type MatchMethod,
  type MatchRuleset,
} from './match-ruleset.ts';

/** Which rules hold for a pair. */
export interface RuleVerdict {
  /** The rule that decided or supported first, -1 without. */
  rule: number;
  effect: 'NONE' | 'ASSERT' | 'SUPPORT' | 'FORBID';
  /** What all SUPPORTs together add. */
  bits: number;
}

const MISSING_BIT = 1 << 20;
const NUMBERS = 'PARTY_IDENTIFICATION';
/** Levels that each method takes, beside `EXACT` which all but the negative ones do. */
const NORMALIZED: Readonly<Partial<Record<Field, readonly string[]>>> = {
  GIVEN_NAME: ['NICKNAME'],
  BIRTH_DATE: ['EXCHANGED'],
  ADDRESS: ['STREET'],
};
const FUZZY: Readonly<Partial<Record<Field, readonly string[]>>> = {
  GIVEN_NAME: ['NICKNAME', 'CLOSE', 'SIMILAR'],
  FAMILY_NAME: ['PART', 'CLOSE', 'SIMILAR'],
  BIRTH_DATE: ['EXCHANGED', 'CLOSE'],
  EMAIL: ['MAILBOX', 'CLOSE'],
  PHONE: ['SUFFIX', 'CLOSE'],
  ADDRESS: ['UNIT_DIFFERS', 'STREET', 'CLOSE'],
  SOCIAL: ['CLOSE'],
  PARTY_IDENTIFICATION: ['CLOSE'],
  ATTRIBUTE: ['CLOSE'],
};

interface CompiledRule {
  readonly rule: DeterministicRule;
  readonly position: number;
  readonly fields: readonly number[];
  readonly masks: readonly number[];
  readonly needsUniqueDifference: boolean;
  /** Levels at which an official number has to agree that is proven; 0 where nothing of the kind is asked for. */
  readonly verifiedMask: number;
}

/** The rules of a ruleset, made ready to be asked for each pair. */
export class RuleEvaluator {
  private readonly rules: readonly CompiledRule[];
  private readonly verdict: RuleVerdict = { rule: -1, effect: 'NONE', bits: 0 };

  constructor(ruleset: MatchRuleset) {
    const order = { FORBID: 0, ASSERT: 1, SUPPORT: 2 } as const;
    this.rules = ruleset.document.rules
      .map((rule, position) => {
        const verifiedMask = verifiedMaskOf(rule, ruleset);
        return { ...compileRule(rule, position), verifiedMask, kinds: kindsOf(rule, ruleset) };
      })
      .filter(
        ({ rule, kinds, verifiedMask }) =>
          rule.effect !== 'ASSERT' || kinds.length === 0 || kinds.some(isVerified) || verifiedMask !== 0,
      )
      .sort(
        (a, b) =>
          order[a.rule.effect] - order[b.rule.effect] ||
          priorityOf(a.kinds) - priorityOf(b.kinds) ||
          a.position - b.position,
      );
  }

  /** Which rules hold for a comparison. The answer is used again: read it before asking again. */
  judge(comparison: Comparison): RuleVerdict {
    const { verdict } = this;
    verdict.rule = -1;
    verdict.effect = 'NONE';
    verdict.bits = 0;
    for (const compiled of this.rules) {
      if (!holds(compiled, comparison)) continue;
      const { effect, bits = 0 } = compiled.rule;
      if (verdict.effect === 'NONE') {
        verdict.rule = compiled.position;
        verdict.effect = effect;
      }
      if (effect !== 'SUPPORT') return verdict;
      verdict.bits += bits;
    }
    return verdict;
  }
}

/** The kinds of identifiers whose agreement a rule asks for. */
function kindsOf({ when }: DeterministicRule, ruleset: MatchRuleset): IdentifierTypeRule[] {
  const kinds: IdentifierTypeRule[] = [];
  for (const { field, method } of when) {
    if (method === 'DIFFERENT' || method === 'NOT_DIFFERENT') continue;
    if (field === 'UNIQUE_IDENTIFICATION') kinds.push(ruleset.typeRule('PARTY_IDENTIFICATION'));
    else if (field === 'EMAIL' || field === 'PHONE' || field === 'SOCIAL' || field === 'PARTY_IDENTIFICATION')
      kinds.push(ruleset.typeRule(field));
  }
  return kinds;
}

/**
 * An assertion by an official number, with no other identifier that is proven, holds by a number of a type that is: where types
 * differ in that, the pair tells.
 */
function verifiedMaskOf({ effect, when }: DeterministicRule, ruleset: MatchRuleset): number {
  if (effect !== 'ASSERT') return 0;
  const numbers = Object.entries(ruleset.document.identifierTypes).filter(([kind]) => kind.startsWith(NUMBERS));
  if (numbers.every(([, rule]) => isVerified(rule)) || !numbers.some(([, rule]) => isVerified(rule))) return 0;
  let mask = 0;
  for (const { field, method } of when) {
    if (method === 'DIFFERENT' || method === 'NOT_DIFFERENT') continue;
    if (field === NUMBERS) mask |= maskOf(field, method);
    else if ((field === 'EMAIL' || field === 'PHONE' || field === 'SOCIAL') && isVerified(ruleset.typeRule(field)))
      return 0;
  }
  return mask;
}

function priorityOf(kinds: readonly IdentifierTypeRule[]): number {
  return Math.min(Number.MAX_SAFE_INTEGER, ...kinds.map(({ priority }) => priority));
}

function holds({ fields, masks, needsUniqueDifference, verifiedMask }: CompiledRule, comparison: Comparison): boolean {
  if (needsUniqueDifference && !comparison.uniqueDiffers) return false;
  if (verifiedMask !== 0) {
    const level = comparison.verifiedIdentification;
    if (level === MISSING || (verifiedMask & (1 << level)) === 0) return false;
  }
  for (let i = 0; i < fields.length; i += 1) {
    const level = comparison.levels[fields[i] as number] as number;
    const bit = level === MISSING ? MISSING_BIT : 1 << level;
    if (((masks[i] as number) & bit) === 0) return false;
  }
  return true;
}

function compileRule(rule: DeterministicRule, position: number): Omit<CompiledRule, 'verifiedMask'> {
  const fields: number[] = [];
  const masks: number[] = [];
  let needsUniqueDifference = false;
  for (const { field, method } of rule.when) {
    if (field === 'UNIQUE_IDENTIFICATION') {
      needsUniqueDifference = method === 'DIFFERENT';
      if (method !== 'DIFFERENT') {
        fields.push(AT.identification);
        masks.push(maskOf('PARTY_IDENTIFICATION', method));
      }
      continue;
    }
    fields.push(FIELDS.indexOf(field));
    masks.push(maskOf(field, method));
  }
  return { rule, position, fields, masks, needsUniqueDifference };
}

function maskOf(field: Field, method: MatchMethod): number {
  const levels: readonly string[] = LEVELS[field];
  const bit = (level: string): number => 1 << levels.indexOf(level);
  const different =
    field === 'GIVEN_NAME' ? bit('DIFFERENT') | bit('RARE_DIFFERENT') | bit('NOT_IN_EMAIL') : bit('DIFFERENT');
  if (method === 'DIFFERENT') return different & ~(field === 'GIVEN_NAME' ? bit('NOT_IN_EMAIL') : 0);
  if (method === 'NOT_DIFFERENT') return (MISSING_BIT | ((1 << levels.length) - 1)) & ~different;
  const more = method === 'FUZZY' ? FUZZY[field] : method === 'EXACT_NORMALIZED' ? NORMALIZED[field] : [];
  return (more ?? []).reduce((mask, level) => mask | bit(level), bit('EXACT'));
}
