import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLAbstractType,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type SelectionSetNode,
} from 'graphql';
import { collectFields } from './collect-fields.ts';
import type { CompletionState } from './completion-state.ts';
import { quote } from './json-text.ts';
import { type Complete, Completed, compileLeaf } from './leaves.ts';
import { isInherited, ownValue, type RawObject } from './raw-object.ts';

/** Answers fields about the schema itself as JSON text. */
export type Introspect = (fields: readonly FieldNode[]) => (state: CompletionState) => string;

/** What the completion of an operation is compiled from. */
export interface CompletionParts {
  readonly apiSchema: GraphQLSchema;
  /** The supergraph with all that clients do not see. */
  readonly fullSchema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Values of the variables that `@skip` and `@include` read. */
  readonly conditions: Readonly<Record<string, unknown>>;
  /** Fields that the caller has no right to. */
  readonly deniedFields: ReadonlySet<FieldNode>;
  readonly introspect: Introspect;
}

/** Compiles what becomes of a selection on a root type: merged data in, JSON text written, in the client's order. */
export function compileRoot(type: GraphQLObjectType, selection: SelectionSetNode, parts: CompletionParts): Complete {
  return compileObject(type, [selection], parts);
}

interface FieldWriter {
  /** What stands before the value; of a constant field the value too. */
  readonly prefix: Uint8Array;
  readonly name: string;
  readonly isInherited: boolean;
  readonly kind: 'constant' | 'schema' | 'denied' | 'value';
  readonly isNonNull: boolean;
  /** Type and field, for messages. */
  readonly place: string;
  readonly complete: Complete;
}

type Composite = GraphQLObjectType | GraphQLInterfaceType;

function compileObject(type: Composite, selections: readonly SelectionSetNode[], parts: CompletionParts): Complete {
  const collected = collectFields(type, selections, parts);
  const fields = [...collected].map(([name, nodes], index) => {
    const prefix = Buffer.from(`${index === 0 ? '{' : ','}"${name}":`);
    return compileField(type, name, nodes, prefix, parts);
  });
  return (value, state) => {
    if (typeof value !== 'object' || Array.isArray(value)) {
      state.invalid(`${type.name} cannot represent the value that a subgraph gave.`);
      return Completed.Invalid;
    }
    return writeObject(value as RawObject, fields, state);
  };
}

function writeObject(object: RawObject, fields: readonly FieldWriter[], state: CompletionState): Completed {
  const depth = ++state.depth;
  const { out } = state;
  if (fields.length === 0) out.byte(OPENING_BRACE);
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i] as FieldWriter;
    out.raw(field.prefix);
    if (field.kind === 'constant') continue;
    const value = field.isInherited ? ownValue(object, field.name) : object[field.name];
    state.path[depth] = field.name;
    state.depth = depth;
    const at = out.position;
    const isNull = (value === undefined || value === null) && field.kind === 'value';
    const completed = isNull ? Completed.Null : field.complete(value, state);
    if (completed === Completed.Written) continue;
    if (field.isNonNull) {
      if (completed === Completed.Null && field.kind === 'value') state.nullAt(field.place, value);
      state.depth = depth - 1;
      return Completed.Invalid;
    }
    out.position = at;
    out.null();
  }
  out.byte(CLOSING_BRACE);
  state.depth = depth - 1;
  return Completed.Written;
}

const OPENING_BRACE = 123;
const CLOSING_BRACE = 125;
const OPENING_BRACKET = 91;
const CLOSING_BRACKET = 93;
const COMMA = 44;

function compileField(
  type: Composite,
  name: string,
  nodes: readonly FieldNode[],
  prefix: Buffer,
  parts: CompletionParts,
): FieldWriter {
  const fieldName = nodes[0]?.name.value ?? name;
  const base = { name, isInherited: isInherited(name), place: `${type.name}.${fieldName}` };
  const definition = type.getFields()[fieldName];
  const isNonNull = definition !== undefined && isNonNullType(definition.type);
  if (nodes.every((node) => parts.deniedFields.has(node))) {
    return {
      ...base,
      prefix,
      kind: 'denied',
      isNonNull: isNonNull || fieldName === '__typename',
      complete: () => Completed.Null,
    };
  }
  if (fieldName === '__typename' && isObjectType(type)) {
    const constant = Buffer.concat([prefix, Buffer.from(quote(type.name))]);
    return { ...base, prefix: constant, kind: 'constant', isNonNull: true, complete: () => Completed.Written };
  }
  if (fieldName === '__typename')
    return { ...base, prefix, kind: 'value', isNonNull: true, complete: () => Completed.Null };
  if (!definition) {
    const answer = parts.introspect(nodes);
    const complete: Complete = (_, state) => {
      state.out.text(answer(state));
      return Completed.Written;
    };
    return { ...base, prefix, kind: 'schema', isNonNull: false, complete };
  }
  const complete = compileValue(definition.type, nodes, base.place, parts);
  return { ...base, prefix, kind: 'value', isNonNull, complete };
}

/** Completes what is not null; whether a null may be there is for whoever calls to know. */
function compileValue(
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
  place: string,
  parts: CompletionParts,
): Complete {
  if (isNonNullType(type)) return compileValue(type.ofType, nodes, place, parts);
  if (isListType(type)) return compileList(type.ofType, nodes, place, parts);
  if (isLeafType(type)) return compileLeaf(type, parts.fullSchema);
  const selections = nodes.flatMap((node) =>
    node.selectionSet && !parts.deniedFields.has(node) ? [node.selectionSet] : [],
  );
  return isAbstractType(type) ? compileAbstract(type, selections, parts) : compileObject(type, selections, parts);
}

function compileList(
  itemType: GraphQLOutputType,
  nodes: readonly FieldNode[],
  place: string,
  parts: CompletionParts,
): Complete {
  const complete = compileValue(itemType, nodes, place, parts);
  const isNonNull = isNonNullType(itemType);
  return (value, state) => {
    if (!Array.isArray(value)) {
      state.invalid(`Expected Iterable, but did not find one for field "${place}".`);
      return Completed.Invalid;
    }
    const depth = ++state.depth;
    const { out } = state;
    out.byte(OPENING_BRACKET);
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (i > 0) out.byte(COMMA);
      state.path[depth] = i;
      state.depth = depth;
      const at = out.position;
      const completed = item === null || item === undefined ? Completed.Null : complete(item, state);
      if (completed === Completed.Written) continue;
      if (isNonNull) {
        if (completed === Completed.Null) state.nullAt(place, item);
        state.depth = depth - 1;
        return Completed.Invalid;
      }
      out.position = at;
      out.null();
    }
    out.byte(CLOSING_BRACKET);
    state.depth = depth - 1;
    return Completed.Written;
  };
}

/**
 * An object of an interface or union is completed by what its `__typename` says it is. One of a type that clients can't see is
 * null for them, and no fault.
 */
function compileAbstract(
  type: GraphQLAbstractType,
  selections: readonly SelectionSetNode[],
  parts: CompletionParts,
): Complete {
  const byType = new Map<unknown, Complete>();
  return (value, state) => {
    const typename = typeof value === 'object' && value !== null ? (value as RawObject)['__typename'] : undefined;
    let complete = byType.get(typename);
    if (!complete) {
      const runtimeType = runtimeTypeOf(typename, type, parts.apiSchema);
      if (!runtimeType && isHidden(typename, parts)) return Completed.Null;
      if (!runtimeType) {
        state.invalid(`${type.name} cannot represent the value that a subgraph gave.`);
        return Completed.Invalid;
      }
      complete = compileObject(runtimeType, selections, parts);
      byType.set(typename, complete);
    }
    return complete(value, state);
  };
}

function isHidden(typename: unknown, { apiSchema, fullSchema }: CompletionParts): boolean {
  if (typeof typename !== 'string' || apiSchema.getType(typename)) return false;
  return isObjectType(fullSchema.getType(typename));
}

/** With `@interfaceObject` what an object is may never have been asked: then it is completed as its interface says. */
function runtimeTypeOf(
  typename: unknown,
  abstract: GraphQLAbstractType,
  apiSchema: GraphQLSchema,
): Composite | undefined {
  const type = typeof typename === 'string' ? apiSchema.getType(typename) : abstract;
  if (isObjectType(type)) return apiSchema.isSubType(abstract, type) ? type : undefined;
  if (!isInterfaceType(type)) return undefined;
  return type === abstract || apiSchema.isSubType(abstract, type) ? type : undefined;
}
