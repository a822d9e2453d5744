import { createHash } from 'node:crypto';
import { Ajv } from 'ajv';
import type { RuleEffect } from '../explanation.ts';
import { FIELDS, type Field } from '../score/model.ts';
import defaultDocument from './match-ruleset.json';

/** A field that a rule can look at: those compared, and official numbers of a type that a person has one of. */
export type RuleField = Field | 'UNIQUE_IDENTIFICATION';

/**
 * How two values have to agree: `EXACT` the same value (the engine keeps values without case, accents and what people write
 * in several ways, such as the spaces of a telephone number or the tag of a mailbox, so that is what is equal);
 * `EXACT_NORMALIZED` also what stands for the same (nicknames, exchanged day and month, a street without its city); `FUZZY` but for a slip; `DIFFERENT` both known and not alike, `NOT_DIFFERENT` alike or not known.
 */
export type MatchMethod = 'EXACT' | 'EXACT_NORMALIZED' | 'FUZZY' | 'DIFFERENT' | 'NOT_DIFFERENT';

/** A deterministic rule: it holds when every condition does. The first ASSERT or FORBID that holds decides; FORBID goes before ASSERT. */
export interface DeterministicRule {
  /** Name that links carry, such as `SAME_IDENTIFICATION`. */
  readonly name: string;
  readonly effect: RuleEffect;
  readonly when: readonly { readonly field: RuleField; readonly method: MatchMethod }[];
  /** Bits that a SUPPORT adds. */
  readonly bits?: number;
}

/** How a kind of identifier is treated. */
export interface IdentifierTypeRule {
  /** An identifier that more records carry says nothing. */
  readonly limit: number;
  /**
   * Which rule decides, and names the link, when several of one effect hold: the one that looks at the kind of the lowest. Rules
   * look at kinds, so that all types of official numbers have one priority.
   */
  readonly priority: number;
  /** A person has one only: two different ones are two people. For official numbers. */
  readonly unique?: boolean;
  /**
   * False where nobody proves that a value is theirs: a rule that asserts by such values alone does not hold, and `unique` forbids
   * nothing. The score weighs them all the same. Default true.
   */
  readonly verified?: boolean;
  /** Placeholders over the normal form, which say nothing. */
  readonly blocked?: { readonly exact: readonly string[]; readonly patterns: readonly string[] };
}

/** The engine's rules as they are written down. */
export interface MatchRulesetDocument {
  readonly name: string;
  readonly version: number;
  /** By `EMAIL`, `PHONE`, `SOCIAL`, `PARTY_IDENTIFICATION`, or `PARTY_IDENTIFICATION:TYPE` for one type of official number. */
  readonly identifierTypes: Readonly<Record<string, IdentifierTypeRule>>;
  readonly rules: readonly DeterministicRule[];
  readonly clustering: {
    /** A cluster of more records raises a warning. */
    readonly alarmSize: number;
  };
  /** Log2 odds from which on a pair is linked; the model's threshold when not given. */
  readonly threshold?: number;
}

/** Checked rules, ready to be asked. */
export interface MatchRuleset {
  readonly document: MatchRulesetDocument;
  /** Differs when the rules differ. */
  readonly fingerprint: string;
  /** The treatment of a kind; of an official number by its type, where the ruleset has one for it. */
  typeRule(kind: 'EMAIL' | 'PHONE' | 'SOCIAL' | 'PARTY_IDENTIFICATION', type?: string): IdentifierTypeRule;
  /** True for a placeholder, in normal form. */
  isBlocked(kind: 'EMAIL' | 'PHONE' | 'SOCIAL' | 'PARTY_IDENTIFICATION', value: string): boolean;
}

/** True unless the ruleset says that nobody proves such a value to be theirs. */
export function isVerified({ verified }: IdentifierTypeRule): boolean {
  return verified !== false;
}

/** A ruleset that cannot be used; `faults` names everything that is wrong with it. */
export class RulesetInvalid extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The ruleset is not valid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.name = 'RulesetInvalid';
    this.faults = faults;
  }
}

const KINDS = ['EMAIL', 'PHONE', 'SOCIAL', 'PARTY_IDENTIFICATION'] as const;
const METHODS = ['EXACT', 'EXACT_NORMALIZED', 'FUZZY', 'DIFFERENT', 'NOT_DIFFERENT'] as const;
const UNLIMITED: IdentifierTypeRule = { limit: 1_000, priority: 9 };
const texts = { type: 'array', items: { type: 'string', minLength: 1 } } as const;
const validateShape = new Ajv({
  validateSchema: false,
  allErrors: true,
  allowUnionTypes: true,
}).compile<MatchRulesetDocument>({
  type: 'object',
  required: ['name', 'version', 'identifierTypes', 'rules', 'clustering'],
  additionalProperties: false,
  properties: {
    name: { type: 'string', minLength: 1 },
    version: { type: 'integer', minimum: 1 },
    threshold: { type: 'number', minimum: -20, maximum: 40 },
    clustering: {
      type: 'object',
      required: ['alarmSize'],
      additionalProperties: false,
      properties: { alarmSize: { type: 'integer', minimum: 2 } },
    },
    identifierTypes: {
      type: 'object',
      propertyNames: { pattern: '^(EMAIL|PHONE|SOCIAL|PARTY_IDENTIFICATION(:.+)?)$' },
      additionalProperties: {
        type: 'object',
        required: ['limit', 'priority'],
        additionalProperties: false,
        properties: {
          limit: { type: 'integer', minimum: 2, maximum: 1_000 },
          priority: { type: 'integer', minimum: 1 },
          unique: { type: 'boolean' },
          verified: { type: 'boolean' },
          blocked: {
            type: 'object',
            required: ['exact', 'patterns'],
            additionalProperties: false,
            properties: { exact: texts, patterns: texts },
          },
        },
      },
    },
    rules: {
      type: 'array',
      maxItems: 30,
      items: {
        type: 'object',
        required: ['name', 'effect', 'when'],
        additionalProperties: false,
        properties: {
          name: { type: 'string', pattern: '^[A-Z][A-Z0-9_]*$' },
          effect: { enum: ['ASSERT', 'SUPPORT', 'FORBID'] },
          bits: { type: 'number', minimum: -30, maximum: 30 },
          when: {
            type: 'array',
            minItems: 1,
            items: {
              type: 'object',
              required: ['field', 'method'],
              additionalProperties: false,
              properties: { field: { enum: [...FIELDS, 'UNIQUE_IDENTIFICATION'] }, method: { enum: METHODS } },
            },
          },
        },
      },
    },
  },
});

/** Checks a document and makes it ready. Throws RulesetInvalid with every fault. */
export function createMatchRuleset(document: unknown): MatchRuleset {
  if (!validateShape(document)) {
    throw new RulesetInvalid(
      (validateShape.errors ?? []).map(
        ({ instancePath, message }) => `${instancePath || '/'} ${message ?? 'is not valid'}`,
      ),
    );
  }
  const faults = faultsOf(document);
  if (faults.length > 0) throw new RulesetInvalid(faults);
  const blocked = new Map(
    Object.entries(document.identifierTypes).map(([kind, { blocked: values }]) => [
      kind,
      values ? compile(values) : () => false,
    ]),
  );
  return {
    document,
    fingerprint: createHash('sha256').update(JSON.stringify(document)).digest('hex').slice(0, 16),
    typeRule: (kind, type) =>
      document.identifierTypes[type === undefined ? kind : `${kind}:${type}`] ??
      document.identifierTypes[kind] ??
      UNLIMITED,
    isBlocked: (kind, value) => {
      const type =
        kind === 'PARTY_IDENTIFICATION' ? blocked.get(`${kind}:${value.slice(0, value.indexOf('|'))}`) : undefined;
      return (blocked.get(kind)?.(value) ?? false) || (type?.(value) ?? false);
    },
  };
}

/** The rules that come with the project. */
export function loadDefaultMatchRuleset(): MatchRuleset {
  return createMatchRuleset(defaultDocument);
}

/** What the shape cannot say: names once only, patterns that compile, bits where they are added. */
function faultsOf(document: MatchRulesetDocument): string[] {
  const faults: string[] = [];
  const seen = new Set<string>();
  document.rules.forEach(({ name, effect, bits }, index) => {
    if (seen.has(name)) faults.push(`/rules/${index}/name is used before: ${name}`);
    seen.add(name);
    if ((effect === 'SUPPORT') !== (bits !== undefined))
      faults.push(`/rules/${index}/bits belong to SUPPORT, and to nothing else`);
  });
  for (const kind of KINDS) if (!document.identifierTypes[kind]) faults.push(`/identifierTypes lacks ${kind}`);
  for (const [kind, { blocked, priority, unique }] of Object.entries(document.identifierTypes)) {
    const isNumber = kind.startsWith('PARTY_IDENTIFICATION');
    if (unique === true && !isNumber) faults.push(`/identifierTypes/${kind}/unique is for official numbers`);
    if (isNumber && priority !== document.identifierTypes['PARTY_IDENTIFICATION']?.priority)
      faults.push(`/identifierTypes/${kind}/priority is not that of PARTY_IDENTIFICATION: rules look at the kind`);
    blocked?.patterns.forEach((pattern, index) => {
      try {
        new RegExp(pattern, 'u');
      } catch {
        faults.push(`/identifierTypes/${kind}/blocked/patterns/${index} is not a regular expression: ${pattern}`);
      }
    });
  }
  return faults;
}

function compile({
  exact,
  patterns,
}: {
  readonly exact: readonly string[];
  readonly patterns: readonly string[];
}): (value: string) => boolean {
  const values = new Set(exact);
  const expressions = patterns.map((pattern) => new RegExp(pattern, 'u'));
  return (value) => values.has(value) || expressions.some((expression) => expression.test(value));
}
