import { type ConstDirectiveNode, type DocumentNode, Kind, valueFromASTUntyped } from 'graphql';

interface Import {
  readonly name: string;
  readonly as?: string;
}

/**
 * What a supergraph calls a directive of a linked specification, such as `authenticated`: by the link's imports, renamings and
 * prefix. Undefined when the specification is not linked.
 */
export function linkedDirectiveName(supergraph: DocumentNode, feature: string, directive: string): string | undefined {
  for (const link of linksOf(supergraph)) {
    const { url, as, imports } = readLink(link);
    if (!new RegExp(`/${feature}/v[\\d.]+/?$`).test(url)) continue;
    const imported = imports.find(({ name }) => name === `@${directive}`);
    if (imported) return (imported.as ?? imported.name).slice(1);
    const prefix = as ?? feature;
    return directive === feature ? prefix : `${prefix}__${directive}`;
  }
  return undefined;
}

function linksOf(supergraph: DocumentNode): readonly ConstDirectiveNode[] {
  return supergraph.definitions.flatMap((definition) =>
    definition.kind === Kind.SCHEMA_DEFINITION || definition.kind === Kind.SCHEMA_EXTENSION
      ? (definition.directives ?? []).filter(({ name }) => name.value === 'link')
      : [],
  );
}

function readLink(link: ConstDirectiveNode): {
  readonly url: string;
  readonly as: string | undefined;
  readonly imports: readonly Import[];
} {
  const { url, as, import: imports } = argumentsOf(link);
  return {
    url: typeof url === 'string' ? url : '',
    as: typeof as === 'string' ? as : undefined,
    imports: Array.isArray(imports)
      ? imports.map((entry: string | Import) => (typeof entry === 'string' ? { name: entry } : entry))
      : [],
  };
}

/** Tells whether a type, or a directive with its `@`, was brought along by a linked specification and is none of the graph's own. */
export function linkedNames(supergraph: DocumentNode): (name: string) => boolean {
  const imported = new Set<string>();
  const prefixes = new Set<string>();
  for (const link of linksOf(supergraph)) {
    const { url, as, imports } = readLink(link);
    const prefix = as ?? /\/([^/]+)\/v[\d.]+\/?$/.exec(url)?.[1];
    if (prefix !== undefined) prefixes.add(prefix);
    for (const { name, as: alias = name } of imports) imported.add(alias);
  }
  return (name) => {
    const bare = name.replace(/^@/, '');
    if (imported.has(name) || (bare !== name && prefixes.has(bare))) return true;
    const [prefix, rest] = bare.split('__', 2);
    return rest !== undefined && prefix !== undefined && prefixes.has(prefix);
  };
}

/** A specification that a supergraph links. */
export interface LinkedFeature {
  /** Such as `https://specs.apollo.dev/join/v0.5`. */
  readonly url: string;
  /** `SECURITY` or `EXECUTION`: whoever does not know the specification may not serve the graph. */
  readonly purpose: string | undefined;
}

/** The specifications that a supergraph links. */
export function linkedFeatures(supergraph: DocumentNode): readonly LinkedFeature[] {
  return linksOf(supergraph).map((link) => {
    const { url, for: purpose } = argumentsOf(link);
    return { url: typeof url === 'string' ? url : '', purpose: typeof purpose === 'string' ? purpose : undefined };
  });
}

/** The arguments of a directive in a schema, as plain values. */
export function argumentsOf(directive: ConstDirectiveNode): Record<string, unknown> {
  return Object.fromEntries(
    (directive.arguments ?? []).map(({ name, value }) => [name.value, valueFromASTUntyped(value)]),
  );
}
