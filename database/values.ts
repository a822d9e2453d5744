import { formatArray, parseArray } from './arrays.ts';

type ParseValue = (text: string) => unknown;

/** Farthest times that a Date can show; PostgreSQL's `infinity` becomes one of them. */
const FARTHEST_MS = 8.64e15;

/** Types by their number in pg_type, with what their text becomes. Every other type stays the text that PostgreSQL writes. */
const PARSERS: ReadonlyMap<number, ParseValue> = new Map<number, ParseValue>([
  [16, (text) => text === 't'],
  [17, (text) => Buffer.from(text.slice(2), 'hex')],
  [20, Number],
  [21, Number],
  [23, Number],
  [26, Number],
  [700, Number],
  [701, Number],
  [114, (text) => JSON.parse(text)],
  [3802, (text) => JSON.parse(text)],
  [1114, (text) => parseTime(`${text}+00`)],
  [1184, parseTime],
]);

/** Arrays by their number in pg_type, with the number of their elements' type. */
const ELEMENTS: ReadonlyMap<number, number> = new Map([
  [199, 114],
  [1000, 16],
  [1001, 17],
  [1002, 18],
  [1003, 19],
  [1005, 21],
  [1007, 23],
  [1009, 25],
  [1014, 1042],
  [1015, 1043],
  [1016, 20],
  [1021, 700],
  [1022, 701],
  [1028, 26],
  [1115, 1114],
  [1182, 1082],
  [1183, 1083],
  [1185, 1184],
  [1187, 1186],
  [1231, 1700],
  [2951, 2950],
  [3807, 3802],
]);

/**
 * What a column's text becomes: boolean, integers, floats and int8 a boolean or number, bytea a Buffer, json and jsonb
 * what they hold, timestamptz a Date, timestamp without zone a Date as if in UTC, arrays of these an array. Everything
 * else (numeric, date, uuid, time, interval, enums, ranges …) stays text.
 */
export function parserOf(type: number): ParseValue {
  return PARSER_CACHE.get(type) ?? keepText;
}

/**
 * What a parameter is sent as: null and undefined as NULL, Date as ISO 8601, Uint8Array as bytea, an array as an array of
 * PostgreSQL, any other object as JSON. A JSON *array* is handed over as text: `JSON.stringify(list)`.
 */
export function formatParameter(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value !== 'object') return String(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return formatArray(value, formatParameter);
  return JSON.stringify(value);
}

const PARSER_CACHE: ReadonlyMap<number, ParseValue> = new Map<number, ParseValue>([
  ...PARSERS,
  ...[...ELEMENTS].map(([array, element]): [number, ParseValue] => [
    array,
    (text) => parseArray(text, PARSERS.get(element) ?? keepText),
  ]),
]);

function keepText(text: string): string {
  return text;
}

/** `2024-05-06 07:08:09.123456+00`, as every session here writes times. */
function parseTime(text: string): Date {
  if (text.startsWith('infinity')) return new Date(FARTHEST_MS);
  if (text.startsWith('-infinity')) return new Date(-FARTHEST_MS);
  return new Date(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));
}
