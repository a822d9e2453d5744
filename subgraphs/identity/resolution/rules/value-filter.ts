import type { Features } from '../block/features.ts';
import type { IgnoredValues } from '../compare/compare.ts';
import type { MatchRuleset } from './match-ruleset.ts';

/** Which values say nothing by the ruleset: placeholders, and those that more records carry than the ruleset allows. */
export function createValueFilter(ruleset: MatchRuleset, features: Features): IgnoredValues {
  const emailLimit = ruleset.typeRule('EMAIL').limit;
  const phoneLimit = ruleset.typeRule('PHONE').limit;
  const emails = remember((id) => ruleset.isBlocked('EMAIL', features.emails.text(id)));
  const phones = remember((id) => ruleset.isBlocked('PHONE', features.phones.text(id)));
  const identifications = remember((id) =>
    ruleset.isBlocked('PARTY_IDENTIFICATION', features.identifications.text(id)),
  );
  const ruleOf = (id: number) => ruleset.typeRule('PARTY_IDENTIFICATION', typeOf(features.identifications.text(id)));
  const unique = remember((id) => ruleOf(id).unique === true);
  return {
    email: (id) => features.emails.count(id) > emailLimit || emails(id),
    phone: (id) => features.phones.count(id) > phoneLimit || phones(id),
    identification: (id) => identifications(id) || features.identifications.count(id) > ruleOf(id).limit,
    isUnique: unique,
  };
}

function typeOf(identification: string): string {
  return identification.slice(0, identification.indexOf('|'));
}

function remember(test: (id: number) => boolean): (id: number) => boolean {
  const known: boolean[] = [];
  return (id) => {
    let answer = known[id];
    if (answer === undefined) {
      answer = test(id);
      known[id] = answer;
    }
    return answer;
  };
}
