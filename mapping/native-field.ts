import type { CanonicalObject } from './canonical.ts';
import type { ColumnSource } from './column-source.ts';
import type { FieldMapping, Transform, ValueMapping } from './document.ts';

/** Transforms that SQL does as JavaScript does. */
export type TextCleaning = 'trim' | 'lowercase' | 'uppercase';

/** How the database itself can compare a canonical field: what filters, orders and look-ups need. */
export type NativeField =
  /** A column whose values are the canonical ones. */
  | { readonly kind: 'column'; readonly source: ColumnSource }
  /** A column of codes that are translated one by one. */
  | {
      readonly kind: 'codes';
      readonly source: ColumnSource;
      readonly cleanings: readonly TextCleaning[];
      readonly map: Readonly<Record<string, string | number | boolean>>;
      readonly otherwise: string | number | boolean | undefined;
    }
  | { readonly kind: 'constant'; readonly value: string | number | boolean }
  /** The cloud does not have the field. */
  | { readonly kind: 'absent' }
  /** Made by transforms that the database does not know. */
  | { readonly kind: 'derived' };

const CLEANINGS = new Set<string>(['trim', 'lowercase', 'uppercase']);

/** Finds how the database can compare a field. */
export function nativeField(
  canonical: CanonicalObject,
  name: string,
  mapping: FieldMapping | undefined,
  source: (value: ValueMapping) => ColumnSource,
): NativeField {
  if (mapping === undefined) return { kind: 'absent' };
  if (canonical.fields[name]?.kind === 'money' || canonical.lists?.[name]) return { kind: 'derived' };
  const value = mapping as ValueMapping;
  const transforms = value.transforms ?? [];
  if (value.constant !== undefined) {
    return transforms.length === 0 ? { kind: 'constant', value: value.constant } : { kind: 'derived' };
  }
  if (value.column === undefined) return { kind: 'derived' };
  if (transforms.length === 0) return { kind: 'column', source: source(value) };
  const last = transforms.at(-1);
  const cleanings = transforms.slice(0, -1).map((transform) => transform.kind);
  if (last?.kind !== 'values' || !cleanings.every(isCleaning)) return { kind: 'derived' };
  return { kind: 'codes', source: source(value), cleanings, map: last.map, otherwise: last.otherwise };
}

function isCleaning(kind: Transform['kind']): kind is TextCleaning {
  return CLEANINGS.has(kind);
}
