import { createIdentifierRules } from '../../subgraphs/identity/resolution/rules/identifier-rules.ts';
import {
  createMatchRuleset,
  loadDefaultMatchRuleset,
  RulesetInvalid,
} from '../../subgraphs/identity/resolution/rules/match-ruleset.ts';
import type { IdentifierType } from '../../subgraphs/identity/store/repository.ts';

const rules = createIdentifierRules(loadDefaultMatchRuleset());
const { document } = loadDefaultMatchRuleset();
const identifier = (identifierType: IdentifierType, normalizedValue: string) => ({ identifierType, normalizedValue });

describe('the ruleset that comes with the project', () => {
  it.each([
    ['EMAIL', 'noemail@example.com'],
    ['EMAIL', 'test@test.com'],
    ['EMAIL', 'none@none.com'],
    ['EMAIL', 'guest@pos.example'],
    ['EMAIL', 'info@somewhere.com'],
    ['PHONE', '+15555555555'],
    ['PHONE', '+18005551212'],
    ['PHONE', '+4912345678'],
    ['PARTY_IDENTIFICATION', 'TAX|irs|000000000'],
    ['PARTY_IDENTIFICATION', 'TAX|irs|na'],
    ['PARTY_IDENTIFICATION', 'LOYALTY|club|test'],
  ] as const)('takes %s %s for a placeholder', (type, value) => {
    expect(rules.isBlocked(identifier(type, value))).toBe(true);
  });

  it.each([
    ['EMAIL', 'noemi@mail.com', 30],
    ['EMAIL', 'informatics.fan@mail.com', 30],
    ['PHONE', '+16022584032', 30],
    ['SOCIAL', 'instagram|ana_r', 30],
    ['PARTY_IDENTIFICATION', 'LOYALTY|club|4711', 12],
  ] as const)('takes %s %s for evidence, of up to %d records', (type, value, limit) => {
    expect(rules.isBlocked(identifier(type, value))).toBe(false);
    expect(rules.limitOf(identifier(type, value))).toBe(limit);
    expect(rules.largestLimit).toBeGreaterThanOrEqual(limit);
  });
});

describe('a ruleset that cannot be used', () => {
  const faultsOf = (draft: unknown): readonly string[] => {
    try {
      createMatchRuleset(draft);
      return [];
    } catch (error) {
      if (error instanceof RulesetInvalid) return error.faults;
      throw error;
    }
  };

  it('is told with every fault', () => {
    expect(faultsOf({ ...document, version: 0, surprise: 1 })).toHaveLength(2);
    const [first] = document.rules;
    expect(faultsOf({ ...document, rules: [first, first] })).toEqual([expect.stringContaining('is used before')]);
    const broken = { ...document.identifierTypes['EMAIL'], blocked: { exact: [], patterns: ['('] } };
    expect(faultsOf({ ...document, identifierTypes: { ...document.identifierTypes, EMAIL: broken } })).toEqual([
      expect.stringContaining('is not a regular expression'),
    ]);
    expect(faultsOf(document)).toEqual([]);
  });
});
