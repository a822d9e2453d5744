import { type Identifier, type IdentityRecord, identifierKey, recordKey } from '../store/repository.ts';
import { givenNamesAgree } from './given-name.ts';
import type { MatchRule, Ruleset } from './ruleset.ts';

/** Two records that a rule says are one person. */
export interface MatchLink {
  /** `recordKey()` of one record and of the other. */
  readonly from: string;
  readonly to: string;
  /** Name of the rule. */
  readonly rule: string;
  /** Evidence in bits, where some was weighed. */
  readonly bits?: number;
}

/** Records that are one person, because a chain of links leads from each to each. */
export interface Component {
  /** The smallest `recordKey()` of its records. */
  readonly key: string;
  readonly records: readonly IdentityRecord[];
  /** Enough links to hold the component together, the earliest rule of the ruleset first. */
  readonly links: readonly MatchLink[];
}

/**
 * Puts records together into people. The answer depends on the set of records alone, never on their order: an identifier
 * that more records share than its rule allows joins none of them, not even those that came first.
 * `isOverLimit` knows of records that are not among `records`.
 */
export function clusterRecords(
  records: readonly IdentityRecord[],
  ruleset: Ruleset,
  isOverLimit: (identifier: Identifier) => boolean = () => false,
): Component[] {
  const union = createUnion();
  const links: MatchLink[] = [];
  const groups = groupByIdentifier(records, ruleset).filter(({ identifier }) => !isOverLimit(identifier));
  for (const rule of ruleset.document.matchRules) {
    for (const group of groups) {
      if (group.rule !== rule || group.records.length > rule.limit) continue;
      for (const [a, b] of matchingPairs(rule, group.records)) {
        const [from, to] = [recordKey(a), recordKey(b)];
        if (union.join(from, to)) links.push({ from, to, rule: rule.name });
      }
    }
  }
  return collect(records, links, union.find);
}

interface Group {
  readonly identifier: Identifier;
  readonly rule: MatchRule;
  readonly records: IdentityRecord[];
}

function groupByIdentifier(records: readonly IdentityRecord[], ruleset: Ruleset): Group[] {
  const groups = new Map<string, Group>();
  for (const record of records) {
    for (const identifier of record.identifiers) {
      const group = groups.get(identifierKey(identifier));
      if (group) {
        group.records.push(record);
        continue;
      }
      const rule = ruleset.ruleFor(identifier);
      if (rule) groups.set(identifierKey(identifier), { identifier, rule, records: [record] });
    }
  }
  return [...groups.values()];
}

/**
 * Agreement of names is not transitive (a record without a name agrees with all), so each pair of a group is looked at;
 * the limit keeps groups small.
 */
function* matchingPairs(
  rule: MatchRule,
  group: readonly IdentityRecord[],
): Generator<[IdentityRecord, IdentityRecord]> {
  const { givenNames } = rule;
  for (const [index, first] of group.entries()) {
    for (const second of group.slice(index + 1)) {
      if (!givenNames || givenNamesAgree(first.givenNameHash, second.givenNameHash, givenNames)) yield [first, second];
    }
  }
}

interface Union {
  find(key: string): string;
  /** False when the two were together already. */
  join(a: string, b: string): boolean;
}

function createUnion(): Union {
  const parents = new Map<string, string>();
  const find = (key: string): string => {
    let root = key;
    for (let parent = parents.get(root); parent !== undefined; parent = parents.get(root)) root = parent;
    for (let at = key; at !== root; ) {
      const next = parents.get(at) ?? root;
      parents.set(at, root);
      at = next;
    }
    return root;
  };
  const join = (a: string, b: string): boolean => {
    const [rootOfA, rootOfB] = [find(a), find(b)];
    if (rootOfA === rootOfB) return false;
    parents.set(rootOfB, rootOfA);
    return true;
  };
  return { find, join };
}

function collect(
  records: readonly IdentityRecord[],
  links: readonly MatchLink[],
  find: (key: string) => string,
): Component[] {
  const components = new Map<string, { key: string; records: IdentityRecord[]; links: MatchLink[] }>();
  for (const record of records) {
    const key = recordKey(record);
    const component = components.get(find(key));
    if (component) {
      component.records.push(record);
      if (key < component.key) component.key = key;
    } else components.set(find(key), { key, records: [record], links: [] });
  }
  for (const link of links) components.get(find(link.from))?.links.push(link);
  return [...components.values()];
}
