import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Supergraph } from '@apollo/federation-internals';
import type { GraphQLScalarType, GraphQLSchema } from 'graphql';
import { isScalarType } from 'graphql';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';

/** A supergraph as the gateway works with it. Never changed: a new SDL becomes a new one. */
export interface LoadedSupergraph {
  readonly supergraph: Supergraph;
  /** Everything, also what clients may not see: to tell what a subgraph's fields are. */
  readonly fullSchema: GraphQLSchema;
  /** What clients see. */
  readonly apiSchema: GraphQLSchema;
  /** The subgraphs and their routing URLs. */
  readonly subgraphs: readonly { readonly name: string; readonly url: string }[];
}

const REMOTE = /^https?:\/\//;
const FETCH_TIMEOUT_MS = 10_000;

/** Reads a supergraph SDL from a file or an http(s) URL; without a source the one of this package. Throws SupergraphInvalid. */
export async function readSupergraphSdl(source?: string): Promise<string> {
  if (source === undefined) return readFile(join(PACKAGE_ROOT, 'schema', 'generated', 'supergraph.graphql'), 'utf8');
  try {
    return REMOTE.test(source) ? await download(source) : await readFile(source, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SupergraphInvalid(`The supergraph cannot be read from ${withoutCredentials(source)}: ${reason}`);
  }
}

/**
 * Builds a supergraph from its SDL. `scalars` check the values that clients give for the scalars of our own schema, so that
 * a malformed one is refused before any subgraph is asked. Throws SupergraphInvalid.
 */
export function loadSupergraph(
  sdl: string,
  scalars: Readonly<Record<string, GraphQLScalarType>> = {},
): LoadedSupergraph {
  try {
    const supergraph = Supergraph.build(sdl);
    const apiSchema = supergraph.apiSchema().toGraphQLJSSchema();
    attachScalars(apiSchema, scalars);
    return {
      supergraph,
      apiSchema,
      fullSchema: supergraph.schema.toGraphQLJSSchema(),
      subgraphs: supergraph.subgraphsMetadata(),
    };
  } catch (error) {
    throw new SupergraphInvalid(`The supergraph is not valid: ${error instanceof Error ? error.message : error}`);
  }
}

async function download(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`the server answered ${response.status}.`);
  return response.text();
}

function withoutCredentials(source: string): string {
  if (!REMOTE.test(source)) return source;
  const url = new URL(source);
  return `${url.origin}${url.pathname}`;
}

function attachScalars(schema: GraphQLSchema, scalars: Readonly<Record<string, GraphQLScalarType>>): void {
  for (const [name, scalar] of Object.entries(scalars)) {
    const type = schema.getType(name);
    if (!isScalarType(type)) continue;
    type.parseValue = scalar.parseValue;
    type.parseLiteral = scalar.parseLiteral;
  }
}

/** The supergraph cannot be read or is not one. The message is for whoever starts the gateway. */
export class SupergraphInvalid extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SupergraphInvalid';
  }
}
