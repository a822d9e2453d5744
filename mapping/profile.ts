import type { CanonicalField, CanonicalObject } from './canonical.ts';
import type { ObjectMapping, ValueMapping } from './document.ts';
import type { CanonicalRow } from './reader.ts';
import type { ReadValue } from './transforms/transform.ts';
import { compileValue, type RawRow, type ValueContext } from './value.ts';

type DecodeRow = (row: RawRow) => CanonicalRow | string;

/** Where a value of a profile comes from: the profile's own record. */
interface SourceLink {
  readonly dataSourceId: string;
  readonly dataSourceObjectId: unknown;
  readonly sourceRecordId: unknown;
}

/**
 * Puts around a profile's fields what makes it a `SourceProfile`: the record's name in its cloud, and the lists of
 * contact points, whose entries say that they come from this very record. The first of each kind is the primary one.
 */
export function compileProfile(
  cloud: string,
  mapping: ObjectMapping,
  canonical: CanonicalObject,
  decodeFields: DecodeRow,
  context: ValueContext,
): DecodeRow {
  const readObjectName = compileObjectName(mapping, context);
  const lists = Object.entries(canonical.lists ?? {}).map(([list, { parts }]) => ({
    list,
    read: compileList(list, parts, mapping.fields[list], context),
  }));
  return (raw) => {
    const row = decodeFields(raw);
    if (typeof row === 'string') return row;
    row['dataSourceId'] = cloud;
    row['dataSourceObjectId'] = readObjectName(raw);
    const sources: readonly SourceLink[] = [
      { dataSourceId: cloud, dataSourceObjectId: row['dataSourceObjectId'], sourceRecordId: row['sourceRecordId'] },
    ];
    for (const { list, read } of lists) row[list] = read(raw, sources);
    return row;
  };
}

function compileObjectName(mapping: ObjectMapping, context: ValueContext): ReadValue<RawRow> {
  const ofTable = mapping.table.slice(mapping.table.indexOf('.') + 1);
  const { objectName = ofTable } = mapping;
  if (typeof objectName === 'string') return () => objectName;
  const read = compileValue(objectName, { kind: 'text' }, context);
  return (row) => read(row) ?? ofTable;
}

type Composite = Record<string, unknown>;
type ReadList = (row: RawRow, sources: readonly SourceLink[]) => Composite[];

function compileList(
  list: string,
  parts: Readonly<Record<string, CanonicalField>>,
  mapping: ObjectMapping['fields'][string] | undefined,
  context: ValueContext,
): ReadList {
  const entries = ((mapping ?? []) as readonly Readonly<Record<string, ValueMapping>>[]).map((entry) =>
    compileComposite(parts, entry, context),
  );
  const identityOf = COMPOSITE_IDENTITY[list] ?? ((composite: Composite) => JSON.stringify(composite));
  return (row, sources) => {
    const found: Composite[] = [];
    const known = new Set<string>();
    for (const read of entries) {
      const composite = read(row);
      if (!composite) continue;
      const identity = identityOf(composite);
      if (known.has(identity)) continue;
      known.add(identity);
      composite['isPrimary'] = found.length === 0;
      composite['sources'] = sources;
      found.push(composite);
    }
    return found;
  };
}

/** When two composites of a record are the same one, written differently. */
const COMPOSITE_IDENTITY: Readonly<Record<string, (composite: Composite) => string>> = {
  contactPointEmails: ({ emailAddress }) => String(emailAddress).toLowerCase(),
  contactPointPhones: ({ formattedE164PhoneNumber, telephoneNumber }) =>
    String(formattedE164PhoneNumber ?? String(telephoneNumber).replaceAll(/[^\d+]/g, '')),
};

/**
 * Reads one composite; null when a required part is empty, or when all there is says nothing on its own (a constant says
 * nothing about anybody).
 */
function compileComposite(
  parts: Readonly<Record<string, CanonicalField>>,
  entry: Readonly<Record<string, ValueMapping>>,
  context: ValueContext,
): (row: RawRow) => Composite | null {
  const readers = Object.entries(parts).map(([part, definition]) => {
    const value = entry[part];
    return {
      part,
      isRequired: definition.required === true,
      saysNothingAlone: value?.constant !== undefined || definition.isAccompanying === true,
      read: value ? compileValue(value, definition, context) : () => null,
    };
  });
  return (row) => {
    const composite: Composite = {};
    let isEmpty = true;
    for (const { part, isRequired, saysNothingAlone, read } of readers) {
      const value = read(row);
      const isBlank = value === null || (typeof value === 'string' && value.trim() === '');
      if (isBlank && isRequired) return null;
      composite[part] = isBlank ? null : value;
      if (!isBlank && !saysNothingAlone) isEmpty = false;
    }
    return isEmpty ? null : composite;
  };
}
