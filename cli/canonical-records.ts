import type { CanonicalRecord, MatchRecord } from '../subgraphs/identity/resolution/match-record.ts';
import { normaliseRecord } from '../subgraphs/identity/resolution/normalise/record.ts';
import { type BadLine, readNdjson } from './ndjson.ts';

const PROGRESS_EVERY = 50_000;
/** The lists, and which texts the objects of each have; those without any are lists of texts. */
const LISTS: readonly (readonly [string, readonly string[] | null])[] = [
  ['emailAddresses', null],
  ['telephoneNumbers', null],
  ['addresses', ['addressLine1', 'addressLine2', 'cityName', 'stateProvinceName', 'postalCodeText', 'countryName']],
  ['socialAccounts', ['socialNetworkProvider', 'socialHandleName']],
  ['partyIdentifications', ['partyIdentificationType', 'name', 'identificationNumber']],
];
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
  // Records are named `dataSourceId|sourceRecordId`: a second bar would make two records one.
  if ((value['dataSourceId'] as string).includes('|')) return 'dataSourceId holds a bar';
  const fault = faultOfTexts(value, TEXTS) ?? faultOfLists(value) ?? faultOfAttributes(value);
  return fault ?? (value as unknown as CanonicalRecord);
}

function faultOfTexts(value: Record<string, unknown>, fields: readonly string[]): string | null {
  for (const field of fields) {
    const text = value[field];
    if (typeof text === 'number') value[field] = String(text);
    else if (text !== undefined && text !== null && typeof text !== 'string') return `${field} is not a text`;
  }
  return null;
}

function faultOfLists(value: Record<string, unknown>): string | null {
  for (const [field, texts] of LISTS) {
    const list = value[field];
    if (list === undefined || list === null) continue;
    if (!Array.isArray(list)) return `${field} is not a list`;
    const kept: unknown[] = [];
    for (const item of list as readonly unknown[]) {
      if (item === null) continue;
      if (texts === null) {
        if (typeof item !== 'string' && typeof item !== 'number') return `${field} holds something else`;
        kept.push(String(item));
        continue;
      }
      if (typeof item !== 'object' || Array.isArray(item)) return `${field} holds something else`;
      const fault = faultOfTexts(item as Record<string, unknown>, texts);
      if (fault !== null) return `${field}: ${fault}`;
      kept.push(item);
    }
    value[field] = kept;
  }
  return null;
}

function faultOfAttributes({ attributes }: Record<string, unknown>): string | null {
  if (attributes === undefined || attributes === null) return null;
  if (typeof attributes !== 'object' || Array.isArray(attributes)) return 'attributes is not an object';
  for (const attribute of Object.values(attributes)) {
    if (typeof attribute === 'object' && attribute !== null) return 'attributes holds something else';
  }
  return null;
}
