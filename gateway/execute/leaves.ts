import {
  type GraphQLEnumType,
  type GraphQLLeafType,
  type GraphQLSchema,
  isEnumType,
  isSpecifiedScalarType,
} from 'graphql';
import type { CompletionState } from './completion-state.ts';
import { leafText, quote } from './json-text.ts';

/** What became of a value. Whoever takes back what was written of one that is not `Written` is the one who writes the null. */
export const Completed = { Invalid: 0, Written: 1, Null: 2 } as const;

/** One of `Completed`: none of its type, which is noted then; written as JSON text; a null, of which nothing is written. */
export type Completed = (typeof Completed)[keyof typeof Completed];

/** Writes a value that is not null as JSON text. */
export type Complete = (value: unknown, state: CompletionState) => Completed;

/** The writer of a scalar's or an enum's values. `fullSchema` has the values that clients can't see. */
export function compileLeaf(type: GraphQLLeafType, fullSchema: GraphQLSchema): Complete {
  if (isEnumType(type)) return compileEnum(type, fullSchema);
  if (!isSpecifiedScalarType(type)) return writeLeaf;
  const fast = FAST[type.name as keyof typeof FAST] ?? (() => false);
  return (value, state) => {
    if (fast(value, state)) return Completed.Written;
    let serialized: unknown;
    try {
      serialized = type.serialize(value);
    } catch {
      return refuse(type.name, state);
    }
    return writeLeaf(serialized, state);
  };
}

function writeLeaf(value: unknown, { out }: CompletionState): Completed {
  if (typeof value === 'string') {
    out.string(value);
    return Completed.Written;
  }
  const text = leafText(value);
  if (text === 'null') return Completed.Null;
  out.text(text);
  return Completed.Written;
}

function writeString(value: unknown, { out }: CompletionState): boolean {
  if (typeof value !== 'string') return false;
  out.string(value);
  return true;
}

function writeNumber(value: number, { out }: CompletionState): boolean {
  out.ascii(`${value}`);
  return true;
}

/** What subgraphs give when all is well. Anything else is left to the type, which may still take it. */
const FAST = {
  ID: writeString,
  String: writeString,
  Int: (value: unknown, state: CompletionState) =>
    typeof value === 'number' && (value | 0) === value && writeNumber(value, state),
  Float: (value: unknown, state: CompletionState) =>
    typeof value === 'number' && Number.isFinite(value) && writeNumber(value, state),
  Boolean: (value: unknown, { out }: CompletionState) => {
    if (value !== true && value !== false) return false;
    out.ascii(value ? 'true' : 'false');
    return true;
  },
};

/** A value that clients can't see is null for them, and no fault. */
function compileEnum(type: GraphQLEnumType, fullSchema: GraphQLSchema): Complete {
  const texts = new Map<unknown, Uint8Array | null>();
  const fullType = fullSchema.getType(type.name);
  if (isEnumType(fullType)) for (const { name } of fullType.getValues()) texts.set(name, null);
  for (const { name } of type.getValues()) texts.set(name, Buffer.from(quote(name)));
  return (value, state) => {
    const text = texts.get(value);
    if (text === undefined) return refuse(type.name, state);
    if (text === null) return Completed.Null;
    state.out.raw(text);
    return Completed.Written;
  };
}

function refuse(typename: string, state: CompletionState): Completed {
  state.invalid(`${typename} cannot represent the value that a subgraph gave.`);
  return Completed.Invalid;
}
