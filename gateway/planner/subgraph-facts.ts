import {
  type ConstDirectiveNode,
  type DefinitionNode,
  type DocumentNode,
  type FieldDefinitionNode,
  Kind,
  parseType,
  print,
  type TypeNode,
} from 'graphql';

/** What a supergraph's SDL says about who resolves what. Subgraphs are named as in plans. */
export interface SubgraphFacts {
  /** Name of the root type. */
  rootType(kind: 'query' | 'mutation' | 'subscription'): string;
  /** Name of the type that the field has in this subgraph; undefined when the supergraph has no such field. */
  fieldType(subgraph: string, typename: string, field: string): string | undefined;
  /** True when the subgraph resolves the field on every object of this type by itself, given nothing but the object. */
  resolvesAlone(subgraph: string, typename: string, field: string): boolean;
  /** True when in this subgraph an object of this type may stand where `declared` is declared. */
  mayStandFor(subgraph: string, declared: string, typename: string): boolean;
  /** True for an object type, in the supergraph and for this subgraph: neither abstract nor `@interfaceObject`. */
  isObject(subgraph: string, typename: string): boolean;
}

/** Reads the facts off the `@join__` directives. */
export function readSubgraphFacts({ definitions }: DocumentNode): SubgraphFacts {
  const graphs = graphNames(definitions);
  const types = new Map<string, TypeFacts>();
  const rootTypes = new Map<string, string>();
  for (const definition of definitions) {
    if (definition.kind === Kind.SCHEMA_DEFINITION) {
      for (const { operation, type } of definition.operationTypes) rootTypes.set(operation, type.name.value);
    }
    const facts = typeFacts(definition, graphs);
    if (facts) types.set(facts.name, facts);
  }
  const joinOf = (subgraph: string, typename: string, field: string): FieldJoin | undefined =>
    types.get(typename)?.fields.get(field)?.joins.get(subgraph);
  return {
    rootType: (kind) => rootTypes.get(kind) ?? `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`,
    fieldType: (subgraph, typename, field) =>
      joinOf(subgraph, typename, field)?.type ?? types.get(typename)?.fields.get(field)?.type,
    resolvesAlone: (subgraph, typename, field) => joinOf(subgraph, typename, field)?.isAlone ?? false,
    mayStandFor: (subgraph, declared, typename) =>
      declared === typename ||
      types.get(typename)?.interfaces.has(`${subgraph}\n${declared}`) === true ||
      types.get(declared)?.members.has(`${subgraph}\n${typename}`) === true,
    isObject: (subgraph, typename) => types.get(typename)?.objectIn.has(subgraph) === true,
  };
}

interface TypeFacts {
  readonly name: string;
  readonly fields: ReadonlyMap<string, { readonly type: string; readonly joins: ReadonlyMap<string, FieldJoin> }>;
  /** `subgraph\ninterface`. */
  readonly interfaces: ReadonlySet<string>;
  /** `subgraph\nmember`. */
  readonly members: ReadonlySet<string>;
  /** Subgraphs in which it is an object type as it is in the supergraph. */
  readonly objectIn: ReadonlySet<string>;
}

interface FieldJoin {
  readonly type: string | undefined;
  readonly isAlone: boolean;
}

function typeFacts(definition: DefinitionNode, graphs: ReadonlyMap<string, string>): TypeFacts | undefined {
  const isObject = definition.kind === Kind.OBJECT_TYPE_DEFINITION;
  const isAbstract =
    definition.kind === Kind.INTERFACE_TYPE_DEFINITION || definition.kind === Kind.UNION_TYPE_DEFINITION;
  if (!isObject && !isAbstract) return undefined;
  const name = definition.name.value;
  const joins = argumentsOf(definition.directives, 'join__type');
  const owners = joins.map((join) => graphOf(join, graphs));
  const fields = new Map<string, { type: string; joins: ReadonlyMap<string, FieldJoin> }>();
  for (const field of definition.kind === Kind.UNION_TYPE_DEFINITION ? [] : (definition.fields ?? [])) {
    fields.set(field.name.value, { type: namedType(field.type), joins: fieldJoins(field, owners, graphs) });
  }
  const pairs = (directive: string, argument: string): Set<string> =>
    new Set(
      argumentsOf(definition.directives, directive).map(
        (join) => `${graphOf(join, graphs)}\n${join.get(argument) ?? ''}`,
      ),
    );
  const interfaceObjects = joins.filter((join) => join.get('isInterfaceObject') === 'true');
  const objectIn = new Set(isObject ? owners : []);
  for (const join of interfaceObjects) objectIn.delete(graphOf(join, graphs));
  return {
    name,
    fields,
    interfaces: pairs('join__implements', 'interface'),
    members: pairs('join__unionMember', 'member'),
    objectIn,
  };
}

/** A field without any `@join__field` belongs to every subgraph of its type. */
function fieldJoins(
  field: FieldDefinitionNode,
  owners: readonly string[],
  graphs: ReadonlyMap<string, string>,
): ReadonlyMap<string, FieldJoin> {
  const joins = argumentsOf(field.directives, 'join__field');
  if (joins.length === 0) return new Map(owners.map((owner) => [owner, { type: undefined, isAlone: true }]));
  return new Map(
    joins
      .filter((join) => join.has('graph'))
      .map((join) => {
        const isAlone = !NOT_ALONE.some((argument) => (join.get(argument) ?? 'false') !== 'false');
        const type = join.get('type');
        return [graphOf(join, graphs), { type: type && namedType(parseType(type)), isAlone }];
      }),
  );
}

/** What of `@join__field` says that the subgraph needs help with the field, or does not serve it always. */
const NOT_ALONE = ['external', 'requires', 'usedOverridden', 'overrideLabel', 'contextArguments'];

function graphNames(definitions: readonly DefinitionNode[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const definition of definitions) {
    if (definition.kind !== Kind.ENUM_TYPE_DEFINITION || definition.name.value !== 'join__Graph') continue;
    for (const value of definition.values ?? []) {
      const name = argumentsOf(value.directives, 'join__graph')[0]?.get('name');
      names.set(value.name.value, name ?? value.name.value);
    }
  }
  return names;
}

function graphOf(join: ReadonlyMap<string, string>, graphs: ReadonlyMap<string, string>): string {
  const graph = join.get('graph') ?? '';
  return graphs.get(graph) ?? graph;
}

/** The arguments of each directive with this name: strings without quotes, everything else as it is written. */
function argumentsOf(
  directives: readonly ConstDirectiveNode[] | undefined,
  name: string,
): ReadonlyMap<string, string>[] {
  return (directives ?? [])
    .filter((directive) => directive.name.value === name)
    .map(
      (directive) =>
        new Map(
          (directive.arguments ?? []).map((argument) => [
            argument.name.value,
            argument.value.kind === Kind.STRING ? argument.value.value : print(argument.value),
          ]),
        ),
    );
}

function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type);
}
