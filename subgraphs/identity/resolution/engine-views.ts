import { Households } from './cluster/households.ts';
import type { LinkerParts } from './cluster/linker.ts';
import { BY_PERSON } from './cluster/linker.ts';
import { uncertainPairs } from './cluster/review.ts';
import type { EngineCluster, EngineHousehold, EngineLink, EngineWarning, UncertainPair } from './engine.ts';
import type { MatchRuleset } from './rules/match-ruleset.ts';
import type { PairJudge } from './score/judge.ts';

const SMALL_SAMPLE = 100;
const SLOTS_PER_STEP = 5_000;

interface Link {
  readonly from: number;
  readonly to: number;
  readonly bits: number;
  readonly rule: number;
}

/** What the engine answers from its state: clusters with their links, chains, the review queue, households, warnings. */
export class EngineViews {
  private readonly parts: LinkerParts;
  private readonly judge: PairJudge;
  private readonly ruleset: MatchRuleset;
  private readonly householdViews: Households;

  constructor(parts: LinkerParts, judge: PairJudge, ruleset: MatchRuleset) {
    this.parts = parts;
    this.judge = judge;
    this.ruleset = ruleset;
    this.householdViews = new Households(parts);
  }

  /** The cluster of a record. */
  cluster(slot: number): EngineCluster {
    const { clusters, names } = this.parts;
    const members = clusters.members(slot);
    const records = members.map((member) => names.keyOf(member)).sort();
    const links = members.length === 1 ? [] : this.links(members).map((link) => this.toLink(link));
    return { key: records[0] ?? '', records, links };
  }

  /** The clusters of some records, each once, in the order of the records. */
  *clusters(slots: Iterable<number>): IterableIterator<EngineCluster> {
    const seen = new Set<number>();
    for (const slot of slots) {
      const label = this.parts.clusters.labelOf(slot);
      if (label < 0 || seen.has(label)) continue;
      seen.add(label);
      yield this.cluster(slot);
    }
  }

  /** The records of every cluster, ascending, the clusters in the order of their first slots: without links, which cost more than all else. */
  *groups(): IterableIterator<readonly string[]> {
    const { clusters, names } = this.parts;
    for (const slot of this.parts.slots()) {
      // The smallest slot of a cluster is its label.
      if (clusters.labelOf(slot) !== slot) continue;
      const records = clusters.members(slot).map((member) => names.keyOf(member));
      yield records.length === 1 ? records : records.sort();
    }
  }

  /** The links that lead from one record to another; none when they are apart. */
  chain(from: number, to: number): EngineLink[] {
    const { clusters } = this.parts;
    if (clusters.labelOf(from) !== clusters.labelOf(to) || from === to) return [];
    const links = this.links(clusters.members(from));
    const cameBy = new Map<number, Link | null>([[from, null]]);
    const queue = [from];
    for (const at of queue) {
      for (const link of links) {
        const next = link.from === at ? link.to : link.to === at ? link.from : -1;
        if (next < 0 || cameBy.has(next)) continue;
        cameBy.set(next, link);
        queue.push(next);
      }
    }
    const chain: EngineLink[] = [];
    for (let at = to; ; ) {
      const link = cameBy.get(at);
      if (!link) return chain.reverse();
      const before = link.from === at ? link.to : link.from;
      chain.push(this.toLink({ ...link, from: before, to: at }));
      at = before;
    }
  }

  /** What a reviewer should look at. */
  uncertainPairs(first: number): Generator<void, UncertainPair[]> {
    return uncertainPairs(this.parts, this.judge, first);
  }

  /** The household of a record. */
  household(slot: number): EngineHousehold | undefined {
    return this.householdViews.of(slot);
  }

  /** Every household. */
  households(): IterableIterator<EngineHousehold> {
    return this.householdViews.all(this.parts.slots());
  }

  /** What a person should know about. */
  *warnings(alarmSize: number): Generator<void, EngineWarning[]> {
    const { population, clusters } = this.parts;
    let large = 0;
    let count = 0;
    for (const slot of this.parts.slots()) {
      if (clusters.labelOf(slot) === slot && clusters.members(slot).length > alarmSize) large += 1;
      count += 1;
      if (count % SLOTS_PER_STEP === 0) yield;
    }
    const warnings: EngineWarning[] = [];
    if (large > 0)
      warnings.push({
        code: 'LARGE_CLUSTER',
        message: `Clusters of more than ${alarmSize} records; look at what holds them together.`,
        count: large,
      });
    const shared = yield* population.countShared(this.ruleset);
    if (shared > 0)
      warnings.push({
        code: 'SHARED_IDENTIFIER',
        message: 'Contact points carried by more records than the ruleset allows; they say nothing.',
        count: shared,
      });
    if (population.blocksOverCap > 0) {
      warnings.push({
        code: 'BLOCK_OVER_CAP',
        message: 'Lookups of a value that too many records have, left out; other values found their candidates.',
        count: population.blocksOverCap,
      });
    }
    if (population.features.size < SMALL_SAMPLE) {
      warnings.push({
        code: 'SMALL_SAMPLE',
        message: 'So few records tell little of how frequent values are; the model leans on what it came with.',
        count: population.features.size,
      });
    }
    return warnings;
  }

  /** The strongest links that hold records together, as few as do. */
  private links(members: readonly number[]): Link[] {
    const inside = new Set(members);
    const all: Link[] = [];
    for (const from of members) {
      this.parts.edges.each(from, (to, bits, _household, rule) => {
        if (from < to && inside.has(to) && bits >= this.judge.threshold) all.push({ from, to, bits, rule });
      });
    }
    const { names } = this.parts;
    all.sort(
      (a, b) =>
        b.bits - a.bits || (names.keyOf(a.from) + names.keyOf(a.to) < names.keyOf(b.from) + names.keyOf(b.to) ? -1 : 1),
    );
    const group = new Map(members.map((member) => [member, member]));
    const find = (member: number): number => {
      let at = member;
      for (let up = group.get(at) as number; up !== at; up = group.get(at) as number) at = up;
      return at;
    };
    return all.filter(({ from, to }) => {
      const [a, b] = [find(from), find(to)];
      if (a === b) return false;
      group.set(a, b);
      return true;
    });
  }

  private toLink({ from, to, bits, rule }: Link): EngineLink {
    const { names } = this.parts;
    return { from: names.keyOf(from), to: names.keyOf(to), rule: this.ruleName(rule), bits };
  }

  private ruleName(rule: number): string {
    if (rule === BY_PERSON) return 'MANUAL';
    return this.ruleset.document.rules[rule]?.name ?? 'MODEL';
  }
}
