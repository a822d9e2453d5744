import { createResolutionEngine } from '../../subgraphs/identity/resolution/create-engine.ts';
import type { MatchRecord } from '../../subgraphs/identity/resolution/match-record.ts';
import {
  createMatchRuleset,
  loadDefaultMatchRuleset,
  RulesetInvalid,
} from '../../subgraphs/identity/resolution/rules/match-ruleset.ts';
import { createDefaultModel } from '../../subgraphs/identity/resolution/score/default-model.ts';

const { document } = loadDefaultMatchRuleset();
const STUDENT = 'PARTY_IDENTIFICATION:STUDENT';
const withStudent = (rule: object) => ({
  ...document,
  identifierTypes: { ...document.identifierTypes, [STUDENT]: { limit: 12, priority: 1, ...rule } },
});

function explain(ruleset: object, numbers: readonly string[]) {
  const engine = createResolutionEngine({ ruleset: createMatchRuleset(ruleset), model: createDefaultModel() });
  const record = (sourceRecordId: string): MatchRecord => {
    return { dataSourceId: 'a', sourceRecordId, given: ['ann'], identifications: numbers };
  };
  engine.load([record('1'), record('2')]);
  return engine.explain('a|1', 'a|2');
}

describe('`verified: false` of one type of official numbers', () => {
  it('takes the force from a rule that asserts by a number of that type, as it does for the whole kind', () => {
    expect(explain(withStudent({}), ['STUDENT|uni|4711'])).toMatchObject({ verdict: 'ASSERTED' });
    const weak = explain(withStudent({ verified: false }), ['STUDENT|uni|4711']);
    expect(weak?.rule).toBeNull();
    expect(weak?.verdict).not.toBe('ASSERTED');
  });

  it('leaves it to another number of the two that is proven', () => {
    const ruleset = withStudent({ verified: false });
    expect(explain(ruleset, ['STUDENT|uni|4711', 'PASSPORT|de|c01x'])?.rule?.name).toBe('SAME_IDENTIFICATION');
    expect(explain(ruleset, ['PASSPORT|de|c01x', 'STUDENT|uni|4711'])?.rule?.name).toBe('SAME_IDENTIFICATION');
  });
});

it('what a kind cannot have is a fault, not silence', () => {
  const types = document.identifierTypes;
  const unique = { ...document, identifierTypes: { ...types, EMAIL: { ...types['EMAIL'], unique: true } } };
  expect(() => createMatchRuleset(unique)).toThrow(RulesetInvalid);
  expect(() => createMatchRuleset(unique)).toThrow('/identifierTypes/EMAIL/unique');
});
