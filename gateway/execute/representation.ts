import type { RequiredSelection, Rewrite } from '../planner/plan.ts';
import { leafText } from './json-text.ts';
import { isInherited, ownValue, type RawObject } from './raw-object.ts';
import { applyRewrites } from './rewrites.ts';
import type { TypeConditions } from './type-conditions.ts';

/** Writes the representation of an object as JSON text; undefined when the answer so far lacks what the subgraph needs. */
export type RepresentationWriter = (object: RawObject) => string | undefined;

/** Compiles the writer of a fetch's representations: one for each type that its objects turn out to have. */
export function compileRepresentation(
  requires: readonly RequiredSelection[],
  rewrites: readonly Rewrite[],
  types: TypeConditions,
): RepresentationWriter {
  const byType = new Map<string, RepresentationWriter>();
  return (object) => {
    const typename = object['__typename'];
    if (typeof typename !== 'string') return undefined;
    let writer = byType.get(typename);
    if (!writer) {
      writer = writerFor(typename, requires, rewrites, types);
      byType.set(typename, writer);
    }
    return writer(object);
  };
}

function writerFor(
  typename: string,
  requires: readonly RequiredSelection[],
  rewrites: readonly Rewrite[],
  types: TypeConditions,
): RepresentationWriter {
  const fields = fieldsFor(typename, requires, types);
  if (!fields.has('__typename')) return () => undefined;
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

function rewritten(
  write: RepresentationWriter,
  rewrites: readonly Rewrite[],
  types: TypeConditions,
): RepresentationWriter {
  return (object) => {
    const text = write(object);
    if (text === undefined) return undefined;
    const representation: unknown = JSON.parse(text);
    applyRewrites(representation, rewrites, types);
    return JSON.stringify(representation);
  };
}

type ValueWriter = (value: unknown) => string | undefined;

function writeFields(fields: ReadonlyMap<string, Field>, types: TypeConditions): RepresentationWriter {
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
  const byType = new Map<unknown, RepresentationWriter>();
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
    let writer = byType.get(typename);
    if (!writer) {
      const known = typeof typename === 'string' ? typename : undefined;
      writer = writeFields(fieldsFor(known, selections, types), types);
      byType.set(typename, writer);
    }
    return writer(value as RawObject);
  };
  return write;
}
