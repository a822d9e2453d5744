import { createRequire } from 'node:module';
import type * as federation from '@apollo/federation-internals';
import {
  buildASTSchema,
  type DocumentNode,
  type GraphQLScalarType,
  type GraphQLSchema,
  isScalarType,
  Kind,
  parse,
  validateSchema,
} from 'graphql';
import { apiDocument } from './api-schema.ts';
import { argumentsOf, linkedDirectiveName, linkedFeatures } from './links.ts';
import { SupergraphInvalid } from './source.ts';

/** A supergraph as the gateway works with it. Never changed: a new SDL becomes a new one. */
export interface LoadedSupergraph {
  readonly document: DocumentNode;
  /** As Apollo's planner wants it. Built, and its library loaded, when it is first asked for: that takes longer than all the rest. */
  readonly supergraph: federation.Supergraph;
  /** Everything, also what clients may not see: to tell what a subgraph's fields are. */
  readonly fullSchema: GraphQLSchema;
  /** What clients see. */
  readonly apiSchema: GraphQLSchema;
  /** The subgraphs and their routing URLs. */
  readonly subgraphs: readonly { readonly name: string; readonly url: string }[];
}

const SPECS = 'https://specs.apollo.dev';
/**
 * Specifications that change what may be served and how. One that is not known is refused when the supergraph says that it
 * matters; connectors are among them, which are the Router's own.
 */
const SUPPORTED_FEATURES: ReadonlySet<string> = new Set(
  [
    ...['link/v1.0', 'join/v0.1', 'join/v0.2', 'join/v0.3', 'join/v0.4', 'join/v0.5'],
    ...['tag/v0.1', 'tag/v0.2', 'tag/v0.3', 'inaccessible/v0.1', 'inaccessible/v0.2', 'cacheTag/v0.1'],
    ...['authenticated/v0.1', 'requiresScopes/v0.1', 'policy/v0.1', 'context/v0.1', 'cost/v0.1'],
  ].map((feature) => `${SPECS}/${feature}`),
);

/**
 * Builds a supergraph from its SDL. `scalars` check the values that clients give for the scalars of our own schema, so that
 * a malformed one is refused before any subgraph is asked. Throws SupergraphInvalid.
 */
export function loadSupergraph(
  sdl: string,
  scalars: Readonly<Record<string, GraphQLScalarType>> = {},
): LoadedSupergraph {
  try {
    const document = parse(sdl, { noLocation: true });
    checkFeatures(document);
    const fullSchema = buildASTSchema(document);
    const apiSchema = buildASTSchema(apiDocument(document));
    const [fault] = validateSchema(apiSchema);
    if (fault) throw fault;
    attachScalars(apiSchema, scalars);
    let built: federation.Supergraph | undefined;
    return {
      document,
      get supergraph() {
        built ??= buildForApollo(sdl);
        return built;
      },
      apiSchema,
      fullSchema,
      subgraphs: readSubgraphs(document),
    };
  } catch (error) {
    if (error instanceof SupergraphInvalid) throw error;
    throw new SupergraphInvalid(`The supergraph is not valid: ${error instanceof Error ? error.message : error}`);
  }
}

function checkFeatures(document: DocumentNode): void {
  const features = linkedFeatures(document);
  if (!features.some(({ url }) => url.startsWith(`${SPECS}/join/`))) {
    throw new Error('it does not link the join specification, as the supergraph of Federation 2 does.');
  }
  const unknown = features.filter(
    ({ url, purpose }) => (purpose === 'SECURITY' || purpose === 'EXECUTION') && !SUPPORTED_FEATURES.has(url),
  );
  if (unknown.length > 0)
    throw new Error(`it needs ${unknown.map(({ url }) => url).join(', ')}, which is not known here.`);
}

/** The enum of the join specification says which subgraphs there are. */
function readSubgraphs(document: DocumentNode): LoadedSupergraph['subgraphs'] {
  const directive = linkedDirectiveName(document, 'join', 'graph');
  return document.definitions.flatMap((definition) => {
    if (definition.kind !== Kind.ENUM_TYPE_DEFINITION || definition.name.value !== 'join__Graph') return [];
    return (definition.values ?? []).flatMap((value) => {
      const place = value.directives?.find(({ name }) => name.value === directive);
      const { name, url } = place ? argumentsOf(place) : {};
      return typeof name === 'string' ? [{ name, url: typeof url === 'string' ? url : '' }] : [];
    });
  });
}

function buildForApollo(sdl: string): federation.Supergraph {
  const { Supergraph, ROUTER_SUPPORTED_SUPERGRAPH_FEATURES } = createRequire(__filename)(
    '@apollo/federation-internals',
  ) as typeof federation;
  return Supergraph.build(sdl, { supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES });
}

function attachScalars(schema: GraphQLSchema, scalars: Readonly<Record<string, GraphQLScalarType>>): void {
  for (const [name, scalar] of Object.entries(scalars)) {
    const type = schema.getType(name);
    if (!isScalarType(type)) continue;
    type.parseValue = scalar.parseValue;
    type.parseLiteral = scalar.parseLiteral;
  }
}
