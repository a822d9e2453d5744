import { GraphQLScalarType, Kind, type ValueNode } from 'graphql';
import { parseCustomer360Id } from './customer360-id.ts';
import { CodedError } from './errors.ts';

const ISO_INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/;
const ISO_DAY = /^\d{4}-\d{2}-\d{2}$/;
const DECIMAL = /^-?\d{1,30}(\.\d{1,18})?$/;
const RECORD_IDS_LIMIT = 10_000;

/** Resolvers of every scalar that the subgraphs share, by name. Parsing throws BAD_USER_INPUT or MALFORMED_ID. */
export const SCALARS: Record<string, GraphQLScalarType> = {
  DateTime: textScalar('DateTime', parseDateTime, serializeDateTime),
  Date: textScalar('Date', parseDay, (value) => parseDay(String(value))),
  Decimal: textScalar('Decimal', parseDecimal, (value) => parseDecimal(String(value))),
  Cursor: textScalar('Cursor', (text) => text, String),
  Customer360Id: textScalar('Customer360Id', parseCustomer360Id, parseCustomer360Id),
  RecordIds: new GraphQLScalarType({ name: 'RecordIds', parseValue: parseRecordIds, serialize: parseRecordIds }),
};

function textScalar(
  name: string,
  parse: (text: string) => string,
  serialize: (value: unknown) => string,
): GraphQLScalarType {
  const parseValue = (value: unknown): string => {
    if (typeof value !== 'string') throw new CodedError('BAD_USER_INPUT', `${name} is given as a string.`);
    return parse(value);
  };
  const parseLiteral = (node: ValueNode): string => {
    if (node.kind !== Kind.STRING) throw new CodedError('BAD_USER_INPUT', `${name} is given as a string.`);
    return parse(node.value);
  };
  return new GraphQLScalarType({ name, parseValue, parseLiteral, serialize });
}

function parseDateTime(text: string): string {
  const instant = Date.parse(text);
  if (!ISO_INSTANT.test(text) || Number.isNaN(instant)) {
    throw new CodedError('BAD_USER_INPUT', 'DateTime is ISO 8601 with a time zone, such as 2026-03-01T08:30:00.000Z.');
  }
  return new Date(instant).toISOString();
}

function serializeDateTime(value: unknown): string {
  return value instanceof Date ? value.toISOString() : parseDateTime(String(value));
}

function parseDay(text: string): string {
  const instant = ISO_DAY.test(text) ? Date.parse(`${text}T00:00:00.000Z`) : Number.NaN;
  if (Number.isNaN(instant) || new Date(instant).toISOString().slice(0, 10) !== text) {
    throw new CodedError('BAD_USER_INPUT', 'Date is a calendar day such as 1984-02-29.');
  }
  return text;
}

function parseDecimal(text: string): string {
  if (!DECIMAL.test(text)) throw new CodedError('BAD_USER_INPUT', 'Decimal is a string of digits such as "19.90".');
  return text;
}

function parseRecordIds(value: unknown): string[] {
  if (!Array.isArray(value) || value.length > RECORD_IDS_LIMIT || value.some((id) => typeof id !== 'string')) {
    throw new CodedError('MALFORMED_ID', `RecordIds is a list of at most ${RECORD_IDS_LIMIT} strings.`);
  }
  return value;
}
