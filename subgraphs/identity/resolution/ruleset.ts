import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { PACKAGE_ROOT } from '../../../schema/package-root.ts';
import type { Identifier, IdentifierType } from '../store/repository.ts';
import type { GivenNameAgreement } from './given-name.ts';

/** A rule that links two records which carry the same identifier. */
export interface MatchRule {
  /** Name that links and merges carry, such as `EXACT_EMAIL`. */
  readonly name: string;
  /** The kind of identifier that must be equal. SOCIAL has no rule: accounts are looked up, they join nobody. */
  readonly identifierType: IdentifierType;
  /** How many records may share one identifier; when more do it joins none of them. Counts records, not customers. */
  readonly limit: number;
  /** How alike the given names have to be besides: a household shares telephones and addresses. Default: no matter how. */
  readonly givenNames?: GivenNameAgreement;
  /** Of official numbers only these types, such as `LOYALTY`. Default: every type. */
  readonly partyIdentificationTypes?: readonly string[];
}

/** Placeholders of one kind of identifier, which people type to have done with a field. They join nobody. */
export interface BlockedValues {
  /** Normal forms. */
  readonly exact: readonly string[];
  /** Regular expressions over the normal form. */
  readonly patterns: readonly string[];
}

/** A ruleset as it is written down: `ruleset.json` or an administrator's own. Earlier rules name the link when several hold. */
export interface RulesetDocument {
  readonly name: string;
  readonly version: number;
  readonly matchRules: readonly MatchRule[];
  readonly blockedValues: Readonly<Partial<Record<IdentifierType, BlockedValues>>>;
}

/** A checked ruleset, ready to be asked. Customer 360 Data Model: IdentityResolutionRuleset. */
export interface Ruleset {
  readonly document: RulesetDocument;
  /** Differs when the rules differ. */
  readonly fingerprint: string;
  /** The largest number of records that any rule lets share an identifier. */
  readonly largestLimit: number;
  /** The rule for an identifier, null when it can join nobody: of a kind without a rule, or a placeholder. */
  ruleFor(identifier: Identifier): MatchRule | null;
  /** True for a placeholder. */
  isBlocked(identifier: Identifier): boolean;
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

/** Reads a ruleset from a JSON file, by default the project's own. Throws RulesetInvalid with every fault. */
export function loadRuleset(file = join(PACKAGE_ROOT, 'subgraphs/identity/resolution/ruleset.json')): Ruleset {
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new RulesetInvalid([`${file} cannot be read as JSON: ${error instanceof Error ? error.message : error}`]);
  }
  return createRuleset(document);
}

/** Checks a document and makes it ready. Throws RulesetInvalid with every fault. */
export function createRuleset(document: unknown): Ruleset {
  if (!validateShape(document)) throw new RulesetInvalid(shapeFaults());
  const faults = meaningFaults(document);
  if (faults.length > 0) throw new RulesetInvalid(faults);
  const blocked = new Map(Object.entries(document.blockedValues).map(([type, values]) => [type, compile(values)]));
  const rules = new Map(document.matchRules.map((rule) => [rule.identifierType, rule]));
  const isBlocked = ({ identifierType, normalizedValue }: Identifier): boolean =>
    blocked.get(identifierType)?.(normalizedValue) ?? false;
  return {
    document,
    fingerprint: createHash('sha256').update(JSON.stringify(document)).digest('hex').slice(0, 16),
    largestLimit: Math.max(0, ...document.matchRules.map((rule) => rule.limit)),
    isBlocked,
    ruleFor: (identifier) => {
      const rule = rules.get(identifier.identifierType);
      return rule && covers(rule, identifier) && !isBlocked(identifier) ? rule : null;
    },
  };
}

const IDENTIFIER_TYPES = ['EMAIL', 'PHONE', 'PARTY_IDENTIFICATION', 'SOCIAL'] as const;
const LINKING_TYPES = ['EMAIL', 'PHONE', 'PARTY_IDENTIFICATION'] as const;
const LARGEST_LIMIT = 100;
const texts = { type: 'array', items: { type: 'string', minLength: 1 } } as const;
const blockedValues = {
  type: 'object',
  required: ['exact', 'patterns'],
  additionalProperties: false,
  properties: { exact: texts, patterns: texts },
} as const;

const validateShape = new Ajv({ validateSchema: false, allErrors: true }).compile<RulesetDocument>({
  type: 'object',
  required: ['name', 'version', 'matchRules', 'blockedValues'],
  additionalProperties: false,
  properties: {
    name: { type: 'string', minLength: 1 },
    version: { type: 'integer', minimum: 1 },
    matchRules: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'identifierType', 'limit'],
        additionalProperties: false,
        properties: {
          name: { type: 'string', pattern: '^[A-Z][A-Z0-9_]*$' },
          identifierType: { enum: LINKING_TYPES },
          limit: { type: 'integer', minimum: 2, maximum: LARGEST_LIMIT },
          givenNames: { enum: ['SAME_INITIAL', 'SAME_SOUND'] },
          partyIdentificationTypes: texts,
        },
      },
    },
    blockedValues: {
      type: 'object',
      additionalProperties: false,
      properties: Object.fromEntries(IDENTIFIER_TYPES.map((type) => [type, blockedValues])),
    },
  },
});

function shapeFaults(): string[] {
  return (validateShape.errors ?? []).map(({ instancePath, message, params }) => {
    const detail = Object.values(params).flat().join(', ');
    return `${instancePath || '/'} ${message ?? 'is not valid'}${detail === '' ? '' : ` (${detail})`}`;
  });
}

/** What the shape cannot say: names and kinds once only, patterns that compile. */
function meaningFaults(document: RulesetDocument): string[] {
  const faults: string[] = [];
  for (const field of ['name', 'identifierType'] as const) {
    const seen = new Set<string>();
    document.matchRules.forEach((rule, index) => {
      if (seen.has(rule[field])) faults.push(`/matchRules/${index}/${field} is used before: ${rule[field]}`);
      seen.add(rule[field]);
    });
  }
  document.matchRules.forEach((rule, index) => {
    if (rule.partyIdentificationTypes && rule.identifierType !== 'PARTY_IDENTIFICATION') {
      faults.push(`/matchRules/${index}/partyIdentificationTypes is for PARTY_IDENTIFICATION only`);
    }
  });
  for (const [type, values] of Object.entries(document.blockedValues)) {
    values.patterns.forEach((pattern, index) => {
      try {
        new RegExp(pattern, 'u');
      } catch {
        faults.push(`/blockedValues/${type}/patterns/${index} is not a regular expression: ${pattern}`);
      }
    });
  }
  return faults;
}

function compile(values: BlockedValues): (normalizedValue: string) => boolean {
  const exact = new Set(values.exact);
  const patterns = values.patterns.map((pattern) => new RegExp(pattern, 'u'));
  return (normalizedValue) => exact.has(normalizedValue) || patterns.some((pattern) => pattern.test(normalizedValue));
}

function covers(rule: MatchRule, identifier: Identifier): boolean {
  const types = rule.partyIdentificationTypes;
  return types === undefined || types.some((type) => identifier.normalizedValue.startsWith(`${type.toUpperCase()}|`));
}
