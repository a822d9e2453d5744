import { FeatureCursor } from './block/features.ts';
import type { Population } from './block/population.ts';
import type { Decisions } from './cluster/decisions.ts';
import { populationOf } from './compare/frequency.ts';
import { AT, FIELD_COUNT, LEVELS, MISSING } from './compare/levels.ts';
import type { EngineLink } from './engine.ts';
import type { Contribution, MatchExplanation, PairVerdict } from './explanation.ts';
import type { MatchRuleset } from './rules/match-ruleset.ts';
import { FORBIDDEN_BITS, type PairJudge } from './score/judge.ts';
import { FIELDS } from './score/model.ts';

/** What explaining works on. */
export interface ExplainerParts {
  readonly population: Population;
  readonly judge: PairJudge;
  readonly ruleset: MatchRuleset;
  readonly decisions: Decisions;
}

/** Which pair is explained, and what the clusters say of it. */
export interface ExplainRequest {
  readonly left: string;
  readonly right: string;
  readonly leftSlot: number;
  readonly rightSlot: number;
  readonly isTogether: boolean;
  readonly chain: readonly EngineLink[];
}

/** Says why two records are, or are not, one person. */
export class Explainer {
  private readonly parts: ExplainerParts;
  private readonly cursor = new FeatureCursor();

  constructor(parts: ExplainerParts) {
    this.parts = parts;
  }

  /** The explanation of a pair; its contributions add up to its bits. */
  explain(request: ExplainRequest): MatchExplanation {
    const { judge, ruleset, population, decisions } = this.parts;
    const { left, right, leftSlot, rightSlot, isTogether, chain } = request;
    const { bits, householdBits } = judge.judge(leftSlot, rightSlot);
    const verdictOfRules = judge.rules.judge(judge.comparison);
    const rule = ruleset.document.rules[verdictOfRules.rule];
    const contributions = [this.prior(), ...this.fields(leftSlot, rightSlot)];
    contributions.push(
      plain('HOUSEHOLD', householdBits > 0 ? 'LIKELY' : 'UNLIKELY', -Math.log2(1 + 2 ** householdBits)),
    );
    const sum = contributions.reduce((total, { bits: part }) => total + part, 0);
    if (rule) contributions.push(plain('RULE', rule.effect, bits - sum));
    const decision = decisions.get(left, right)?.kind;
    const isLinked = bits >= judge.threshold;
    const verdict: PairVerdict =
      decision === 'SAME'
        ? 'DECIDED_SAME'
        : decision === 'NOT_SAME'
          ? 'DECIDED_NOT_SAME'
          : bits <= FORBIDDEN_BITS
            ? 'FORBIDDEN'
            : rule?.effect === 'ASSERT' && (isTogether || isLinked)
              ? 'ASSERTED'
              : isLinked && !isTogether && population.features.slots > 0 && chain.length === 0
                ? 'VETOED'
                : isLinked
                  ? 'LINKED'
                  : 'APART';
    return {
      left,
      right,
      sameCluster: isTogether,
      rule: rule ? { name: rule.name, version: ruleset.document.version, effect: rule.effect } : null,
      contributions,
      bits: rule ? bits : sum,
      probability: 1 / (1 + 2 ** -bits),
      threshold: judge.threshold,
      verdict,
      guard: guardOf(isLinked, isTogether, verdict),
      chain,
      modelVersion: judge.scorer.model.version,
      rulesetVersion: `${ruleset.document.name}-${ruleset.document.version}`,
    };
  }

  private prior(): Contribution {
    const { judge, population } = this.parts;
    return plain('PRIOR', 'POPULATION', judge.scorer.prior(populationOf(population.features)));
  }

  private *fields(leftSlot: number, rightSlot: number): Generator<Contribution> {
    const { judge } = this.parts;
    const { comparison, scorer } = judge;
    for (let field = 0; field < FIELD_COUNT; field += 1) {
      const name = FIELDS[field] as (typeof FIELDS)[number];
      const level = comparison.levels[field] as number;
      if (level === MISSING) {
        yield {
          ...plain(name, 'MISSING', 0),
          left: this.ownText(leftSlot, field),
          right: this.ownText(rightSlot, field),
        };
        continue;
      }
      const levelBits = scorer.levelBits(comparison, field);
      const bits = scorer.matchBits(comparison, field) - scorer.chanceBits(comparison, field);
      yield {
        field: name,
        level: (LEVELS[name] as readonly string[])[level] ?? '',
        left: this.text(field, comparison.left[field] as number),
        right: this.text(field, comparison.right[field] as number),
        levelBits,
        frequencyBits: bits - levelBits,
        bits,
      };
    }
  }

  /** The text of an operand. */
  private text(field: number, id: number): string | null {
    const { features } = this.parts.population;
    if (id < 0) return null;
    if (field === AT.given || field === AT.family) return features.names.text(id);
    if (field === AT.generation) return ['', 'SR', 'JR', 'II', 'III', 'IV'][id] ?? null;
    if (field === AT.birth) return dateText(id);
    if (field === AT.email) return features.emails.text(id);
    if (field === AT.phone) return features.phones.text(id);
    if (field === AT.social) return features.socials.text(id);
    if (field === AT.identification) return features.identifications.text(id);
    if (field === AT.attribute) return features.attributes.text(id);
    const { data } = features;
    const words = [
      features.numbers.text(data[id + 2] as number),
      features.streets.text(data[id + 1] as number),
      features.units.text(data[id + 3] as number),
      features.postalCodes.text(data[id + 4] as number),
      features.cities.text(data[id + 5] as number),
    ];
    return words.filter((word) => word !== '').join(', ');
  }

  /** What one record says of a field that the other lacks. */
  private ownText(slot: number, field: number): string | null {
    const cursor = this.parts.population.features.read(slot, this.cursor);
    const { data } = this.parts.population.features;
    const first = (count: number, at: number): string | null =>
      count > 0 ? this.text(field, data[at] as number) : null;
    switch (field) {
      case AT.given:
        return first(cursor.givenCount, cursor.givenAt);
      case AT.family:
        return this.text(field, cursor.wholeFamily);
      case AT.generation:
        return cursor.generation > 0 ? this.text(field, cursor.generation) : null;
      case AT.birth:
        return cursor.birthDate === 0 ? null : dateText(cursor.birthDate & 0x3fffffff);
      case AT.email:
        return first(cursor.emailCount, cursor.emailAt);
      case AT.phone:
        return first(cursor.phoneCount, cursor.phoneAt);
      case AT.address:
        return cursor.addressCount > 0 ? this.text(field, cursor.addressAt) : null;
      case AT.social:
        return first(cursor.socialCount, cursor.socialAt);
      case AT.identification:
        return first(cursor.identificationCount, cursor.identificationAt);
      default:
        return first(cursor.attributeCount, cursor.attributeAt);
    }
  }
}

function guardOf(isLinked: boolean, isTogether: boolean, verdict: PairVerdict): string | null {
  if (verdict === 'DECIDED_NOT_SAME') return 'A person has decided that these are two people.';
  if (isLinked && !isTogether)
    return 'The pair is over the threshold, but its clusters contradict each other: together they would be less likely one person than two.';
  if (!isLinked && isTogether) return 'The pair is under the threshold; other records join the two.';
  return null;
}

function plain(field: string, level: string, bits: number): Contribution {
  return { field, level, left: null, right: null, levelBits: bits, frequencyBits: 0, bits };
}

function dateText(packed: number): string {
  const part = (value: number): string => String(value).padStart(2, '0');
  return `${packed >>> 9}-${part((packed >>> 5) & 15)}-${part(packed & 31)}`;
}
