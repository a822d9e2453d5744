import { type GraphQLEnumType, type GraphQLLeafType, isEnumType, isSpecifiedScalarType } from 'graphql';
import type { CompletionState } from './completion-state.ts';
import { leafText, quote } from './json-text.ts';

/** Writes a value that is not null as JSON text; undefined when it is none of its type, which is noted then. */
export type Complete = (value: unknown, state: CompletionState) => string | undefined;

/** The writer of a scalar's or an enum's values. */
export function compileLeaf(type: GraphQLLeafType): Complete {
  if (isEnumType(type)) return compileEnum(type);
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

/** A value that clients can't see counts as one that is not there. */
function compileEnum(type: GraphQLEnumType): Complete {
  const texts = new Map<unknown, string>(type.getValues().map(({ name }) => [name, quote(name)]));
  return (value, state) => texts.get(value) ?? refuse(type.name, state);
}

function refuse(typename: string, state: CompletionState): undefined {
  state.invalid(`${typename} cannot represent the value that a subgraph gave.`);
}
