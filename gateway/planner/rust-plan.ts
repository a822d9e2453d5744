import type * as rust from '@graphql-hive/router-query-planner';
import { stripIgnoredCharacters } from 'graphql';
import type {
  EntityFetch,
  FetchNode,
  OperationPlan,
  PlanNode,
  PlanPath,
  PlanPathSegment,
  RequiredSelection,
  Rewrite,
  RewriteSegment,
} from './plan.ts';
import { renameRepresentations } from './representations-variable.ts';
import { UnknownPlan } from './unknown-plan.ts';

/** Takes a plan of the Rust planner for one that the executor runs. Throws UnknownPlan. */
export function fromRustPlan(plan: rust.QueryPlan): OperationPlan {
  const { node } = plan;
  if (!node) return { root: undefined };
  const [first, ...rest] = node.kind === 'Sequence' ? node.nodes : [node];
  if (first?.kind !== 'Subscription') return { root: toNode(node, []) };
  const root = inSequence(rest.map((child) => toNode(child, [])));
  return { subscription: toFetch({ ...first.primary, kind: 'Fetch' }, []), root };
}

/** `path` is where a surrounding Flatten stands. What is null in JSON is undefined here. */
function toNode(node: rust.PlanNode, path: PlanPath): PlanNode {
  switch (node.kind) {
    case 'Fetch':
      return toFetch(node, path);
    case 'BatchFetch':
      return toBatchFetch(node);
    case 'Flatten':
      return toNode(node.node, [...path, ...node.path.map(toPathSegment)]);
    case 'Sequence':
      return { kind: 'sequence', nodes: node.nodes.map((child) => toNode(child, path)) };
    case 'Parallel':
      return { kind: 'parallel', nodes: node.nodes.map((child) => toNode(child, path)) };
    case 'Condition':
      return {
        kind: 'condition',
        variable: node.condition,
        ...(node.ifClause && { whenTrue: toNode(node.ifClause, path) }),
        ...(node.elseClause && { whenFalse: toNode(node.elseClause, path) }),
      };
    default:
      throw new UnknownPlan(`an unknown node \`${node.kind}\``);
  }
}

function inSequence(nodes: readonly PlanNode[]): PlanNode | undefined {
  return nodes.length > 1 ? { kind: 'sequence', nodes } : nodes[0];
}

const REPRESENTATIONS = 'representations';

function toFetch(node: rust.FetchNode, path: PlanPath): FetchNode {
  const common = commonOf(node);
  if (!node.requires?.length) {
    return {
      ...common,
      operation: stripIgnoredCharacters(node.operation),
      path,
      outputRewrites: toRewrites(node.outputRewrites),
    };
  }
  const { operation, variable } = renameRepresentations(node.operation, REPRESENTATIONS, common.variableUsages);
  const entities: EntityFetch = {
    responseName: '_entities',
    representationsVariable: variable,
    paths: [path],
    requires: node.requires.map(toRequired),
    inputRewrites: toRewrites(node.inputRewrites),
    outputRewrites: toRewrites(node.outputRewrites).map(belowEntities),
    contextRewrites: [],
  };
  return { ...common, operation, entities: [entities], path: [], outputRewrites: [] };
}

/** One request with several `_entities` fields, each for one or more places. */
function toBatchFetch(node: rust.BatchFetchNode): FetchNode {
  // Batching, the planner takes a client's variable of this name for one of its own and drops it.
  const isUsed = /\$representations\b/.test(node.operation);
  if (isUsed && !/\$representations\s*:/.test(node.operation)) throw new UnknownPlan('a variable that is not defined');
  return {
    ...commonOf(node),
    operation: stripIgnoredCharacters(node.operation),
    path: [],
    outputRewrites: [],
    entities: node.entityBatch.aliases.map((alias) => ({
      responseName: alias.alias,
      representationsVariable: alias.representationsVariableName,
      paths: alias.paths.map((path) => path.map(toPathSegment)),
      requires: alias.requires.map(toRequired),
      inputRewrites: toRewrites(alias.inputRewrites),
      outputRewrites: toRewrites(alias.outputRewrites).map(belowEntities),
      contextRewrites: [],
    })),
  };
}

function commonOf(node: rust.FetchNode | rust.BatchFetchNode) {
  return {
    kind: 'fetch' as const,
    subgraph: node.serviceName,
    operationKind: node.operationKind ?? 'query',
    ...(node.operationName && { operationName: node.operationName }),
    variableUsages: node.variableUsages ?? [],
  };
}

function toPathSegment(segment: rust.FlattenNodePathSegment): PlanPathSegment {
  if (segment === '@') return { kind: 'items' };
  if ('Field' in segment) return { kind: 'field', responseName: segment.Field };
  if ('TypeCondition' in segment) return { kind: 'types', typenames: segment.TypeCondition };
  throw new UnknownPlan('an unknown kind of path segment');
}

/** `name` is what the answer so far holds the value under; the subgraph knows it as `alias`, if there is one. */
function toRequired(selection: rust.RequiresSelection): RequiredSelection {
  switch (selection.kind) {
    case 'Field':
      return {
        kind: 'field',
        name: selection.alias ?? selection.name,
        responseName: selection.name,
        selections: (selection.selections ?? []).map(toRequired),
      };
    case 'InlineFragment':
      if (selection.skipIf || selection.includeIf) throw new UnknownPlan('a requirement with a condition');
      return {
        kind: 'inline',
        typename: selection.typeCondition,
        selections: selection.selections.map(toRequired),
      };
    default:
      throw new UnknownPlan('a fragment in a requirement');
  }
}

function toRewrites(rewrites: readonly rust.FetchRewrite[] | null | undefined): Rewrite[] {
  return (rewrites ?? []).map((rewrite) => {
    if ('KeyRenamer' in rewrite) {
      const { path, renameKeyTo } = rewrite.KeyRenamer;
      return { kind: 'rename', path: path.map(toRewriteSegment), newName: renameKeyTo };
    }
    const { path, setValueTo } = 'ValueSetter' in rewrite ? rewrite.ValueSetter : rewrite;
    return { kind: 'set', path: path.map(toRewriteSegment), value: setValueTo };
  });
}

function toRewriteSegment(segment: rust.FetchNodePathSegment): RewriteSegment {
  return 'Key' in segment ? { kind: 'key', name: segment.Key } : { kind: 'types', typenames: segment.TypenameEquals };
}

/** The planner's paths begin at the data of the fetch, ours at each entity. */
function belowEntities(rewrite: Rewrite): Rewrite {
  const [first] = rewrite.path;
  if (first?.kind !== 'key' || first.name !== '_entities') return rewrite;
  return { ...rewrite, path: rewrite.path.slice(1) };
}
