import type { ResolutionEngine } from '../resolution/engine.ts';
import type { MatchRecord } from '../resolution/match-record.ts';
import { createMatchRuleset, loadDefaultMatchRuleset, type MatchRuleset } from '../resolution/rules/match-ruleset.ts';
import type { MatchModel } from '../resolution/score/model.ts';
import { decisionKey, type MatchDecision, recordOfKey, recordsOfVerdict, type Verdict } from '../store/decision.ts';
import { redactedRecordId } from '../store/erasure.ts';
import { REDACTED } from '../store/past.ts';
import { type IdentityEvent, type IdentityRepository, recordKey, type SourceRecordKey } from '../store/repository.ts';
import { inSlices } from './in-slices.ts';

/** What an engine decides by: the documents in effect. */
export interface EngineDocuments {
  readonly ruleset: MatchRuleset;
  /** Null for the model that comes with the project. */
  readonly model: MatchModel | null;
}

/** Makes an engine without records. */
export type CreateEngine = (documents: EngineDocuments) => ResolutionEngine;

/** The engine's state in this process: a fold of the store up to `head`. */
export interface EngineState {
  readonly engine: ResolutionEngine;
  /** Customers that records are pinned to, by record key. */
  readonly pins: Map<string, string>;
  /** True when the store has no record that the engine has not: it was empty when this process began to write to it. */
  readonly isComplete: boolean;
  /** The log's sequence that it stands at. */
  head: number;
}

const FEATURES_AT_ONCE = 1_000;
const DECISIONS_AT_ONCE = 1_000;
const EVENTS_AT_ONCE = 1_000;

/** The documents in effect: those of the store, else those of the project. Throws RulesetInvalid when a stored one is broken. */
export async function documentsInEffect(repository: IdentityRepository): Promise<EngineDocuments> {
  const [ruleset, model] = [await repository.documents.active('RULESET'), await repository.documents.active('MODEL')];
  return {
    ruleset: ruleset ? createMatchRuleset(JSON.parse(ruleset.text)) : loadDefaultMatchRuleset(),
    model: model ? (JSON.parse(model.text) as MatchModel) : null,
  };
}

/**
 * Rebuilds the engine from what the store keeps: features, decisions, documents. The log is read last up to the place where
 * it stood first, so that nothing that is written meanwhile is missed: it is caught up with.
 */
export async function loadEngineState(
  repository: IdentityRepository,
  createEngine: CreateEngine,
): Promise<EngineState> {
  const head = await repository.history.head();
  const engine = createEngine(await documentsInEffect(repository));
  const state: EngineState = { engine, pins: new Map(), isComplete: head === 0, head };
  await takeDecisions(repository, state);
  const loading = engine.loading();
  for (let after: string | null = null; ; ) {
    const page: Awaited<ReturnType<IdentityRepository['listFeatures']>> = await repository.listFeatures({
      after,
      first: FEATURES_AT_ONCE,
    });
    loading.add(page.rows.map(({ features }) => JSON.parse(features) as MatchRecord));
    if (page.next === null) break;
    after = page.next;
  }
  await inSlices(loading.finish());
  return state;
}

/** Takes in every decision that the store has. */
export async function takeDecisions(repository: IdentityRepository, state: EngineState): Promise<void> {
  for (let after: string | undefined; ; ) {
    const decisions: MatchDecision[] = await repository.decisions.list({
      ...(after === undefined ? {} : { after }),
      first: DECISIONS_AT_ONCE,
    });
    for (const { verdict } of decisions) takeVerdict(state, verdict);
    const last = decisions.at(-1);
    if (!last || decisions.length < DECISIONS_AT_ONCE) break;
    after = decisionKey(last);
  }
}

/** What catching up found. */
export interface CaughtUp {
  /** Documents came into effect: the engine is to be made anew. */
  readonly isOutdated: boolean;
  /** Records that decisions were about. */
  readonly decidedRecords: readonly string[];
  /** Records that others forgot: the engine has dropped them. */
  readonly forgotten: readonly string[];
}

/** Takes in what the log tells since the state's head: decisions, and records that were forgotten. */
export async function catchUp(repository: IdentityRepository, state: EngineState): Promise<CaughtUp> {
  const decidedRecords = new Set<string>();
  const unlinked = new Set<string>();
  const revoked = new Map<string, SourceRecordKey>();
  let isOutdated = false;
  for (;;) {
    const events = await repository.events(state.head, EVENTS_AT_ONCE);
    for (const event of events) {
      state.head = event.sequence;
      if (event.type === 'DocumentActivated') isOutdated ||= event.key === 'RULESET' || event.key === 'MODEL';
      if (event.type === 'RecordUnlinked') unlinked.add(nameInLog(event.payload));
      for (const verdict of verdictsOf(event)) {
        if (event.type === 'MatchDecided') takeVerdict(state, verdict);
        else dropVerdict(state, verdict);
        for (const record of recordsOfVerdict(verdict)) {
          decidedRecords.add(recordKey(record));
          if (event.type === 'MatchDecisionRevoked') revoked.set(recordKey(record), record);
        }
      }
    }
    if (events.length < EVENTS_AT_ONCE) break;
  }
  const forgotten = forget(state, unlinked, await repository.hashKey());
  dropDecisionsAbout(state, new Set([...unlinked, ...forgotten]));
  await takeWhatStands(repository, state, [...revoked.values(), ...forgotten.map(recordOfKey)]);
  return { isOutdated, decidedRecords: [...decidedRecords], forgotten };
}

/** Forgets what was decided about records that have gone, as the store does: the record that comes back is a new one. */
export function dropDecisionsAbout({ engine, pins }: EngineState, keys: ReadonlySet<string>): void {
  if (keys.size === 0) return;
  for (const key of keys) pins.delete(key);
  for (const { left, right } of engine.decisions()) {
    if (keys.has(left) || keys.has(right)) engine.withdraw(left, right);
  }
}

/** The same may have been decided twice: what was taken back once still stands by the other decision. */
async function takeWhatStands(
  repository: IdentityRepository,
  state: EngineState,
  records: readonly SourceRecordKey[],
): Promise<void> {
  for (let at = 0; at < records.length; at += DECISIONS_AT_ONCE) {
    const standing = await repository.decisions.about(records.slice(at, at + DECISIONS_AT_ONCE));
    for (const { verdict } of standing) takeVerdict(state, verdict);
  }
}

/**
 * Drops records that others forgot. The log names an erased record by a digest only, so it is looked for among all: that
 * costs microseconds for each record, and happens when somebody was erased.
 */
function forget({ engine }: EngineState, unlinked: ReadonlySet<string>, hashKey: string): string[] {
  if (unlinked.size === 0) return [];
  const forgotten: string[] = [];
  const isRedacted = [...unlinked].some((name) => name.includes(`|${REDACTED}`));
  for (const records of isRedacted ? engine.groups() : []) {
    for (const key of records) {
      const record = recordOfKey(key);
      const redacted = { ...record, sourceRecordId: redactedRecordId(hashKey, record) };
      if (unlinked.has(recordKey(redacted))) forgotten.push(key);
    }
  }
  forgotten.push(...[...unlinked].filter((key) => engine.has(key)));
  for (const key of forgotten) engine.remove(key);
  return forgotten;
}

function nameInLog({ dataSourceId, sourceRecordId }: IdentityEvent['payload']): string {
  return `${dataSourceId}|${sourceRecordId}`;
}

function verdictsOf({ type, payload }: IdentityEvent): readonly Verdict[] {
  if (type !== 'MatchDecided' && type !== 'MatchDecisionRevoked') return [];
  // An erased decision says nothing any more.
  return Array.isArray(payload['verdicts']) ? (payload['verdicts'] as Verdict[]) : [];
}

function takeVerdict({ engine, pins }: EngineState, verdict: Verdict): void {
  if (verdict.kind === 'PIN') pins.set(recordKey(verdict.record), verdict.customer360Id);
  else engine.decide({ kind: verdict.kind, left: recordKey(verdict.left), right: recordKey(verdict.right) });
}

function dropVerdict({ engine, pins }: EngineState, verdict: Verdict): void {
  if (verdict.kind === 'PIN') pins.delete(recordKey(verdict.record));
  else engine.withdraw(recordKey(verdict.left), recordKey(verdict.right));
}
