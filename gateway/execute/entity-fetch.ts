import type { ExecutionResult } from 'graphql';
import { BoundedCache } from '../bounded-cache.ts';
import type { EntityFetch, FetchNode } from '../planner/plan.ts';
import { contextGroups, groupName, operationForGroups } from './context-groups.ts';
import { type FetchDocument, parseFetch, rootSelections } from './fetch-document.ts';
import type { WatchedFetch } from './fetch-watch.ts';
import { leafText, quote } from './json-text.ts';
import { compileMergeShape, type MergeShape, merge } from './merge.ts';
import { compileNullFiller, type NullFiller } from './null-fields.ts';
import { isRawObject, ownValue, type RawObject } from './raw-object.ts';
import { type Representation, Representations } from './representation.ts';
import { applyRewrites } from './rewrites.ts';
import type { ExecutorParts, Run, Step } from './run.ts';
import { type Sendable, send, sendable } from './send.ts';
import { type EntityPlaces, entityPlaces, takeEntityErrors } from './subgraph-errors.ts';
import { collectAt, type ResponsePath } from './walk.ts';

/** One `_entities` field, compiled. */
interface CompiledEntity {
  readonly plan: EntityFetch;
  readonly representations: Representations;
  readonly shape: MergeShape;
  readonly fillNulls: NullFiller | undefined;
}

/** The objects that an `_entities` field is about, and their representations, each one once. */
interface PreparedEntity extends EntityPlaces {
  readonly compiled: CompiledEntity;
  /** Carries the representations. */
  readonly variable: string;
  readonly targets: RawObject[];
  readonly slots: number[];
  readonly texts: string[];
}

/** Compiles a fetch of entities, with one `_entities` field or several. */
export function compileEntityFetch(node: FetchNode, entities: readonly EntityFetch[], parts: ExecutorParts): Step {
  const document = parseFetch(node);
  const compiled = entities.map((entity) => compileEntity(entity, document, parts));
  const [first] = compiled;
  if (first && first.plan.contextRewrites.length > 0) return compileContextFetch(node, document, first, parts);
  const way = sendable(node, parts);
  return (run) => {
    const watched = run.context.fetchWatch?.begin(node);
    const prepared = new Array<PreparedEntity>(compiled.length);
    for (let i = 0; i < compiled.length; i++) {
      const entity = compiled[i] as CompiledEntity;
      const { responseName, representationsVariable } = entity.plan;
      prepared[i] = prepare(entity, objectsOf(run, entity.plan), responseName, representationsVariable);
    }
    return fetchEntities(run, way, prepared, NO_VALUES, watched);
  };
}

const NO_VALUES: ReadonlyMap<string, unknown> = new Map();

/** A fetch with arguments from the context: objects that have different ones are asked for side by side in one operation. */
function compileContextFetch(
  node: FetchNode,
  document: FetchDocument,
  compiled: CompiledEntity,
  parts: ExecutorParts,
): Step {
  const { responseName, representationsVariable } = compiled.plan;
  const ways = new BoundedCache<Sendable>(GROUPED_OPERATIONS_CAPACITY);
  return (run) => {
    const watched = run.context.fetchWatch?.begin(node);
    const prepared: PreparedEntity[] = [];
    const values = new Map<string, unknown>();
    for (const group of contextGroups(run, compiled.plan)) {
      const number = prepared.length;
      const variable = groupName(representationsVariable, number);
      const entity = prepare(compiled, group.objects, groupName(responseName, number), variable);
      if (entity.texts.length === 0) continue;
      prepared.push(entity);
      for (const [name, value] of group.values) values.set(groupName(name, number), value);
    }
    const way = ways.getOrMake(String(prepared.length), () => {
      const operation = operationForGroups(document, compiled.plan, prepared.length);
      return sendable({ ...node, operation, entities: [] }, parts);
    });
    return fetchEntities(run, way, prepared, values, watched);
  };
}

/** One operation for each number of groups that came up. */
const GROUPED_OPERATIONS_CAPACITY = 20;

function fetchEntities(
  run: Run,
  way: Sendable,
  prepared: readonly PreparedEntity[],
  values: ReadonlyMap<string, unknown>,
  watched: WatchedFetch | undefined,
): Promise<void> | undefined {
  let representations = 0;
  for (let i = 0; i < prepared.length; i++) representations += (prepared[i] as PreparedEntity).texts.length;
  if (representations === 0) return undefined;
  const sent = send(run, way, {
    variables: undefined,
    variablesJson: variablesText(run, way.node, prepared, values),
    representations,
    watched,
    places: (): ResponsePath[] => entityPlaces(prepared.filter(({ texts }) => texts.length > 0)),
    isAnswer: (candidate) => isEntityAnswer(candidate, prepared),
  });
  return sent.then((answer) => {
    if (!answer) {
      for (const entity of prepared) fillAll(entity);
      return;
    }
    if (answer.errors) takeEntityErrors(run, way.node, prepared, answer.errors);
    for (let i = 0; i < prepared.length; i++) mergeEntities(run, answer, prepared[i] as PreparedEntity);
    watched?.merged();
  });
}

function compileEntity(plan: EntityFetch, document: FetchDocument, parts: ExecutorParts): CompiledEntity {
  const { types, asksDespiteFailures } = parts;
  const selections = rootSelections(document, plan.responseName);
  return {
    plan,
    representations: new Representations(plan.requires, plan.inputRewrites, types),
    shape: compileMergeShape(selections, document.fragments, plan.outputRewrites),
    fillNulls: asksDespiteFailures ? compileNullFiller(selections, document.fragments, types) : undefined,
  };
}

function objectsOf(run: Run, { paths }: EntityFetch): RawObject[] {
  const found: RawObject[] = [];
  const { types } = run.parts;
  if (run.joined) {
    for (const { data } of run.joined) for (const path of paths) collectAt(data, path, 0, types, found);
  } else {
    for (let i = 0; i < paths.length; i++) collectAt(run.data, paths[i] ?? [], 0, types, found);
  }
  return found;
}

function prepare(
  compiled: CompiledEntity,
  found: readonly RawObject[],
  responseName: string,
  variable: string,
): PreparedEntity {
  const targets: RawObject[] = [];
  const slots: number[] = [];
  const representing = new Representing();
  let typename: unknown;
  let representation: Representation | undefined;
  for (let i = 0; i < found.length; i++) {
    const object = found[i] as RawObject;
    if (object['__typename'] !== typename || i === 0) {
      typename = object['__typename'];
      representation = compiled.representations.of(typename);
    }
    const slot = representation ? representing.slotOf(object, representation) : undefined;
    if (slot === undefined) continue;
    targets.push(object);
    slots.push(slot);
  }
  const { paths, outputRewrites } = compiled.plan;
  return { compiled, responseName, variable, paths, outputRewrites, targets, slots, texts: representing.texts };
}

/** Gives each different representation a place in the list that is sent. */
class Representing {
  readonly texts: string[] = [];
  readonly #examples: RawObject[] = [];
  readonly #byHash = new Map<unknown, number>();
  readonly #byText = new Map<string, number>();

  /** Undefined when the object can't be represented. Most are like one before, which is seen without writing them. */
  slotOf(object: RawObject, representation: Representation): number | undefined {
    const hash = representation.hash(object);
    const likely = this.#byHash.get(hash);
    if (likely !== undefined) {
      const example = this.#examples[likely] as RawObject;
      if (example['__typename'] === object['__typename'] && representation.isSame(object, example)) return likely;
    }
    const text = representation.write(object);
    if (text === undefined) return undefined;
    let slot = this.#byText.get(text);
    if (slot === undefined) {
      slot = this.texts.length;
      this.#byText.set(text, slot);
      this.texts.push(text);
      this.#examples.push(object);
    }
    this.#byHash.set(hash, slot);
    return slot;
  }
}

/** The variables of an entity fetch, written rather than built: representations are text already. */
function variablesText(
  run: Run,
  node: FetchNode,
  prepared: readonly PreparedEntity[],
  values: ReadonlyMap<string, unknown>,
): string {
  let text = '';
  for (const name of node.variableUsages) {
    const value = ownValue(run.context.variables, name);
    if (value !== undefined) text += `${text === '' ? '{' : ','}${quote(name)}:${leafText(value)}`;
  }
  for (const [name, value] of values) text += `${text === '' ? '{' : ','}${quote(name)}:${leafText(value)}`;
  for (let i = 0; i < prepared.length; i++) {
    const { variable, texts } = prepared[i] as PreparedEntity;
    text += `${text === '' ? '{' : ','}"${variable}":[${texts.join(',')}]`;
  }
  return `${text}}`;
}

/** An answer without errors has one entity, or null, for each representation. */
function isEntityAnswer({ data, errors }: ExecutionResult, prepared: readonly PreparedEntity[]): boolean {
  if (errors !== undefined && errors.length > 0) return true;
  return prepared.every(({ responseName, texts }) => {
    const list = data?.[responseName];
    return (Array.isArray(list) && list.length === texts.length) || (list === undefined && texts.length === 0);
  });
}

function mergeEntities(run: Run, { data, errors }: ExecutionResult, prepared: PreparedEntity): void {
  const { compiled, responseName, targets, slots, texts, outputRewrites } = prepared;
  const { types } = run.parts;
  const list: unknown = data?.[responseName];
  if (!Array.isArray(list) || list.length !== texts.length) {
    fillAll(prepared);
    return;
  }
  let fresh = 0;
  for (let i = 0; i < targets.length; i++) {
    const target = targets[i] as RawObject;
    const slot = slots[i] as number;
    const entity: unknown = list[slot];
    const isFresh = slot === fresh;
    if (isFresh) fresh++;
    if (!isRawObject(entity)) {
      if (compiled.fillNulls && errors && isFailed(slot, responseName, errors)) compiled.fillNulls(target);
      continue;
    }
    if (isFresh && outputRewrites.length > 0) {
      entity['__typename'] ??= target['__typename'];
      applyRewrites(entity, outputRewrites, types);
    }
    merge(target, entity, compiled.shape, types, !isFresh);
  }
}

/** An entity that is null without an error is not there, and stays so. */
function isFailed(slot: number, responseName: string, errors: NonNullable<ExecutionResult['errors']>): boolean {
  return errors.some(({ path }) => !path || path.length < 2 || (path[0] === responseName && path[1] === slot));
}

function fillAll({ compiled, targets }: PreparedEntity): void {
  if (compiled.fillNulls) for (const target of targets) compiled.fillNulls(target);
}
