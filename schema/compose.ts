import { composeServices } from '@apollo/composition';
import { ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, Supergraph } from '@apollo/federation-internals';
import { type GraphQLSchema, lexicographicSortSchema, parse } from 'graphql';
import { findAccessFaults } from './annotate.ts';
import { buildSubgraphSdl, SUBGRAPH_NAMES } from './sdl.ts';

/** One subgraph to compose: its SDL and where it is reached. */
export interface ComposedSubgraph {
  readonly name: string;
  /** Routing URL that is written into the supergraph. */
  readonly url: string;
  readonly sdl: string;
}

/** What composition gives. */
export interface Composition {
  readonly supergraphSdl: string;
  /** What composition remarks without refusing, such as a description that differs between subgraphs. */
  readonly hints: readonly string[];
}

/** Composes our own subgraphs. Throws CompositionFailed with every fault, among them each field that has no rule in `access.ts`. */
export function composeOwnSupergraph(subgraphs: readonly ComposedSubgraph[] = ownSubgraphs()): Composition {
  const composition = composeSupergraph(subgraphs);
  const faults = findAccessFaults(composition.supergraphSdl);
  if (faults.length > 0) throw new CompositionFailed(faults);
  return composition;
}

/** Composes subgraphs, ours unless others are given. Throws CompositionFailed with every fault. */
export function composeSupergraph(subgraphs: readonly ComposedSubgraph[] = ownSubgraphs()): Composition {
  const result = composeServices(subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) })));
  if (result.errors) throw new CompositionFailed(result.errors.map((error) => error.message));
  const hints = result.hints.map((hint) => `${hint.definition.code}: ${hint.message}`);
  return { supergraphSdl: result.supergraphSdl, hints };
}

/** The schema that clients see, sorted by name: no federation parts, nothing that is `@inaccessible`. */
export function buildApiSchema(supergraphSdl: string): GraphQLSchema {
  return lexicographicSortSchema(
    Supergraph.build(supergraphSdl, { supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES })
      .apiSchema()
      .toGraphQLJSSchema(),
  );
}

/** The subgraphs of this package at placeholder URLs, which whoever runs them replaces. */
export function ownSubgraphs(): ComposedSubgraph[] {
  return SUBGRAPH_NAMES.map((name) => ({
    name,
    url: `http://${name}.subgraph.internal`,
    sdl: buildSubgraphSdl(name),
  }));
}

/** The subgraphs do not compose. */
export class CompositionFailed extends Error {
  /** One message for each fault. */
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The subgraphs do not compose:\n${faults.map((fault) => `- ${fault}`).join('\n')}`);
    this.name = 'CompositionFailed';
    this.faults = faults;
  }
}
