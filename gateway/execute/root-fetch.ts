import type { ExecutionResult } from 'graphql';
import type { FetchNode } from '../planner/plan.ts';
import { forEachField, parseFetch, responseNameOf } from './fetch-document.ts';
import { compileMergeShape, type MergeShape, merge } from './merge.ts';
import { isRawObject, ownValue, type RawObject } from './raw-object.ts';
import { applyRewrites } from './rewrites.ts';
import type { ExecutorParts, Run, Step } from './run.ts';
import { send, sendable } from './send.ts';
import { takeRootErrors } from './subgraph-errors.ts';
import { collectAt, placesAt, type ResponsePath } from './walk.ts';

/** What is merged of the answer to a fetch from a root type. */
export interface RootMerge {
  readonly node: FetchNode;
  readonly shape: MergeShape;
  /** Response names of the fetch's root fields. */
  readonly names: readonly string[];
  /** The same without aliases. */
  readonly fields: ReadonlySet<string>;
  /** True: some of them may be skipped, so that an empty answer is one. */
  readonly isConditional: boolean;
}

/** Compiles what is merged of a root fetch, also of the events of a subscription. */
export function compileRootMerge(node: FetchNode): RootMerge {
  const { operation, fragments } = parseFetch(node);
  const names = new Set<string>();
  const fields = new Set<string>();
  let isConditional = false;
  for (const selection of operation.selectionSet.selections) isConditional ||= (selection.directives?.length ?? 0) > 0;
  forEachField(operation.selectionSet, fragments, (field) => {
    names.add(responseNameOf(field));
    fields.add(field.name.value);
    isConditional ||= (field.directives?.length ?? 0) > 0;
  });
  const shape = compileMergeShape([operation.selectionSet], fragments, node.outputRewrites);
  return { node, shape, names: [...names], fields, isConditional };
}

/** Compiles a fetch from a root type: at the top of the answer, or below the payload of a mutation. */
export function compileRootFetch(node: FetchNode, parts: ExecutorParts): Step {
  const merging = compileRootMerge(node);
  const way = sendable(node, parts);
  const isAnswer = (answer: ExecutionResult): boolean => isRootAnswer(answer, merging);
  const takesLong = [...merging.fields].some((field) => parts.longFields?.has(field));
  return (run) => (isWanted(run, node) ? fetchRoot(run) : undefined);

  async function fetchRoot(run: Run): Promise<void> {
    const watched = run.context.fetchWatch?.begin(node);
    const variables = variablesOf(node, run);
    const places = (): ResponsePath[] => rootPlaces(run, merging);
    const answer = await send(run, way, {
      variables,
      variablesJson: undefined,
      representations: 0,
      watched,
      places,
      isAnswer,
      takesLong,
    });
    if (!answer) return;
    mergeRoot(run, answer, merging);
    watched?.merged();
  }
}

/** Makes an answer to a root fetch part of the run's answer. */
export function mergeRoot(run: Run, { data, errors }: ExecutionResult, { node, shape }: RootMerge): void {
  const { types } = run.parts;
  if (errors) takeRootErrors(run, node, errors);
  if (!isRawObject(data)) return;
  if (node.outputRewrites.length > 0) applyRewrites(data, node.outputRewrites, types);
  if (node.path.length === 0) {
    merge(run.data, data, shape, types, false);
    return;
  }
  const targets: RawObject[] = [];
  collectAt(run.data, node.path, 0, types, targets);
  for (const [index, target] of targets.entries()) merge(target, data, shape, types, index > 0);
}

/** The variables of the client's operation that a fetch forwards; undefined when there are none. */
export function variablesOf(node: FetchNode, { context }: Run): Record<string, unknown> | undefined {
  const { variableUsages } = node;
  if (variableUsages.length === 0) return undefined;
  const variables: Record<string, unknown> = {};
  for (let i = 0; i < variableUsages.length; i++) {
    const name = variableUsages[i] as string;
    const value = ownValue(context.variables, name);
    if (value !== undefined) variables[name] = value;
  }
  return variables;
}

/** A fetch below a payload is for the objects that are there. */
function isWanted(run: Run, { path }: FetchNode): boolean {
  if (path.length === 0) return true;
  const targets: RawObject[] = [];
  collectAt(run.data, path, 0, run.parts.types, targets);
  return targets.length > 0;
}

function isRootAnswer({ data, errors }: ExecutionResult, { names, isConditional }: RootMerge): boolean {
  if (errors !== undefined && errors.length > 0) return true;
  if (!isRawObject(data)) return false;
  return isConditional || names.some((name) => data[name] !== undefined);
}

function rootPlaces(run: Run, { node, names }: RootMerge): ResponsePath[] {
  const prefixes =
    node.path.length === 0 ? [[]] : placesAt(run.data, node.path, run.parts.types).map(({ path }) => path);
  return prefixes.flatMap((prefix) => names.map((name) => [...prefix, name]));
}
