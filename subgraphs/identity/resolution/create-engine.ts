import { Population } from './block/population.ts';
import { ClusterTable } from './cluster/cluster-table.ts';
import { Decisions } from './cluster/decisions.ts';
import { EdgeStore } from './cluster/edges.ts';
import { Linker } from './cluster/linker.ts';
import type { NicknameGroups } from './compare/name-table.ts';
import type {
  EngineChanges,
  EngineCluster,
  EngineHousehold,
  EngineWarning,
  LoadOptions,
  PairDecision,
  ResolutionEngine,
  UncertainPair,
} from './engine.ts';
import { EngineViews } from './engine-views.ts';
import { Explainer } from './explain.ts';
import type { MatchExplanation } from './explanation.ts';
import type { MatchRecord } from './match-record.ts';
import { NICKNAME_GROUPS } from './normalise/nickname-groups.ts';
import type { MatchRuleset } from './rules/match-ruleset.ts';
import { fitToPopulation } from './score/fit-population.ts';
import { PairJudge } from './score/judge.ts';
import type { MatchModel } from './score/model.ts';
import { SlotDirectory } from './slot-directory.ts';

/** A block of more records is left out: their pairs are found by other keys. */
const BLOCK_CAP = 40;
/** Records that share a contact point whose number of people has changed are judged again, unless there are more. */
const REJUDGE_LIMIT = 24;

/** What an engine is made from. */
export interface EngineParts {
  readonly ruleset: MatchRuleset;
  readonly model: MatchModel;
  /** Default: the groups that come with the project. */
  readonly nicknames?: NicknameGroups;
}

/** Makes an engine without records. */
export function createResolutionEngine(parts: EngineParts): ResolutionEngine {
  return new EngineState(parts);
}

class EngineState implements ResolutionEngine {
  private readonly ruleset: MatchRuleset;
  private readonly population: Population;
  private readonly slots = new SlotDirectory();
  private readonly clusterTable = new ClusterTable();
  private readonly decided = new Decisions();
  private edges = new EdgeStore();
  private currentModel: MatchModel;
  private judge: PairJudge;
  private linker: Linker;
  private views: EngineViews;
  private removedKeys: string[] = [];

  constructor({ ruleset, model, nicknames = NICKNAME_GROUPS }: EngineParts) {
    this.ruleset = ruleset;
    this.population = new Population(nicknames, ruleset, BLOCK_CAP);
    this.currentModel = model;
    this.judge = new PairJudge(this.population, ruleset, model);
    [this.linker, this.views] = this.wire();
  }

  get model(): MatchModel {
    return this.currentModel;
  }

  get fingerprint(): string {
    return `${this.ruleset.fingerprint}-${this.currentModel.version}`;
  }

  get size(): number {
    return this.slots.size;
  }

  load(records: Iterable<MatchRecord>, { fit = false }: LoadOptions = {}): void {
    for (const record of records) this.place(record);
    if (fit) this.currentModel = this.fit();
    this.linkAll();
  }

  adopt(model: MatchModel): void {
    this.currentModel = model;
    this.linkAll();
  }

  upsert(record: MatchRecord): void {
    const { population, slots, clusterTable } = this;
    const key = slots.keyFor(record);
    const before = slots.slotOf(key);
    const slot = population.write(record, before);
    if (slot === before) return;
    const sharing = population.sharing(slot);
    const touched = new Set<number>();
    if (before >= 0) {
      for (const [shared, degree] of population.sharing(before)) sharing.set(shared, degree);
      this.detach(before, touched);
    }
    slots.put(key, slot);
    clusterTable.add(slot);
    population.enter(slot);
    this.linker.connect(slot, Number.MAX_SAFE_INTEGER);
    this.settle(slot, new Set(population.resharing(sharing, REJUDGE_LIMIT)), touched);
  }

  remove(key: string): boolean {
    const slot = this.slots.slotOf(key);
    if (slot < 0) return false;
    const sharing = this.population.sharing(slot);
    const touched = new Set<number>();
    this.detach(slot, touched);
    this.slots.remove(key);
    this.removedKeys.push(key);
    this.settle(-1, new Set(this.population.resharing(sharing, REJUDGE_LIMIT)), touched);
    return true;
  }

  has(key: string): boolean {
    return this.slots.slotOf(key) >= 0;
  }

  clusterOf(key: string): EngineCluster | undefined {
    const slot = this.slots.slotOf(key);
    return slot < 0 ? undefined : this.views.cluster(slot);
  }

  clusters(): IterableIterator<EngineCluster> {
    return this.views.clusters(this.slots.slots());
  }

  takeChanges(): EngineChanges {
    const changed = this.clusterTable.takeChanged();
    const removed = this.removedKeys.filter((key) => !this.has(key));
    this.removedKeys = [];
    return { clusters: [...this.views.clusters(changed)], removed };
  }

  decide(decision: PairDecision): void {
    this.decided.put(decision);
    this.rejudgePair(decision.left, decision.right);
  }

  withdraw(left: string, right: string): boolean {
    const found = this.decided.remove(left, right);
    if (found) this.rejudgePair(left, right);
    return found;
  }

  decisions(): readonly PairDecision[] {
    return this.decided.all();
  }

  explain(left: string, right: string): MatchExplanation | undefined {
    const [a, b] = [this.slots.slotOf(left), this.slots.slotOf(right)];
    if (a < 0 || b < 0) return undefined;
    return this.explainer().explain({
      left,
      right,
      leftSlot: a,
      rightSlot: b,
      chain: this.views.chain(a, b),
      isTogether: this.clusterTable.labelOf(a) === this.clusterTable.labelOf(b),
    });
  }

  explainRecords(left: MatchRecord, right: MatchRecord): MatchExplanation {
    return this.population.withVisitors(left, right, (a, b) =>
      this.explainer().explain({
        left: this.slots.keyFor(left),
        right: this.slots.keyFor(right),
        leftSlot: a,
        rightSlot: b,
        chain: [],
        isTogether: false,
      }),
    );
  }

  uncertainPairs(first: number): readonly UncertainPair[] {
    return this.views.uncertainPairs(first);
  }

  householdOf(key: string): EngineHousehold | undefined {
    const slot = this.slots.slotOf(key);
    return slot < 0 ? undefined : this.views.household(slot);
  }

  households(): IterableIterator<EngineHousehold> {
    return this.views.households();
  }

  fit(): MatchModel {
    const decided = this.decided.all().map(({ left, right, kind }) => ({
      left: this.slots.slotOf(left),
      right: this.slots.slotOf(right),
      isSame: kind === 'SAME',
    }));
    const known = decided.filter(({ left, right }) => left >= 0 && right >= 0);
    return fitToPopulation(this.population, [...this.slots.slots()], known);
  }

  warnings(): readonly EngineWarning[] {
    return this.views.warnings(this.ruleset.document.clustering.alarmSize);
  }

  private place(record: MatchRecord): void {
    const key = this.slots.keyFor(record);
    const before = this.slots.slotOf(key);
    if (before >= 0) {
      this.population.remove(before);
      this.edges.removeAll(before);
      this.clusterTable.remove(before);
    }
    const slot = this.population.add(record);
    this.slots.put(key, slot);
    this.clusterTable.add(slot);
  }

  private linkAll(): void {
    this.judge = new PairJudge(this.population, this.ruleset, this.currentModel);
    this.edges = new EdgeStore();
    [this.linker, this.views] = this.wire();
    for (const slot of this.slots.slots()) this.linker.connect(slot, slot);
    this.clusterTable.assign(
      this.linker.components(this.slots.slots()).flatMap((component) => this.linker.cluster(component)),
    );
  }

  /** Takes a record out of everything but its key; what has to be clustered again goes into `touched`. */
  private detach(slot: number, touched: Set<number>): void {
    for (const member of this.clusterTable.members(slot)) touched.add(member);
    this.edges.each(slot, (to) => touched.add(to));
    touched.delete(slot);
    this.edges.removeAll(slot);
    this.clusterTable.remove(slot);
    this.population.remove(slot);
  }

  /** Judges those again whose contact points are now shared by more or fewer people, then clusters all that is concerned. */
  private settle(fresh: number, rejudged: ReadonlySet<number>, touched: Set<number>): void {
    for (const slot of rejudged) {
      if (slot === fresh) continue;
      this.edges.each(slot, (to) => touched.add(to));
      touched.add(slot);
      this.edges.removeAll(slot);
      this.linker.connect(slot, Number.MAX_SAFE_INTEGER);
    }
    if (fresh >= 0) touched.add(fresh);
    // Whoever is in a cluster with one of these has to be clustered in the same round.
    const seeds = new Set(touched);
    let components: number[][] = [];
    for (let covered = 0; covered < seeds.size; ) {
      for (const slot of seeds) for (const member of this.clusterTable.members(slot)) seeds.add(member);
      covered = seeds.size;
      components = this.linker.components(seeds);
      for (const component of components) for (const slot of component) seeds.add(slot);
    }
    this.clusterTable.assign(components.flatMap((component) => this.linker.cluster(component)));
  }

  private rejudgePair(left: string, right: string): void {
    const slots = [this.slots.slotOf(left), this.slots.slotOf(right)].filter((slot) => slot >= 0);
    this.settle(-1, new Set(slots), new Set());
  }

  private explainer(): Explainer {
    return new Explainer({
      population: this.population,
      judge: this.judge,
      ruleset: this.ruleset,
      decisions: this.decided,
    });
  }

  private wire(): [Linker, EngineViews] {
    const parts = {
      population: this.population,
      edges: this.edges,
      clusters: this.clusterTable,
      decisions: this.decided,
      names: this.slots,
      slots: () => this.slots.slots(),
    };
    return [new Linker(parts, this.judge), new EngineViews(parts, this.judge, this.ruleset)];
  }
}
