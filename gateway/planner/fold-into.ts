import {
  type FieldNode,
  Kind,
  type OperationDefinitionNode,
  print,
  type SelectionNode,
  type SelectionSetNode,
  stripIgnoredCharacters,
  type VariableDefinitionNode,
  visit,
} from 'graphql';
import type { ParsedFetches } from './parsed-fetch.ts';
import type { EntityFetch, FetchNode, PlanPath, RequiredSelection } from './plan.ts';
import { argumentsText, fieldsNamed, isMergeable, type Placed, responseNameOf } from './selections.ts';
import type { SubgraphFacts } from './subgraph-facts.ts';
import { namesOf, writes } from './writes.ts';

/** A pair that may be one fetch. */
export interface FoldingPair {
  /** The earlier fetch. */
  readonly target: FetchNode;
  /** The later fetch to the same subgraph, and the part of it that is folded: one entity field for one place. */
  readonly fetch: FetchNode;
  readonly entity: EntityFetch;
  readonly path: PlanPath;
  /** All other fetches of the plan. */
  readonly others: readonly FetchNode[];
  readonly facts: SubgraphFacts;
  readonly parsed: ParsedFetches;
}

/**
 * The earlier fetch with the later one's fields; undefined when it cannot be shown that the answer stays the same. It does when
 *
 * 1. every object that the later fetch is about is brought by the earlier one, and by no other fetch;
 * 2. the earlier one selects there what the later one's representations are made of;
 * 3. the subgraph resolves each folded field by itself on every object of the type: not external, without `@requires`, not
 *    overridden, no `@interfaceObject`, nothing rewritten on the way;
 * 4. the fields fit into the selection: no response name gets two meanings.
 */
export function foldInto(pair: FoldingPair): FetchNode | undefined {
  const { target, fetch, entity, parsed } = pair;
  if (!isPlain(entity) || target.outputRewrites.length > 0) return undefined;
  const hidden = new Set(target.entities?.map((one) => one.representationsVariable));
  if (fetch.variableUsages.some((variable) => hidden.has(variable))) return undefined;
  const place = placeOf(pair);
  if (!place || pair.others.some((other) => writes(other, namesOf(pair.path), parsed))) return undefined;
  const fields = foldableFields(pair);
  if (!fields) return undefined;
  const additions = new Map<FieldNode, readonly SelectionNode[]>();
  for (const { node, type } of place) {
    if (!node.selectionSet || type === undefined) return undefined;
    const added: SelectionNode[] = [];
    for (const part of fields) {
      if (!pair.facts.mayStandFor(fetch.subgraph, type, part.typename)) continue;
      if (!selectsAll(node.selectionSet, part, type)) return undefined;
      added.push(...(type === part.typename ? part.selections : [onType(part.typename, part.selections)]));
    }
    if (!isMergeable(node.selectionSet.selections, added)) return undefined;
    if (added.length > 0) additions.set(node, added);
  }
  return additions.size === 0 ? undefined : withAdditions(pair, additions);
}

function isPlain({ inputRewrites, outputRewrites, contextRewrites }: EntityFetch): boolean {
  return inputRewrites.length === 0 && outputRewrites.length === 0 && contextRewrites.length === 0;
}

/** Fields of the earlier fetch where the later one's objects come from; undefined when they are not clearly there. */
function placeOf({ target, entity, path, facts, parsed }: FoldingPair): Placed[] | undefined {
  const { selectionSet } = parsed.operationOf(target);
  if (!target.entities) {
    const rest = restOf(path, target.path);
    const type = facts.rootType(target.operationKind);
    return rest && descend([{ selectionSet, type }], rest, target.subgraph, facts);
  }
  const holding = target.entities.flatMap((one) => {
    const rest = one.paths.map((base) => restOf(path, base)).find((found) => found !== undefined);
    return rest ? [{ one, rest }] : [];
  });
  const [only, second] = holding;
  if (!only || second || only.one.outputRewrites.length > 0) return undefined;
  // What is asked for one place of a shared field is asked for all of them: they must all want it.
  const wanted = new Set(entity.paths.map(keyOf));
  if (!only.one.paths.every((base) => wanted.has(keyOf([...base, ...only.rest])))) return undefined;
  const entities = selectionSet.selections.find(
    (node): node is FieldNode => node.kind === Kind.FIELD && responseNameOf(node) === only.one.responseName,
  );
  const start = entities?.selectionSet;
  return start && descend([{ selectionSet: start, type: '_Entity' }], only.rest, target.subgraph, facts);
}

/** What follows `base`; undefined when nothing does or the path goes elsewhere. */
function restOf(path: PlanPath, base: PlanPath): PlanPath | undefined {
  const begins = base.length < path.length && keyOf(path.slice(0, base.length)) === keyOf(base);
  return begins ? path.slice(base.length) : undefined;
}

function keyOf(path: PlanPath): string {
  return JSON.stringify(path);
}

type Level = readonly { readonly selectionSet: SelectionSetNode; readonly type: string }[];

function descend(start: Level, rest: PlanPath, subgraph: string, facts: SubgraphFacts): Placed[] | undefined {
  let level = start;
  let found: Placed[] = [];
  let only: readonly string[] | undefined;
  for (const segment of rest) {
    if (segment.kind === 'items') continue;
    if (segment.kind === 'types') {
      only = segment.typenames;
      continue;
    }
    found = level
      .flatMap(({ selectionSet, type }) =>
        fieldsNamed(selectionSet, segment.responseName, type).filter(({ within }) => !only || only.includes(within)),
      )
      .map(({ node, within }) => ({ node, within, type: facts.fieldType(subgraph, within, node.name.value) }));
    if (found.length === 0) return undefined;
    level = found.flatMap(({ node, type }) =>
      node.selectionSet && type !== undefined ? [{ selectionSet: node.selectionSet, type }] : [],
    );
    only = undefined;
  }
  return found.length > 0 ? found : undefined;
}

/** What one type's objects are asked for. */
interface FoldablePart {
  readonly typename: string;
  readonly selections: readonly SelectionNode[];
  readonly required: readonly RequiredSelection[];
}

/** The later fetch's fields by type, if the subgraph resolves each of them by itself. */
function foldableFields({ fetch, entity, facts, parsed }: FoldingPair): FoldablePart[] | undefined {
  const field = parsed
    .operationOf(fetch)
    .selectionSet.selections.find(
      (node): node is FieldNode => node.kind === Kind.FIELD && responseNameOf(node) === entity.responseName,
    );
  const parts: FoldablePart[] = [];
  for (const node of field?.selectionSet?.selections ?? []) {
    if (node.kind === Kind.FIELD && node.name.value === '__typename') continue;
    if (node.kind !== Kind.INLINE_FRAGMENT || !node.typeCondition || node.directives?.length) return undefined;
    const typename = node.typeCondition.name.value;
    const required = entity.requires.filter((one) => one.kind === 'inline' && one.typename === typename);
    const [only, second] = required;
    if (!only || second || !facts.isObject(fetch.subgraph, typename)) return undefined;
    const { selections } = node.selectionSet;
    if (!areResolvedAlone(selections, typename, fetch.subgraph, facts)) return undefined;
    parts.push({ typename, selections, required: only.selections });
  }
  return parts.length === entity.requires.length ? parts : undefined;
}

function areResolvedAlone(
  selections: readonly SelectionNode[],
  typename: string,
  subgraph: string,
  facts: SubgraphFacts,
): boolean {
  return selections.every((node) => {
    if (node.kind === Kind.FIELD) {
      return node.name.value === '__typename' || facts.resolvesAlone(subgraph, typename, node.name.value);
    }
    if (node.kind !== Kind.INLINE_FRAGMENT) return false;
    if (node.typeCondition && node.typeCondition.name.value !== typename) return false;
    return areResolvedAlone(node.selectionSet.selections, typename, subgraph, facts);
  });
}

/** True when the earlier fetch surely selects on these objects what the representations are made of: plain fields only. */
function selectsAll(selectionSet: SelectionSetNode, { typename, required }: FoldablePart, declared: string): boolean {
  const selected = new Set<string>();
  const note = ({ selections }: SelectionSetNode): void => {
    for (const node of selections) {
      if (node.directives?.length) continue;
      if (node.kind === Kind.FIELD && argumentsText(node) === '')
        selected.add(`${responseNameOf(node)}:${node.name.value}`);
      if (node.kind !== Kind.INLINE_FRAGMENT) continue;
      const condition = node.typeCondition?.name.value ?? declared;
      if (condition === declared || condition === typename) note(node.selectionSet);
    }
  };
  note(selectionSet);
  return required.every(
    (one) => one.kind === 'field' && one.selections.length === 0 && selected.has(`${one.responseName}:${one.name}`),
  );
}

function onType(typename: string, selections: readonly SelectionNode[]): SelectionNode {
  return {
    kind: Kind.INLINE_FRAGMENT,
    typeCondition: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: typename } },
    selectionSet: { kind: Kind.SELECTION_SET, selections },
  };
}

function withAdditions(pair: FoldingPair, additions: ReadonlyMap<FieldNode, readonly SelectionNode[]>): FetchNode {
  const { target, fetch, parsed } = pair;
  const widened: OperationDefinitionNode = visit(parsed.operationOf(target), {
    Field: {
      enter(node) {
        const added = additions.get(node);
        if (!added || !node.selectionSet) return undefined;
        const selections = [...node.selectionSet.selections, ...added];
        return { ...node, selectionSet: { ...node.selectionSet, selections } };
      },
    },
  });
  const operation = { ...widened, variableDefinitions: variablesOf(pair, widened) };
  return {
    ...target,
    operation: stripIgnoredCharacters(print(operation)),
    variableUsages: [...new Set([...target.variableUsages, ...fetch.variableUsages])],
  };
}

/** The client's variables of both; those for the later fetch's representations are not needed any more. */
function variablesOf({ fetch, parsed }: FoldingPair, widened: OperationDefinitionNode): VariableDefinitionNode[] {
  const own = widened.variableDefinitions ?? [];
  const names = new Set(own.map(({ variable }) => variable.name.value));
  const added = (parsed.operationOf(fetch).variableDefinitions ?? []).filter(
    ({ variable }) => fetch.variableUsages.includes(variable.name.value) && !names.has(variable.name.value),
  );
  return [...own, ...added];
}
