import { Population, type Sharing } from './block/population.ts';
import { ClusterTable } from './cluster/cluster-table.ts';
import { Decisions } from './cluster/decisions.ts';
import { EdgeStore } from './cluster/edges.ts';
import { Linker } from './cluster/linker.ts';
import type { NicknameGroups } from './compare/name-table.ts';
import type {
  EngineChanges,
  EngineCluster,
  EngineHousehold,
  EngineLoading,
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
/**
 * With each record that comes so many others are decided about again, one after the other: what a pair weighs moves with the number
 * of records and the frequency of values, so what was decided long ago would come out otherwise now.
 */
const LOOKED_AT_AGAIN = 3;
/** Records, or components, that a step of loading looks at. */
const SLOTS_PER_STEP = 32;

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
  /** The slot to be looked at again next. */
  private nextAgain = 0;

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

  load(records: Iterable<MatchRecord>, options: LoadOptions = {}): void {
    const loading = this.loading();
    loading.add(records);
    runToEnd(loading.finish(options));
  }

  loading(): EngineLoading {
    return {
      add: (records) => {
        for (const record of records) this.place(this.slots.keyFor(record), this.population.features.add(record));
      },
      addEncoded: (records) => {
        const first = this.population.features.adopt(records);
        for (const [index, key] of records.keys.entries()) this.place(key, first + index);
      },
      finish: (options) => this.finishLoading(options),
    };
  }

  adopt(model: MatchModel): void {
    this.currentModel = model;
    runToEnd(this.linkAll());
  }

  upsert(record: MatchRecord): void {
    this.upsertAll([record]);
  }

  upsertAll(records: Iterable<MatchRecord>): void {
    const { population, slots, clusterTable } = this;
    const firstFresh = population.features.slots;
    const before = new Map<number, Sharing>();
    const touched = new Set<number>();
    for (const record of records) {
      const key = slots.keyFor(record);
      const replaced = slots.slotOf(key);
      const slot = population.write(record, replaced);
      if (slot === replaced) continue;
      population.noteSharing(slot, true, before);
      if (replaced >= 0) {
        population.noteSharing(replaced, false, before);
        this.detach(replaced, touched);
      }
      slots.put(key, slot);
      clusterTable.add(slot);
      population.enter(slot);
    }
    // Slots are never used again: those above hold all the others.
    for (let slot = firstFresh; slot < population.features.slots; slot += 1) {
      if (slots.keyOf(slot) === '') continue;
      this.linker.connect(slot, slot);
      touched.add(slot);
    }
    this.lookAgain(population.features.slots - firstFresh, touched);
    this.settle(before, firstFresh, touched);
  }

  remove(key: string): boolean {
    const slot = this.slots.slotOf(key);
    if (slot < 0) return false;
    const before = new Map<number, Sharing>();
    this.population.noteSharing(slot, false, before);
    const touched = new Set<number>();
    this.detach(slot, touched);
    this.slots.remove(key);
    this.removedKeys.push(key);
    this.settle(before, this.population.features.slots, touched);
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

  groups(): IterableIterator<readonly string[]> {
    return this.views.groups();
  }

  takeChanges(): EngineChanges {
    const changed = this.clusterTable.takeChanged();
    const removed = this.removedKeys.filter((key) => !this.has(key));
    this.removedKeys = [];
    return { clusters: [...this.views.clusters(changed)], removed };
  }

  forgetChanges(): void {
    this.clusterTable.takeChanged();
    this.removedKeys = [];
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
    return runToEnd(this.findingUncertainPairs(first));
  }

  findingUncertainPairs(first: number): Generator<void, readonly UncertainPair[]> {
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
    return runToEnd(this.fitting());
  }

  fitting(): Generator<void, MatchModel> {
    const decided = this.decided.all().map(({ left, right, kind }) => ({
      left: this.slots.slotOf(left),
      right: this.slots.slotOf(right),
      isSame: kind === 'SAME',
    }));
    const known = decided.filter(({ left, right }) => left >= 0 && right >= 0);
    return fitToPopulation(this.population, [...this.slots.slots()], known);
  }

  warnings(): readonly EngineWarning[] {
    return runToEnd(this.findingWarnings());
  }

  findingWarnings(): Generator<void, readonly EngineWarning[]> {
    return this.views.warnings(this.ruleset.document.clustering.alarmSize);
  }

  /** Enters a record that has been written, in place of the one of the same key. */
  private place(key: string, slot: number): void {
    const before = this.slots.put(key, slot);
    if (before >= 0) {
      this.population.remove(before);
      this.edges.removeAll(before);
      this.clusterTable.remove(before);
    }
    this.population.enter(slot);
    this.clusterTable.add(slot);
  }

  private *finishLoading({ fit = false }: LoadOptions = {}): Generator<void, void> {
    yield* this.population.index.gather();
    if (fit) this.currentModel = yield* this.fitting();
    yield* this.linkAll();
  }

  private *linkAll(): Generator<void, void> {
    this.judge = new PairJudge(this.population, this.ruleset, this.currentModel);
    this.edges = new EdgeStore();
    [this.linker, this.views] = this.wire();
    let count = 0;
    for (const slot of this.slots.slots()) {
      this.linker.connect(slot, slot);
      count += 1;
      if (count % SLOTS_PER_STEP === 0) yield;
    }
    const groups: number[][] = [];
    for (const component of this.linker.eachComponent(this.slots.slots())) {
      groups.push(...this.linker.cluster(component));
      count += 1;
      if (count % SLOTS_PER_STEP === 0) yield;
    }
    yield* this.clusterTable.assignInSteps(groups);
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

  /** Puts those whose turn it is to be decided about again into `touched`. */
  private lookAgain(fresh: number, touched: Set<number>): void {
    const { slots: count } = this.population.features;
    for (let left = Math.min(fresh * LOOKED_AT_AGAIN, count); left > 0; left -= 1) {
      this.nextAgain = this.nextAgain + 1 < count ? this.nextAgain + 1 : 0;
      if (this.slots.keyOf(this.nextAgain) !== '') touched.add(this.nextAgain);
    }
  }

  /** Judges those pairs again whose contact points weigh otherwise now, then clusters all that is concerned. */
  private settle(before: ReadonlyMap<number, Sharing>, firstFresh: number, touched: Set<number>): void {
    for (const key of this.population.reweighed(before.values(), BLOCK_CAP)) {
      this.linker.rejudge(this.population.recordsOf(key), firstFresh, touched);
    }
    this.recluster(touched);
  }

  /**
   * Clusters some records anew, with whoever is or was in a cluster with one of them. Their pairs are judged again first: how
   * frequent values are moves with every record, and what comes of it must not depend on when a pair was judged.
   */
  private recluster(touched: ReadonlySet<number>): void {
    const concerned = new Set(touched);
    const done = new Set<number>();
    for (const slot of concerned) {
      for (const member of this.clusterTable.members(slot)) concerned.add(member);
      this.linker.refresh(slot, done);
      done.add(slot);
      this.edges.each(slot, (to, bits) => {
        if (bits >= this.judge.threshold) concerned.add(to);
      });
    }
    const components = this.linker.components(concerned);
    this.clusterTable.assign(components.flatMap((component) => this.linker.cluster(component)));
  }

  private rejudgePair(left: string, right: string): void {
    const touched = new Set<number>();
    for (const slot of [this.slots.slotOf(left), this.slots.slotOf(right)]) {
      if (slot < 0) continue;
      this.edges.each(slot, (to) => touched.add(to));
      touched.add(slot);
      this.edges.removeAll(slot);
      this.linker.connect(slot, Number.MAX_SAFE_INTEGER);
    }
    this.recluster(touched);
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

function runToEnd<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
