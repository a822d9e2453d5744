import {
  type GraphQLEnumType,
  type GraphQLLeafType,
  type GraphQLSchema,
  isEnumType,
  isSpecifiedScalarType,
} from 'graphql';
import type { CompletionState } from './completion-state.ts';
import { leafText, quote } from './json-text.ts';

/** Writes a value that is not null as JSON text; undefined when it is none of its type, which is noted then. */
export type Complete = (value: unknown, state: CompletionState) => string | undefined;

/** The writer of a scalar's or an enum's values. `fullSchema` has the values that clients can't see. */
export function compileLeaf(type: GraphQLLeafType, fullSchema: GraphQLSchema): Complete {
  if (isEnumType(type)) return compileEnum(type, fullSchema);
  if (!isSpecifiedScalarType(type)) return leafText;
  const fast = FAST[type.name as keyof typeof FAST] ?? (() => undefined);
  return (value, state) => {
    const text = fast(value);
    if (text !== undefined) return text;
    try {
      return leafText(type.serialize(value));
    } catch {
      return refuse(type.name, state);
    }
  };
}

/** What subgraphs give when all is well. Anything else is left to the type, which may still take it. */
const FAST = {
  ID: (value: unknown) => (typeof value === 'string' ? quote(value) : undefined),
  String: (value: unknown) => (typeof value === 'string' ? quote(value) : undefined),
  Int: (value: unknown) => (typeof value === 'number' && (value | 0) === value ? `${value}` : undefined),
  Float: (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? `${value}` : undefined),
  Boolean: (value: unknown) => (value === true ? 'true' : value === false ? 'false' : undefined),
};

/** A value that clients can't see is null for them, and no fault. */
function compileEnum(type: GraphQLEnumType, fullSchema: GraphQLSchema): Complete {
  const texts = new Map<unknown, string>();
  const fullType = fullSchema.getType(type.name);
  if (isEnumType(fullType)) for (const { name } of fullType.getValues()) texts.set(name, 'null');
  for (const { name } of type.getValues()) texts.set(name, quote(name));
  return (value, state) => texts.get(value) ?? refuse(type.name, state);
}

function refuse(typename: string, state: CompletionState): undefined {
  state.invalid(`${typename} cannot represent the value that a subgraph gave.`);
}
