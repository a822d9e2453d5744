import type { Identifier } from '../../store/repository.ts';
import { normaliseEmailAddress } from '../normalise/email.ts';
import { phoneKey } from '../normalise/phone.ts';
import type { MatchRuleset } from './match-ruleset.ts';

/** What the rules say of identifiers in the form in which the store keeps them. */
export interface IdentifierRules {
  /** True for a placeholder. */
  isBlocked(identifier: Identifier): boolean;
  /** How many records may carry it; when more do it says nothing. */
  limitOf(identifier: Identifier): number;
  /** The largest limit of any. */
  readonly largestLimit: number;
}

/** Asks a ruleset about stored identifiers. */
export function createIdentifierRules(ruleset: MatchRuleset): IdentifierRules {
  return {
    isBlocked: (identifier) => ruleset.isBlocked(identifier.identifierType, comparedForm(identifier)),
    limitOf: ({ identifierType, normalizedValue }) =>
      identifierType === 'PARTY_IDENTIFICATION'
        ? ruleset.typeRule(identifierType, normalizedValue.slice(0, normalizedValue.indexOf('|'))).limit
        : ruleset.typeRule(identifierType).limit,
    largestLimit: Math.max(...Object.values(ruleset.document.identifierTypes).map(({ limit }) => limit)),
  };
}

/** The form that the engine compares: rules are written for that one. */
function comparedForm({ identifierType, normalizedValue }: Identifier): string {
  if (identifierType === 'PHONE') return phoneKey(normalizedValue);
  if (identifierType === 'EMAIL') return normaliseEmailAddress(normalizedValue) ?? normalizedValue;
  if (identifierType === 'SOCIAL') return normalizedValue;
  const [type = '', , number = ''] = normalizedValue.split('|');
  return `${type}|${number}`;
}
