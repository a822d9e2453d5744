import { createRuleset, loadRuleset, RulesetInvalid } from '../../subgraphs/identity/resolution/ruleset.ts';
import type { IdentifierType } from '../../subgraphs/identity/store/repository.ts';

const ruleset = loadRuleset();
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
  ] as const)('takes %s %s for a placeholder', (type, value) => {
    expect(ruleset.isBlocked(identifier(type, value))).toBe(true);
    expect(ruleset.ruleFor(identifier(type, value))).toBeNull();
  });

  it.each([
    ['EMAIL', 'noemi@mail.com', 'EXACT_EMAIL'],
    ['EMAIL', 'informatics.fan@mail.com', 'EXACT_EMAIL'],
    ['PHONE', '+16022584032', 'EXACT_PHONE'],
    ['PARTY_IDENTIFICATION', 'LOYALTY|club|4711', 'EXACT_PARTY_IDENTIFICATION'],
  ] as const)('links by %s %s', (type, value, rule) => {
    expect(ruleset.ruleFor(identifier(type, value))?.name).toBe(rule);
  });

  it('joins nobody by a social account', () => {
    expect(ruleset.ruleFor(identifier('SOCIAL', 'instagram|ana_r'))).toBeNull();
    expect(ruleset.isBlocked(identifier('SOCIAL', 'instagram|ana_r'))).toBe(false);
  });
});

it('an official number joins only by the types that the rule names', () => {
  const rule = {
    name: 'LOYALTY',
    identifierType: 'PARTY_IDENTIFICATION',
    limit: 5,
    partyIdentificationTypes: ['LOYALTY'],
  };
  const loyalty = createRuleset({ name: 'x', version: 1, matchRules: [rule], blockedValues: {} });
  expect(loyalty.ruleFor(identifier('PARTY_IDENTIFICATION', 'LOYALTY|club|1'))?.name).toBe('LOYALTY');
  expect(loyalty.ruleFor(identifier('PARTY_IDENTIFICATION', 'TAX|irs|1'))).toBeNull();
});

it('a wrong ruleset is refused with every fault', () => {
  const faultsOf = (document: unknown): readonly string[] => {
    try {
      createRuleset(document);
    } catch (error) {
      if (error instanceof RulesetInvalid) return error.faults;
    }
    return [];
  };
  expect(
    faultsOf({
      name: '',
      version: 0,
      matchRules: [{ name: 'x', identifierType: 'SOCIAL', limit: 1 }],
      blockedValues: { FAX: {} },
    }),
  ).toHaveLength(6);
  const rule = { name: 'EXACT_EMAIL', identifierType: 'EMAIL', limit: 3 };
  expect(
    faultsOf({
      name: 'x',
      version: 1,
      matchRules: [rule, { ...rule, partyIdentificationTypes: ['TAX'] }],
      blockedValues: { EMAIL: { exact: [], patterns: ['(', '^ok$'] } },
    }),
  ).toEqual([
    '/matchRules/1/name is used before: EXACT_EMAIL',
    '/matchRules/1/identifierType is used before: EMAIL',
    '/matchRules/1/partyIdentificationTypes is for PARTY_IDENTIFICATION only',
    '/blockedValues/EMAIL/patterns/0 is not a regular expression: (',
  ]);
  expect(() => loadRuleset('/nowhere/ruleset.json')).toThrow(RulesetInvalid);
});
