import { GraphQLError } from 'graphql';
import type { FetchNode, PlanPath, Rewrite } from '../planner/plan.ts';
import type { RawObject } from './raw-object.ts';
import type { Run } from './run.ts';
import { pathToFirstList, placesAt, type ResponsePath } from './walk.ts';

/** An error as a subgraph tells it: over HTTP it is no instance of GraphQLError. */
type SubgraphError = Pick<GraphQLError, 'message'> &
  Partial<Pick<GraphQLError, 'path' | 'extensions' | 'originalError'>>;

/** Takes over the errors of a root fetch, with the paths that clients know. */
export function takeRootErrors(run: Run, node: FetchNode, errors: readonly SubgraphError[]): void {
  const prefixes =
    node.path.length === 0 ? [[]] : placesAt(run.data, node.path, run.parts.types).map(({ path }) => path);
  for (const error of errors) {
    const path = renamed(error.path ?? [], node.outputRewrites);
    run.fail(
      taken(error, node.subgraph),
      path.length === 0 ? placesWithoutPath(node.path) : prefixes.map((prefix) => [...prefix, ...path]),
    );
  }
}

/** Entities of one `_entities` field: which object of the answer has which place in the list. */
export interface EntityPlaces {
  readonly responseName: string;
  readonly paths: readonly PlanPath[];
  readonly outputRewrites: readonly Rewrite[];
  readonly targets: readonly RawObject[];
  readonly slots: readonly number[];
}

/** Takes over the errors of an entity fetch: `_entities/3/x` becomes the path of each object that the fourth entity stands for. */
export function takeEntityErrors(
  run: Run,
  node: FetchNode,
  entities: readonly EntityPlaces[],
  errors: readonly SubgraphError[],
): void {
  const located = new Map<EntityPlaces, ReadonlyMap<number, ResponsePath[]>>();
  for (const error of errors) {
    const [name, slot, ...rest] = error.path ?? [];
    const entity = entities.find(({ responseName }) => responseName === name);
    let paths: readonly ResponsePath[] = [];
    if (entity && typeof slot === 'number') {
      const bySlot = located.get(entity) ?? pathsBySlot(run, entity);
      located.set(entity, bySlot);
      const path = renamed(rest, entity.outputRewrites);
      paths = (bySlot.get(slot) ?? []).map((prefix) => [...prefix, ...path]);
    }
    run.fail(taken(error, node.subgraph), paths.length > 0 ? paths : entityPlaces(entity ? [entity] : entities));
  }
}

/** Where an answer lacks something when a fetch of entities fails: once for each path, however many objects are there. */
export function entityPlaces(entities: readonly Pick<EntityPlaces, 'paths'>[]): ResponsePath[] {
  const places = new Map<string, ResponsePath>();
  for (const { paths } of entities) {
    for (const path of paths) {
      const names = pathToFirstList(path);
      places.set(names.join('.'), names);
    }
  }
  return [...places.values()];
}

function placesWithoutPath(path: PlanPath): ResponsePath[] {
  return path.length === 0 ? [] : [pathToFirstList(path)];
}

function pathsBySlot(run: Run, { paths, targets, slots }: EntityPlaces): ReadonlyMap<number, ResponsePath[]> {
  const slotOf = new Map(targets.map((target, index) => [target, slots[index]]));
  const bySlot = new Map<number, ResponsePath[]>();
  for (const planPath of paths) {
    for (const { object, path } of placesAt(run.data, planPath, run.parts.types)) {
      const slot = slotOf.get(object);
      if (slot === undefined) continue;
      const known = bySlot.get(slot);
      if (known) known.push(path);
      else bySlot.set(slot, [path]);
    }
  }
  return bySlot;
}

/** A planner may give a field another name on its way to the subgraph. */
function renamed(path: ResponsePath, rewrites: readonly Rewrite[]): ResponsePath {
  let result = path;
  for (const rewrite of rewrites) {
    if (rewrite.kind !== 'rename') continue;
    const keys = rewrite.path.flatMap((segment) => (segment.kind === 'key' ? [segment.name] : []));
    const names = result.flatMap((segment, index) => (typeof segment === 'string' ? [{ segment, index }] : []));
    const last = names[keys.length - 1];
    if (!last || !keys.every((key, index) => names[index]?.segment === key)) continue;
    result = result.with(last.index, rewrite.newName);
  }
  return result;
}

function taken(error: SubgraphError, subgraph: string): GraphQLError {
  const original = error instanceof Error ? error : undefined;
  return new GraphQLError(String(error.message), {
    ...(original && { originalError: original }),
    extensions: { ...error.extensions, subgraph },
  });
}
