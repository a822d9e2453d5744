import { createHash } from 'node:crypto';
import { CodedError } from '../../schema/errors.ts';
import { toParameter } from '../column-types.ts';
import type { Order } from '../reader.ts';
import type { OrderTerm } from './order.ts';

/** Writes and reads the cursors of one list: the values of its order's terms, under a mark that names the list. */
export interface CursorCodec {
  write(values: readonly unknown[]): string;
  /** The values, as parameters for the terms. Throws CodedError MALFORMED_ID for what is no cursor of this list. */
  read(cursor: string): (string | null)[];
}

/** Makes the codec of an object in an order. */
export function createCursorCodec(object: string, orderBy: readonly Order[], terms: readonly OrderTerm[]): CursorCodec {
  const types = terms.map(({ type }) => [type.family, type.sql]);
  const mark = createHash('sha256')
    .update(JSON.stringify([object, orderBy, types]))
    .digest('base64url')
    .slice(0, 8);
  return {
    write: (values) => Buffer.from(JSON.stringify([mark, ...values])).toString('base64url'),
    read: (cursor) => {
      const [cursorMark, ...values] = parse(cursor);
      if (cursorMark !== mark || values.length !== terms.length) throw malformed();
      return terms.map((term, index) => termValue(term, values[index]));
    },
  };
}

function parse(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function termValue({ type, isNotNull }: OrderTerm, value: unknown): string | null {
  if (value === null && !isNotNull) return null;
  const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  const text = isScalar ? toParameter(type, String(value)) : null;
  if (text === null) throw malformed();
  return text;
}

function malformed(): CodedError {
  return new CodedError('MALFORMED_ID', '`after` is a cursor of an earlier page of the same list.');
}
