import type { Dictionary } from '../block/dictionary.ts';
import type { Features } from '../block/features.ts';
import type { IgnoredValues } from '../compare/compare.ts';
import { isVerified, type MatchRuleset } from './match-ruleset.ts';

/** Which values say nothing by the ruleset: placeholders, and those that more records carry than the ruleset allows. */
export function createValueFilter(ruleset: MatchRuleset, features: Features): IgnoredValues {
  const { identifications } = features;
  const limitOf = remember((id) => ruleset.typeRule('PARTY_IDENTIFICATION', typeOf(identifications.text(id))).limit);
  return {
    email: ofKind(ruleset, 'EMAIL', features.emails),
    phone: ofKind(ruleset, 'PHONE', features.phones),
    social: ofKind(ruleset, 'SOCIAL', features.socials),
    identification: filter(ruleset, 'PARTY_IDENTIFICATION', identifications, limitOf),
    isVerified: remember((id) =>
      isVerified(ruleset.typeRule('PARTY_IDENTIFICATION', typeOf(identifications.text(id)))),
    ),
    isUnique: remember((id) => {
      const rule = ruleset.typeRule('PARTY_IDENTIFICATION', typeOf(identifications.text(id)));
      return rule.unique === true && isVerified(rule);
    }),
  };
}

type Kind = Parameters<MatchRuleset['isBlocked']>[0];

function ofKind(ruleset: MatchRuleset, kind: Kind, values: Dictionary): IgnoredValues['email'] {
  const { limit } = ruleset.typeRule(kind);
  return filter(ruleset, kind, values, () => limit);
}

function filter(
  ruleset: MatchRuleset,
  kind: Kind,
  values: Dictionary,
  limitOf: (id: number) => number,
): IgnoredValues['email'] {
  const isBlocked = remember((id) => ruleset.isBlocked(kind, values.text(id)));
  return (id, fewer = 0) => values.count(id) - fewer > limitOf(id) || isBlocked(id);
}

function typeOf(identification: string): string {
  return identification.slice(0, identification.indexOf('|'));
}

function remember<T>(work: (id: number) => T): (id: number) => T {
  const known: T[] = [];
  return (id) => {
    let answer = known[id];
    if (answer === undefined) {
      answer = work(id);
      known[id] = answer;
    }
    return answer;
  };
}
