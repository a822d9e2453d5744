import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { CodedError, type ErrorCode } from '../../schema/errors.ts';
import type { Limits } from './limits.ts';

/** How large a selection is, with every fragment counted as often as it is spread. */
interface Size {
  /** Levels of fields. */
  readonly depth: number;
  readonly aliases: number;
  readonly directives: number;
  readonly fields: number;
  /** Fields that stand at the top of the selection. */
  readonly topFields: number;
}

type Counted = Exclude<keyof Limits, 'bodyBytes' | 'tokens' | 'overlaps'>;

const NOTHING: Size = { depth: 0, aliases: 0, directives: 0, fields: 0, topFields: 0 };

const REFUSALS: Readonly<Record<Counted, { readonly code: ErrorCode; readonly verb: string; readonly what: string }>> =
  {
    depth: { code: 'OPERATION_TOO_DEEP', verb: 'nests', what: 'levels of fields' },
    aliases: { code: 'TOO_MANY_ALIASES', verb: 'has', what: 'aliases' },
    rootFields: { code: 'TOO_MANY_ROOT_FIELDS', verb: 'has', what: 'fields at its top' },
    directives: { code: 'TOO_MANY_DIRECTIVES', verb: 'has', what: 'directives' },
    fields: { code: 'TOO_MANY_FIELDS', verb: 'has', what: 'fields' },
  };

/**
 * Measures a document that nobody has validated yet, in time that grows with its length only: a fragment is measured once,
 * however often it is spread. Throws CodedError with the code of the first limit that is passed.
 */
export function checkSize(document: DocumentNode, limits: Limits): void {
  const fragments = fragmentsOf(document);
  const sizes = new Map<string, Size | 'open'>();
  const roots: SelectionSetNode[] = [];
  let allFields = 0;
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const size = sizeOf(definition.selectionSet, fragments, sizes);
    refuseAbove('depth', size.depth, limits);
    refuseAbove('rootFields', size.topFields, limits);
    refuseAbove('aliases', size.aliases, limits);
    refuseAbove('directives', size.directives + directivesBeside(definition), limits);
    allFields += size.fields;
    roots.push(definition.selectionSet);
  }
  // A fragment that nobody spreads is validated as well.
  for (const [name, { selectionSet }] of fragments) {
    if (sizes.has(name)) continue;
    allFields += sizeOfFragment(name, fragments, sizes).fields;
    roots.push(selectionSet);
  }
  refuseAbove('fields', allFields, limits);
  checkOverlaps(roots, fragments, limits);
}

function refuseAbove(counted: Counted, count: number, limits: Limits): void {
  if (count <= limits[counted]) return;
  const { code, verb, what } = REFUSALS[counted];
  const told = count < 1e6 ? `${count} ${what}` : `more than a million ${what}`;
  throw new CodedError(code, `The operation ${verb} ${told}; ${limits[counted]} are allowed.`);
}

/** Of the operation and its variables, which belong to no selection. */
function directivesBeside(definition: OperationDefinitionNode): number {
  const ofVariables = (definition.variableDefinitions ?? []).map(({ directives }) => directives?.length ?? 0);
  return ofVariables.reduce((sum, count) => sum + count, definition.directives?.length ?? 0);
}

/** The fragments of a document by name. */
export function fragmentsOf(document: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  return fragments;
}

function sizeOf(
  selectionSet: SelectionSetNode | undefined,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  sizes: Map<string, Size | 'open'>,
): Size {
  let sum = NOTHING;
  for (const selection of selectionSet?.selections ?? []) {
    const directives = selection.directives?.length ?? 0;
    if (selection.kind === Kind.FIELD) {
      sum = add(sum, sizeOfField(selection, sizeOf(selection.selectionSet, fragments, sizes)), directives);
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      sum = add(sum, sizeOf(selection.selectionSet, fragments, sizes), directives);
    } else {
      sum = add(sum, sizeOfFragment(selection.name.value, fragments, sizes), directives);
    }
  }
  return sum;
}

function sizeOfFragment(
  name: string,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  sizes: Map<string, Size | 'open'>,
): Size {
  const known = sizes.get(name);
  if (known === 'open') throw new CodedError('CIRCULAR_FRAGMENTS', `The fragment \`${name}\` contains itself.`);
  if (known) return known;
  sizes.set(name, 'open');
  const fragment = fragments.get(name);
  const size = add(NOTHING, sizeOf(fragment?.selectionSet, fragments, sizes), fragment?.directives?.length ?? 0);
  sizes.set(name, size);
  return size;
}

/** A look at the whole schema answers with hundreds of kilobytes, so it counts as this many fields at the top of an operation. */
const SCHEMA_LOOK_WEIGHT = 10;

/** What introspection selects is answered without a fetch: it is as deep as it likes. */
function sizeOfField(field: FieldNode, below: Size): Size {
  const name = field.name.value;
  const isIntrospection = name.startsWith('__');
  return {
    depth: isIntrospection ? 0 : below.depth + 1,
    aliases: below.aliases + (field.alias ? 1 : 0),
    directives: below.directives,
    fields: below.fields + 1,
    topFields: name === '__schema' ? SCHEMA_LOOK_WEIGHT : 1,
  };
}

function add(one: Size, other: Size, directives: number): Size {
  return {
    depth: Math.max(one.depth, other.depth),
    aliases: one.aliases + other.aliases,
    directives: one.directives + other.directives + directives,
    fields: one.fields + other.fields,
    topFields: one.topFields + other.topFields,
  };
}

interface Place {
  fields: number;
  readonly below: Map<string, Place>;
}

/** Validation compares every two fields that share a place in the answer. The number of fields is within its limit by now. */
function checkOverlaps(
  roots: readonly SelectionSetNode[],
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  limits: Limits,
): void {
  let pairs = 0;
  const countIn = (selectionSet: SelectionSetNode | undefined, place: Place): void => {
    for (const selection of selectionSet?.selections ?? []) {
      if (selection.kind === Kind.INLINE_FRAGMENT) countIn(selection.selectionSet, place);
      else if (selection.kind === Kind.FRAGMENT_SPREAD) {
        countIn(fragments.get(selection.name.value)?.selectionSet, place);
      } else {
        const name = (selection.alias ?? selection.name).value;
        const child = place.below.get(name) ?? { fields: 0, below: new Map() };
        place.below.set(name, child);
        pairs += child.fields;
        child.fields += 1;
        countIn(selection.selectionSet, child);
      }
    }
  };
  for (const root of roots) countIn(root, { fields: 0, below: new Map() });
  if (pairs <= limits.overlaps) return;
  const message = `The operation selects the same again and again: ${limits.overlaps} overlapping pairs are allowed.`;
  throw new CodedError('TOO_MANY_OVERLAPPING_FIELDS', message);
}
