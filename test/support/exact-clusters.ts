import type { Component, MatchLink } from '../../subgraphs/identity/resolution/component.ts';
import { type IdentityRecord, identifierKey, recordKey } from '../../subgraphs/identity/store/repository.ts';

const TYPES = ['PARTY_IDENTIFICATION', 'EMAIL', 'PHONE'] as const;
/** Identifiers that more records carry join none of them. */
const LIMIT = 3;

/** The simplest clusters there are: records that share an identifier are one person. For tests of what follows from clusters. */
export function exactClusters(records: readonly IdentityRecord[]): Component[] {
  const groupOf = new Map(records.map((record) => [recordKey(record), new Set([recordKey(record)])]));
  const links: MatchLink[] = [];
  for (const type of TYPES) {
    const carriers = new Map<string, string[]>();
    for (const record of records) {
      for (const identifier of record.identifiers) {
        if (identifier.identifierType !== type) continue;
        const key = identifierKey(identifier);
        carriers.set(key, [...(carriers.get(key) ?? []), recordKey(record)]);
      }
    }
    for (const keys of carriers.values()) {
      if (keys.length > LIMIT) continue;
      for (const [index, to] of keys.entries()) {
        const from = keys[index - 1];
        const [one, other] = [from === undefined ? undefined : groupOf.get(from), groupOf.get(to)];
        if (from === undefined || !one || !other || one === other) continue;
        links.push({ from, to, rule: `EXACT_${type}` });
        for (const key of other) groupOf.set(key, one.add(key));
      }
    }
  }
  const byKey = new Map(records.map((record) => [recordKey(record), record]));
  return [...new Set(groupOf.values())].map((group) => {
    const keys = [...group].sort();
    return {
      key: keys[0] ?? '',
      records: keys.flatMap((key) => byKey.get(key) ?? []),
      links: links.filter(({ from }) => group.has(from)),
    };
  });
}
