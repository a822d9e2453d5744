import type { CanonicalRecord, MatchRecord } from '../subgraphs/identity/resolution/match-record.ts';
import { normaliseRecord } from '../subgraphs/identity/resolution/normalise/record.ts';
import { type BadLine, readNdjson } from './ndjson.ts';

const PROGRESS_EVERY = 50_000;
const LISTS = ['emailAddresses', 'telephoneNumbers', 'addresses', 'socialAccounts', 'partyIdentifications'] as const;
const TEXTS = ['firstName', 'middleName', 'lastName', 'fullName', 'birthDate'] as const;

/** Whoever wants to know how reading goes. */
export interface ReadingObserver {
  onBadLine(bad: BadLine): void;
  /** Called now and then with the records read so far. */
  onProgress(records: number): void;
}

/** Reads canonical source records from files, in normal form. Lines that are none are told and skipped. */
export function* readMatchRecords(files: readonly string[], observer: ReadingObserver): Generator<MatchRecord> {
  let records = 0;
  for (const file of files) {
    for (const { value, line } of readNdjson(file, (bad) => observer.onBadLine(bad))) {
      const record = asCanonicalRecord(value);
      if (typeof record === 'string') {
        observer.onBadLine({ file, line, reason: record });
        continue;
      }
      yield normaliseRecord(record);
      records += 1;
      if (records % PROGRESS_EVERY === 0) observer.onProgress(records);
    }
  }
}

/** The record, or what is wrong with it. Numbers where texts belong are taken for texts, as exports write them. */
function asCanonicalRecord(value: Record<string, unknown>): CanonicalRecord | string {
  for (const id of ['dataSourceId', 'sourceRecordId']) {
    if (typeof value[id] === 'number') value[id] = String(value[id]);
    if (typeof value[id] !== 'string' || value[id] === '') return `${id} is missing`;
  }
  for (const field of TEXTS) {
    const text = value[field];
    if (typeof text === 'number') value[field] = String(text);
    else if (text !== undefined && text !== null && typeof text !== 'string') return `${field} is not a text`;
  }
  for (const field of LISTS) {
    const list = value[field];
    if (list === undefined || list === null) continue;
    if (!Array.isArray(list)) return `${field} is not a list`;
    const isText = field === 'emailAddresses' || field === 'telephoneNumbers';
    for (let i = 0; i < list.length; i += 1) {
      if (isText && typeof list[i] === 'number') list[i] = String(list[i]);
      if (list[i] !== null && typeof list[i] !== (isText ? 'string' : 'object')) return `${field} holds something else`;
    }
    value[field] = list.filter((item: unknown) => item !== null);
  }
  const { attributes } = value;
  if (attributes !== undefined && attributes !== null && (typeof attributes !== 'object' || Array.isArray(attributes)))
    return 'attributes is not an object';
  return value as unknown as CanonicalRecord;
}
