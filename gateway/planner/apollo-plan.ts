import type * as apollo from '@apollo/query-planner';
import { Kind, parse, print, stripIgnoredCharacters, visit } from 'graphql';
import type {
  ContextRewrite,
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

/** A plan of Apollo's planner as ours. `renamed` is what a client's variable `representations` was planned as. */
export function fromApolloPlan({ node }: apollo.QueryPlan, renamed: string | undefined): OperationPlan {
  const translation = new Translation(renamed);
  if (node?.kind !== 'Subscription') return { root: node && translation.node(node, []) };
  const subscription = translation.fetch(node.primary, []);
  return { root: node.rest && translation.node(node.rest, []), subscription };
}

const REPRESENTATIONS = 'representations';
/** What stands before the name in a type condition of a path. */
const TYPE_CONDITION = '... on ';

class Translation {
  readonly #renamed: string | undefined;

  constructor(renamed: string | undefined) {
    this.#renamed = renamed;
  }

  node(node: apollo.PlanNode, path: PlanPath): PlanNode {
    switch (node.kind) {
      case 'Sequence':
        return { kind: 'sequence', nodes: node.nodes.map((child) => this.node(child, path)) };
      case 'Parallel':
        return { kind: 'parallel', nodes: node.nodes.map((child) => this.node(child, path)) };
      case 'Flatten':
        return this.node(node.node, [...path, ...node.path.flatMap(pathSegments)]);
      case 'Condition':
        return {
          kind: 'condition',
          variable: this.#clientName(node.condition),
          ...(node.ifClause && { whenTrue: this.node(node.ifClause, path) }),
          ...(node.elseClause && { whenFalse: this.node(node.elseClause, path) }),
        };
      case 'Fetch':
        return this.fetch(node, path);
      default:
        throw new Error('`@defer` is not supported.');
    }
  }

  fetch(fetch: apollo.FetchNode, path: PlanPath): FetchNode {
    const representationsVariable = this.#renamed ?? REPRESENTATIONS;
    const outputRewrites = (fetch.outputRewrites ?? []).map(rewriteOf);
    const entities: EntityFetch[] | undefined = fetch.requires && [
      {
        responseName: '_entities',
        representationsVariable,
        paths: [path],
        requires: fetch.requires.map(requiredOf),
        inputRewrites: (fetch.inputRewrites ?? []).map(rewriteOf),
        outputRewrites,
        contextRewrites: (fetch.contextRewrites ?? []).map(contextRewriteOf),
      },
    ];
    return {
      kind: 'fetch',
      subgraph: fetch.serviceName,
      operationKind: fetch.operationKind,
      operation: this.#operation(fetch.operation),
      ...(fetch.operationName !== undefined && { operationName: fetch.operationName }),
      variableUsages: (fetch.variableUsages ?? [])
        .map((name) => this.#clientName(name))
        .filter((name) => !fetch.contextRewrites?.some(({ renameKeyTo }) => renameKeyTo === name)),
      ...(entities && { entities }),
      path: entities ? [] : path,
      outputRewrites: entities ? [] : outputRewrites,
    };
  }

  /** The client's variable gets its name back, and the planner's the one that nobody has. */
  #operation(operation: string): string {
    const renamed = this.#renamed;
    if (renamed === undefined) return stripIgnoredCharacters(operation);
    const names = new Map([
      [renamed, REPRESENTATIONS],
      [REPRESENTATIONS, renamed],
    ]);
    const document = visit(parse(operation), {
      Variable(node) {
        const name = names.get(node.name.value);
        return name === undefined ? undefined : { ...node, name: { kind: Kind.NAME, value: name } };
      },
    });
    return stripIgnoredCharacters(print(document));
  }

  #clientName(name: string): string {
    return name === this.#renamed ? REPRESENTATIONS : name;
  }
}

/** A response name, `@` for every item, and `|[A,B]` at the end for the objects of some types. */
function pathSegments(element: string | number): PlanPathSegment[] {
  const text = String(element);
  if (text === '@') return [{ kind: 'items' }];
  const [name = '', types] = text.split('|[');
  const field: PlanPathSegment[] =
    name === '' ? [] : name === '@' ? [{ kind: 'items' }] : [{ kind: 'field', responseName: name }];
  if (types === undefined) return field;
  return [...field, { kind: 'types', typenames: types.replace(']', '').split(',') }];
}

function requiredOf(selection: apollo.QueryPlanSelectionNode): RequiredSelection {
  const selections = (selection.selections ?? []).map(requiredOf);
  if (selection.kind === 'InlineFragment') return { kind: 'inline', typename: selection.typeCondition, selections };
  return { kind: 'field', name: selection.name, responseName: selection.alias ?? selection.name, selections };
}

function rewriteOf(rewrite: apollo.FetchDataRewrite): Rewrite {
  const path = rewrite.path.map(rewriteSegment);
  return rewrite.kind === 'ValueSetter'
    ? { kind: 'set', path, value: rewrite.setValueTo }
    : { kind: 'rename', path, newName: rewrite.renameKeyTo };
}

function contextRewriteOf({ path, renameKeyTo }: apollo.FetchDataKeyRenamer): ContextRewrite {
  const up = path.filter((element) => element === '..').length;
  return { up, path: path.slice(up).map(rewriteSegment), variable: renameKeyTo };
}

function rewriteSegment(element: string): RewriteSegment {
  return element.startsWith(TYPE_CONDITION)
    ? { kind: 'types', typenames: [element.slice(TYPE_CONDITION.length)] }
    : { kind: 'key', name: element };
}
