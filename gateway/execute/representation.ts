import type { RequiredSelection, Rewrite } from '../planner/plan.ts';
import { leafText } from './json-text.ts';
import { isInherited, ownValue, type RawObject } from './raw-object.ts';
import { applyRewrites } from './rewrites.ts';
import type { TypeConditions } from './type-conditions.ts';

/** How objects of one type are represented to a subgraph. */
export interface Representation {
  /** As JSON text; undefined when the answer so far lacks what the subgraph needs. */
  write(object: RawObject): string | undefined;
  /** A value that equal representations share, cheap to have; others may share it too. */
  hash(object: RawObject): unknown;
  /** True when the two are represented alike for sure. */
  isSame(one: RawObject, other: RawObject): boolean;
}

/** The representations of a fetch, compiled for each type that its objects turn out to have. */
export class Representations {
  readonly #requires: readonly RequiredSelection[];
  readonly #rewrites: readonly Rewrite[];
  readonly #types: TypeConditions;
  readonly #byType = new Map<string, Representation | undefined>();

  constructor(requires: readonly RequiredSelection[], rewrites: readonly Rewrite[], types: TypeConditions) {
    this.#requires = requires;
    this.#rewrites = rewrites;
    this.#types = types;
  }

  /** Undefined when the fetch is not about objects of this type. */
  of(typename: unknown): Representation | undefined {
    if (typeof typename !== 'string') return undefined;
    if (this.#byType.has(typename)) return this.#byType.get(typename);
    const representation = compile(typename, this.#requires, this.#rewrites, this.#types);
    // A subgraph may name any number of types that there are not.
    if (this.#types.schema.getType(typename)) this.#byType.set(typename, representation);
    return representation;
  }
}

function compile(
  typename: string,
  requires: readonly RequiredSelection[],
  rewrites: readonly Rewrite[],
  types: TypeConditions,
): Representation | undefined {
  const fields = fieldsFor(typename, requires, types);
  if (!fields.has('__typename')) return undefined;
  const names: string[] = [];
  for (const [name, field] of fields) {
    if (name !== '__typename' && 'responseName' in field) names.push(field.responseName);
  }
  const [first = '__typename'] = names;
  return {
    write: writerFor(typename, fields, rewrites, types),
    hash: (object) => object[first],
    isSame(one, other) {
      for (let i = 0; i < names.length; i++) {
        const name = names[i] as string;
        const value = one[name];
        if (value !== other[name] || !isPlain(value)) return false;
      }
      return true;
    },
  };
}

/** Neither missing nor an object, and nothing that every object has. */
function isPlain(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

type Write = Representation['write'];

function writerFor(
  typename: string,
  fields: Map<string, Field>,
  rewrites: readonly Rewrite[],
  types: TypeConditions,
): Write {
  const write = writeFields(fields, types);
  if (rewrites.length === 0) return write;
  const constants = constantsOf(typename, rewrites, types);
  if (!constants) return rewritten(write, rewrites, types);
  for (const [name, value] of constants) fields.set(name, { constant: leafText(value) });
  return writeFields(fields, types);
}

/** A field of a representation: read from the answer, or the same for all objects of a type. */
type Field =
  | { readonly constant: string }
  | { readonly responseName: string; readonly below: readonly RequiredSelection[] };

/** The fields required of an object of this type, by the name that the subgraph knows. */
function fieldsFor(
  typename: string | undefined,
  requires: readonly RequiredSelection[],
  types: TypeConditions,
  fields = new Map<string, Field>(),
): Map<string, Field> {
  for (const selection of requires) {
    if (selection.kind === 'field') {
      const { name, responseName, selections } = selection;
      const known = fields.get(name);
      const below = known && 'below' in known ? [...known.below, ...selections] : selections;
      fields.set(name, { responseName, below });
    } else if (applies(typename, selection.typename, types)) {
      fieldsFor(typename, selection.selections, types, fields);
    }
  }
  return fields;
}

function applies(typename: string | undefined, condition: string | undefined, types: TypeConditions): boolean {
  return condition === undefined || (typename !== undefined && types.matches(typename, condition));
}

/** Rewrites that set fields of the representation itself, mostly its `__typename`; undefined when others are among them. */
function constantsOf(
  typename: string,
  rewrites: readonly Rewrite[],
  types: TypeConditions,
): ReadonlyMap<string, unknown> | undefined {
  const constants = new Map<string, unknown>();
  for (const { kind, path, ...rewrite } of rewrites) {
    if (kind !== 'set') return undefined;
    const last = path.at(-1);
    const conditions = path.slice(0, -1);
    if (last?.kind !== 'key') return undefined;
    let isMet = true;
    for (const condition of conditions) {
      if (condition.kind !== 'types') return undefined;
      isMet &&= condition.typenames.some((name) => types.matches(typename, name));
    }
    if (isMet && !constants.has(last.name)) constants.set(last.name, (rewrite as { value: unknown }).value);
  }
  return constants;
}

function rewritten(write: Write, rewrites: readonly Rewrite[], types: TypeConditions): Write {
  return (object) => {
    const text = write(object);
    if (text === undefined) return undefined;
    const representation: unknown = JSON.parse(text);
    applyRewrites(representation, rewrites, types);
    return JSON.stringify(representation);
  };
}

type ValueWriter = (value: unknown) => string | undefined;

function writeFields(fields: ReadonlyMap<string, Field>, types: TypeConditions): Write {
  const parts = [...fields].map(([name, field], index) => {
    const prefix = `${index === 0 ? '{' : ','}"${name}":`;
    return 'constant' in field
      ? { prefix: prefix + field.constant, responseName: undefined, isInherited: false, write: leafText }
      : {
          prefix,
          responseName: field.responseName,
          isInherited: isInherited(field.responseName),
          write: field.below.length === 0 ? leafText : writeValue(field.below, types),
        };
  });
  if (parts.length === 0) return () => '{}';
  return (object) => {
    let text = '';
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i] as (typeof parts)[number];
      text += part.prefix;
      if (part.responseName === undefined) continue;
      const value = part.isInherited ? ownValue(object, part.responseName) : object[part.responseName];
      if (value === undefined) return undefined;
      const written = value === null ? 'null' : (part.write as ValueWriter)(value);
      if (written === undefined) return undefined;
      text += written;
    }
    return `${text}}`;
  };
}

/** Writes what is required below a field: an object, or a list of them. */
function writeValue(selections: readonly RequiredSelection[], types: TypeConditions): ValueWriter {
  const byType = new Map<unknown, Write>();
  const write: ValueWriter = (value) => {
    if (value === null || typeof value !== 'object') return value === undefined ? undefined : 'null';
    if (Array.isArray(value)) {
      let text = '';
      for (let i = 0; i < value.length; i++) {
        const item = write(value[i]);
        if (item === undefined) return undefined;
        text += i === 0 ? item : `,${item}`;
      }
      return `[${text}]`;
    }
    const typename = (value as RawObject)['__typename'];
    const known = typeof typename === 'string' ? typename : undefined;
    let writer = byType.get(known);
    if (!writer) {
      writer = writeFields(fieldsFor(known, selections, types), types);
      if (known === undefined || types.schema.getType(known)) byType.set(known, writer);
    }
    return writer(value as RawObject);
  };
  return write;
}
