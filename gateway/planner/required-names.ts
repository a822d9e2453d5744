import { type DocumentNode, type FieldNode, Kind, parse, print, stripIgnoredCharacters, visit } from 'graphql';
import type {
  EntityFetch,
  FetchNode,
  OperationPlan,
  PlanNode,
  PlanPath,
  RequiredSelection,
  Rewrite,
  RewriteSegment,
} from './plan.ts';
import type { Planner } from './planner.ts';
import { responseNameOf } from './selections.ts';

/**
 * Keeps apart what a client asks for and what `@requires` asks for under the same name with other arguments. Neither planner does so
 * reliably: one value overwrites the other, or is looked for where it is not. So the planner sees the client's field under another
 * name, and in its plan the client's gets its name back while the required one gets a name of its own.
 */
export function withOwnRequiredNames(planner: Planner, supergraphSdl: string): Planner {
  const names = fieldsRequiredWithArguments(supergraphSdl);
  if (names.size === 0) return planner;
  return {
    plan(operation) {
      const document = disguise(operation.document, names);
      if (!document) return planner.plan(operation);
      return restore(planner.plan({ ...operation, document }), names);
    },
  };
}

const CLIENT_PREFIX = 'c360_client_';
const REQUIRED_PREFIX = 'c360_required_';

/** Names of fields to which some `@requires` gives arguments. */
function fieldsRequiredWithArguments(supergraphSdl: string): ReadonlySet<string> {
  const names = new Set<string>();
  visit(parse(supergraphSdl, { noLocation: true }), {
    [Kind.DIRECTIVE]: {
      enter({ name, arguments: args }) {
        const required = args?.find((argument) => argument.name.value === 'requires')?.value;
        if (name.value !== 'join__field' || required?.kind !== Kind.STRING) return;
        visit(parse(`{ ${required.value} }`), {
          [Kind.FIELD]: {
            enter(field: FieldNode) {
              if (field.arguments?.length) names.add(field.name.value);
            },
          },
        });
      },
    },
  });
  return names;
}

/** The document with the client's fields under other names; undefined when none of them has a name in question. */
function disguise(document: DocumentNode, names: ReadonlySet<string>): DocumentNode | undefined {
  let isChanged = false;
  const disguised = visit(document, {
    [Kind.FIELD]: {
      enter(node: FieldNode) {
        if (!names.has(responseNameOf(node))) return undefined;
        isChanged = true;
        return { ...node, alias: { kind: Kind.NAME, value: CLIENT_PREFIX + responseNameOf(node) } };
      },
    },
  });
  return isChanged ? disguised : undefined;
}

function restore({ root, subscription }: OperationPlan, names: ReadonlySet<string>): OperationPlan {
  const rename = (name: string): string => {
    if (name.startsWith(CLIENT_PREFIX)) return name.slice(CLIENT_PREFIX.length);
    return names.has(name) ? REQUIRED_PREFIX + name : name;
  };
  return {
    root: root && restoreNode(root, rename),
    ...(subscription && { subscription: restoreFetch(subscription, rename) }),
  };
}

type Rename = (name: string) => string;

function restoreNode(node: PlanNode, rename: Rename): PlanNode {
  if (node.kind === 'fetch') return restoreFetch(node, rename);
  if (node.kind !== 'condition') return { ...node, nodes: node.nodes.map((child) => restoreNode(child, rename)) };
  const { variable, whenTrue, whenFalse } = node;
  return {
    kind: 'condition',
    variable,
    ...(whenTrue && { whenTrue: restoreNode(whenTrue, rename) }),
    ...(whenFalse && { whenFalse: restoreNode(whenFalse, rename) }),
  };
}

function restoreFetch(fetch: FetchNode, rename: Rename): FetchNode {
  const document = visit(parse(fetch.operation, { noLocation: true }), {
    [Kind.FIELD]: {
      enter(node: FieldNode) {
        const before = responseNameOf(node);
        const name = rename(before);
        if (name === before) return undefined;
        const { alias: _alias, ...rest } = node;
        return name === node.name.value ? rest : { ...node, alias: { kind: Kind.NAME, value: name } };
      },
    },
  });
  return {
    ...fetch,
    operation: stripIgnoredCharacters(print(document)),
    path: restorePath(fetch.path, rename),
    outputRewrites: fetch.outputRewrites.map((rewrite) => restoreRewrite(rewrite, rename)),
    ...(fetch.entities && { entities: fetch.entities.map((entity) => restoreEntity(entity, rename)) }),
  };
}

function restoreEntity(entity: EntityFetch, rename: Rename): EntityFetch {
  return {
    ...entity,
    paths: entity.paths.map((path) => restorePath(path, rename)),
    requires: entity.requires.map((selection) => restoreRequired(selection, rename)),
    outputRewrites: entity.outputRewrites.map((rewrite) => restoreRewrite(rewrite, rename)),
    contextRewrites: entity.contextRewrites.map((context) => ({
      ...context,
      path: context.path.map((segment) => restoreSegment(segment, rename)),
    })),
  };
}

function restorePath(path: PlanPath, rename: Rename): PlanPath {
  return path.map((segment) =>
    segment.kind === 'field' ? { ...segment, responseName: rename(segment.responseName) } : segment,
  );
}

function restoreRequired(selection: RequiredSelection, rename: Rename): RequiredSelection {
  const selections = selection.selections.map((one) => restoreRequired(one, rename));
  if (selection.kind === 'inline') return { ...selection, selections };
  return { ...selection, responseName: rename(selection.responseName), selections };
}

function restoreRewrite(rewrite: Rewrite, rename: Rename): Rewrite {
  const path = rewrite.path.map((segment) => restoreSegment(segment, rename));
  return rewrite.kind === 'rename' ? { ...rewrite, path, newName: rename(rewrite.newName) } : { ...rewrite, path };
}

function restoreSegment(segment: RewriteSegment, rename: Rename): RewriteSegment {
  return segment.kind === 'key' ? { ...segment, name: rename(segment.name) } : segment;
}
