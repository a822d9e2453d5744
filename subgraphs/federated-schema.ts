import {
  buildASTSchema,
  type DefinitionNode,
  type DocumentNode,
  type GraphQLSchema,
  isObjectType,
  isScalarType,
  Kind,
  type ObjectTypeDefinitionNode,
  type ObjectTypeExtensionNode,
  parse,
} from 'graphql';
import { CodedError } from '../schema/errors.ts';
import { SCALARS } from '../schema/scalars.ts';

type ObjectNode = ObjectTypeDefinitionNode | ObjectTypeExtensionNode;
type Reference = Readonly<Record<string, unknown>> & { readonly __typename: string };

/** Gives the entity that a representation names, or a promise of it; null where there is none. */
export type ResolveReference = (reference: Reference, context: unknown, info: unknown) => unknown;

const MACHINERY = `
scalar _Any
type _Service { sdl: String }
extend type Query {
  _entities(representations: [_Any!]!): [_Entity]!
  _service: _Service!
}
`;

/**
 * Makes the schema of a subgraph executable by graphql-js, with `_service` and `_entities`. `references` is by name of type, and
 * is read when an entity is asked for.
 *
 * The SDL is trusted: it is one of this package, which composition validates in full whenever the supergraph is generated and
 * whenever the tests run. To validate it again cost every start a second.
 */
export function buildFederatedSchema(sdl: string, references: ReadonlyMap<string, ResolveReference>): GraphQLSchema {
  const document = mergeExtensions(parse(`${sdl}${MACHINERY}`, { noLocation: true }));
  const entities = document.definitions.flatMap((definition) =>
    isObject(definition) && definition.directives?.some(({ name }) => name.value === 'key')
      ? [definition.name.value]
      : [],
  );
  const union = parse(`union _Entity = ${entities.join(' | ')}`, { noLocation: true });
  const definitions = [...document.definitions, ...union.definitions];
  const schema = buildASTSchema({ kind: Kind.DOCUMENT, definitions }, { assumeValid: true, assumeValidSDL: true });
  serveScalars(schema);
  const fields = schema.getQueryType()?.getFields();
  if (fields?.['_service']) fields['_service'].resolve = () => ({ sdl });
  if (fields?.['_entities']) {
    fields['_entities'].resolve = (_source, { representations }, context, info) => {
      const asked = representations as readonly unknown[];
      return asked.map(checkedReference(schema)).map((reference) => entityOf(reference, references, context, info));
    };
  }
  return schema;
}

/** graphql-js takes no extension of a type that the same document does not define: one definition is made of each type. */
function mergeExtensions(document: DocumentNode): DocumentNode {
  const objects = new Map<string, ObjectNode[]>();
  const others: DefinitionNode[] = [];
  for (const definition of document.definitions) {
    if (definition.kind === Kind.SCHEMA_EXTENSION) continue;
    if (!isObject(definition)) {
      others.push(definition);
      continue;
    }
    const name = definition.name.value;
    objects.set(name, [...(objects.get(name) ?? []), definition]);
  }
  const merged = [...objects.values()].map(mergedObject);
  return { kind: Kind.DOCUMENT, definitions: [...others, ...merged] };
}

function mergedObject(nodes: readonly ObjectNode[]): ObjectTypeDefinitionNode {
  const [first] = nodes;
  if (!first) throw new Error('A type has at least one definition.');
  const described = nodes.find((node) => node.kind === Kind.OBJECT_TYPE_DEFINITION && node.description);
  return {
    ...(described as ObjectTypeDefinitionNode | undefined),
    kind: Kind.OBJECT_TYPE_DEFINITION,
    name: first.name,
    interfaces: nodes.flatMap(({ interfaces }) => interfaces ?? []),
    directives: nodes.flatMap(({ directives }) => directives ?? []),
    fields: nodes.flatMap(({ fields }) => fields ?? []),
  };
}

function isObject(definition: DefinitionNode): definition is ObjectNode {
  return definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.OBJECT_TYPE_EXTENSION;
}

function serveScalars(schema: GraphQLSchema): void {
  for (const [name, { serialize, parseValue, parseLiteral }] of Object.entries(SCALARS)) {
    const type = schema.getType(name);
    if (isScalarType(type)) Object.assign(type, { serialize, parseValue, parseLiteral });
  }
}

/** A representation of a type that this subgraph does not have is the caller's mistake, not a fault of ours. */
function checkedReference(schema: GraphQLSchema): (representation: unknown) => Reference {
  return (representation) => {
    const reference = representation as Partial<Reference> | null;
    const name = reference?.__typename;
    if (typeof name === 'string' && isObjectType(schema.getType(name))) return reference as Reference;
    throw new CodedError('BAD_USER_INPUT', 'Every representation has the `__typename` of an entity of this subgraph.');
  };
}

/** The entity with its type's name, by which the union tells it apart; a failure is that of one entity alone. */
async function entityOf(
  reference: Reference,
  references: ReadonlyMap<string, ResolveReference>,
  context: unknown,
  info: unknown,
): Promise<unknown> {
  const { __typename } = reference;
  const resolve = references.get(__typename);
  const entity = resolve ? await resolve(reference, context, info) : reference;
  if (entity === null || typeof entity !== 'object' || Reflect.get(entity, '__typename') === __typename) return entity;
  if ('__typename' in entity) return { ...entity, __typename };
  // Not listed, so that a row stays comparable with what was read.
  return Object.defineProperty(entity, '__typename', { value: __typename });
}
