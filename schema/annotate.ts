import { type DefinitionNode, type FieldDefinitionNode, Kind, type ObjectTypeDefinitionNode, parse } from 'graphql';
import { ACCESS, accessOfField, accessOfType, type Role } from './access.ts';

type Objects = Extract<DefinitionNode, { readonly kind: Kind.OBJECT_TYPE_DEFINITION | Kind.OBJECT_TYPE_EXTENSION }>;

interface Insertion {
  readonly at: number;
  readonly text: string;
}

/**
 * Writes into a subgraph's SDL what follows from elsewhere: the table of rights as `@policy`, and the sizes of connections as
 * `@listSize`. All else stays letter for letter.
 */
export function annotate(sdl: string): string {
  const insertions = parse(sdl).definitions.flatMap((definition) =>
    definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.OBJECT_TYPE_EXTENSION
      ? [...annotateType(definition), ...(definition.fields ?? []).flatMap((field) => annotateField(definition, field))]
      : [],
  );
  // From the end, so that positions stay what they were.
  return insertions
    .sort((one, other) => other.at - one.at)
    .reduce((text, { at, text: inserted }) => `${text.slice(0, at)} ${inserted}${text.slice(at)}`, sdl);
}

/** A type that a subgraph only refers to carries the rule as well: whatever it adds to the type is under it. */
function annotateType(definition: Objects): Insertion[] {
  const roles = accessOfType(definition.name.value);
  const before = definition.directives?.at(-1)?.loc ?? definition.interfaces?.at(-1)?.loc ?? definition.name.loc;
  return roles && before ? [{ at: before.end, text: policy(roles) }] : [];
}

function annotateField(definition: Objects, field: FieldDefinitionNode): Insertion[] {
  const at = field.loc?.end;
  if (at === undefined || hasDirective(field, 'external') || hasDirective(field, 'inaccessible')) return [];
  const roles = accessOfField(definition.name.value, field.name.value);
  return [
    ...(roles ? [{ at, text: policy(roles) }] : []),
    ...(isConnection(field) ? [{ at, text: CONNECTION_SIZE }] : []),
  ];
}

const CONNECTION_SIZE =
  '@listSize(slicingArguments: ["first"], sizedFields: ["edges"], requireOneSlicingArgument: false)';

function isConnection({ type, arguments: given }: FieldDefinitionNode): boolean {
  const named = type.kind === Kind.NON_NULL_TYPE ? type.type : type;
  const isPaged = given?.some(({ name }) => name.value === 'first') ?? false;
  return isPaged && named.kind === Kind.NAMED_TYPE && named.name.value.endsWith('Connection');
}

function hasDirective({ directives }: FieldDefinitionNode, name: string): boolean {
  return directives?.some((directive) => directive.name.value === name) ?? false;
}

function policy(roles: readonly Role[]): string {
  return `@policy(policies: [${roles.map((role) => `["${role}"]`).join(', ')}])`;
}

/**
 * What is wrong with the table of rights for a composed supergraph: fields that clients see and nobody may ask for, and rules
 * for what is not there. One message each.
 */
export function findAccessFaults(supergraphSdl: string): readonly string[] {
  const types = parse(supergraphSdl, { noLocation: true }).definitions.filter(
    (definition): definition is ObjectTypeDefinitionNode => definition.kind === Kind.OBJECT_TYPE_DEFINITION,
  );
  const seen = new Set<string>();
  const faults: string[] = [];
  for (const type of types) {
    seen.add(type.name.value);
    for (const field of type.fields ?? []) {
      seen.add(`${type.name.value}.${field.name.value}`);
      const isSeen = ![type, field].some((node) => node.directives?.some(({ name }) => name.value === 'inaccessible'));
      const hasRule = [type, field].some((node) => node.directives?.some(({ name }) => name.value === 'policy'));
      if (isSeen && !hasRule) faults.push(`${type.name.value}.${field.name.value} has no rule in schema/access.ts.`);
    }
  }
  const named = Object.entries(ACCESS).flatMap(([type, rule]) =>
    Array.isArray(rule) ? [type] : Object.keys(rule).map((field) => `${type}.${field}`),
  );
  return [
    ...faults,
    ...named.filter((name) => !seen.has(name)).map((name) => `${name} of schema/access.ts does not exist.`),
  ];
}
