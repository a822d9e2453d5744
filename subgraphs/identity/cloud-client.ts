import type { ExecutionResult } from 'graphql';
import { untilAborted } from '../../database/until-aborted.ts';
import type { CloudDescriptor } from '../../schema/clouds.ts';
import { CodedError, ERRORS, type ErrorCode } from '../../schema/errors.ts';
import type { ChangeKind } from '../../schema/generated/identity.ts';
import type { Principal } from '../../schema/principal.ts';
import type { SubgraphTransport } from '../../schema/subgraph-transport.ts';
import type { CanonicalProfile } from './resolution/canonical-profile.ts';

/** Names the contract takes at once. */
const IDS_PER_READ = 1_000;

/** Who identity is to a cloud. */
const IDENTITY: Principal = { subject: 'identity', roles: ['service'], scopes: [] };

/** What matching needs of a record; no other value of it leaves its cloud on the way to identity. */
const MATCHED_FIELDS = `
  dataSourceId dataSourceObjectId sourceRecordId firstName middleName lastName fullName birthDate
  contactPointAddresses { addressLine1 addressLine2 cityName stateProvinceName postalCodeText countryName }
  contactPointEmails { emailAddress }
  contactPointPhones { telephoneNumber formattedE164PhoneNumber }
  contactPointSocials { socialNetworkProvider socialHandleName }
  partyIdentifications { partyIdentificationType name identificationNumber }`;

const EVENT_FIELDS = `
  id cursor dataSourceId eventType objectType objectId sourceRecordId change changedFields occurredAt`;

/** One page of a cloud's records. */
export interface CloudPage {
  readonly records: readonly CanonicalProfile[];
  /** Where to continue, null when the page is empty. */
  readonly endCursor: string | null;
  readonly hasNextPage: boolean;
  /** Where the cloud's log of changes stood before the page was read. */
  readonly changesSince: string;
}

/** Records of a cloud that changed. */
export interface CloudChange {
  /** Where the cloud's log stands after this. */
  readonly cursor: string;
  /** Keys of the records. None, once, when everything that had changed before is told. */
  readonly sourceRecordIds: readonly string[];
}

/** Something that happened in a cloud, as `CloudEvent` of the contract says it. */
export interface CloudEvent {
  readonly id: string;
  /** Position after it. */
  readonly cursor: string;
  readonly dataSourceId: string;
  readonly eventType: string;
  readonly objectType: string;
  readonly objectId: string;
  /** Key of the cloud's own customer record that it belongs to, null when it belongs to none. */
  readonly sourceRecordId: string | null;
  readonly change: ChangeKind;
  readonly changedFields: readonly string[];
  /** ISO 8601. */
  readonly occurredAt: string;
}

/** Events of a cloud that were read together. */
export interface CloudEvents {
  /** Where the cloud's log stands after them. */
  readonly cursor: string;
  /** In order. None, once, when everything that had happened before is told. */
  readonly events: readonly CloudEvent[];
}

/** What of a cloud's log is read. */
export interface EventsOptions {
  /** Everything after it; null: from now on. */
  readonly since: string | null;
  /** Only events of these customer records of the cloud; of all when not given. */
  readonly sourceRecordIds?: readonly string[];
}

/**
 * A cloud as identity sees it. Every method throws a CodedError when the cloud gives no answer: SUBGRAPH_DOWN,
 * SUBGRAPH_TIMEOUT, SUBGRAPH_RATE_LIMITED, or MALFORMED_ID for a cursor that it does not know. `events` throws CURSOR_TOO_OLD
 * as well, for one whose events are kept no more.
 */
export interface CloudClient {
  readonly dataSourceId: string;
  /** Reads records in the order of their keys, from the beginning with `after` null; at most 1,000. */
  readPage(after: string | null, first: number): Promise<CloudPage>;
  /** Reads the records that exist of those named, however many. */
  readByIds(sourceRecordIds: readonly string[]): Promise<CanonicalProfile[]>;
  /** Keys of at most `first` records in whose name every word of the text begins a word. */
  searchNames(text: string, first: number, signal?: AbortSignal): Promise<string[]>;
  /** Changes after `since`, until the signal aborts. */
  changes(since: string, signal: AbortSignal): AsyncIterable<CloudChange>;
  /** What happens in the cloud, until the signal aborts. */
  events(options: EventsOptions, signal: AbortSignal): AsyncIterable<CloudEvents>;
}

/** Makes the client of one cloud over a way to its subgraph. */
export function createCloudClient(descriptor: CloudDescriptor, transport: SubgraphTransport): CloudClient {
  const cloud = descriptor.name;
  const records = `${cloud}SourceRecords`;
  const changed = `${cloud}SourceRecordChanged`;
  const read = async (query: string, variables: Record<string, unknown>, signal?: AbortSignal): Promise<CloudPage> => {
    const request = { query, variables, principal: IDENTITY, ...(signal ? { signal } : {}) };
    return fieldOf<CloudPage>(cloud, records, await answer(cloud, transport.execute(request)));
  };
  const pageQuery = `query ReadPage($after: Cursor, $first: Int!) {
    ${records}(after: $after, first: $first) { records {${MATCHED_FIELDS} } endCursor hasNextPage changesSince }
  }`;
  const idsQuery = `query ReadByIds($ids: [ID!]!, $first: Int!) {
    ${records}(ids: $ids, first: $first) { records {${MATCHED_FIELDS} } }
  }`;
  const namesQuery = `query SearchNames($text: String!, $first: Int!) {
    ${records}(nameSearch: $text, first: $first) { records { sourceRecordId } }
  }`;
  const changesQuery = `subscription Changes($since: Cursor!) { ${changed}(since: $since) { cursor sourceRecordIds } }`;
  const happened = `${cloud}Events`;
  const eventsQuery = `subscription Events($since: Cursor, $sourceRecordIds: [ID!]) {
    ${happened}(since: $since, sourceRecordIds: $sourceRecordIds) { cursor events {${EVENT_FIELDS} } } }`;
  return {
    dataSourceId: cloud,
    readPage: (after, first) => read(pageQuery, { after, first }),
    async readByIds(sourceRecordIds) {
      const found: CanonicalProfile[] = [];
      for (let at = 0; at < sourceRecordIds.length; at += IDS_PER_READ) {
        const ids = sourceRecordIds.slice(at, at + IDS_PER_READ);
        found.push(...(await read(idsQuery, { ids, first: ids.length })).records);
      }
      return found;
    },
    async searchNames(text, first, signal) {
      const page = await read(namesQuery, { text, first }, signal);
      return page.records.map((record) => record.sourceRecordId);
    },
    async *changes(since, signal) {
      const request = { query: changesQuery, variables: { since }, principal: IDENTITY, signal };
      for await (const result of answers(cloud, transport.subscribe(request), signal)) {
        yield fieldOf<CloudChange>(cloud, changed, result);
      }
    },
    async *events({ since, sourceRecordIds }, signal) {
      const request = { query: eventsQuery, variables: { since, sourceRecordIds }, principal: IDENTITY, signal };
      for await (const result of answers(cloud, transport.subscribe(request), signal)) {
        yield fieldOf<CloudEvents>(cloud, happened, result);
      }
    },
  };
}

/** The results of a subscription, until the signal aborts; whatever goes wrong on the way becomes an error with a code. */
async function* answers(
  cloud: string,
  results: AsyncIterable<ExecutionResult>,
  signal: AbortSignal,
): AsyncGenerator<ExecutionResult> {
  try {
    yield* untilAborted(results, signal);
  } catch (error) {
    throw codedFailure(cloud, error);
  }
}

/** Waits for the cloud; whatever goes wrong on the way becomes an error with a code. */
async function answer<T>(cloud: string, pending: Promise<T>): Promise<T> {
  try {
    return await pending;
  } catch (error) {
    throw codedFailure(cloud, error);
  }
}

function codedFailure(cloud: string, error: unknown): CodedError {
  return error instanceof CodedError ? error : failure(cloud, 'SUBGRAPH_DOWN');
}

/** The value of the one field that was asked for. */
function fieldOf<T>(cloud: string, field: string, result: ExecutionResult): T {
  const [error] = result.errors ?? [];
  const code = error?.extensions['code'];
  if (error) throw failure(cloud, isErrorCode(code) ? code : 'SUBGRAPH_DOWN');
  const value = result.data?.[field];
  if (value === null || value === undefined) throw failure(cloud, 'SUBGRAPH_DOWN');
  return value as T;
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code);
}

/** The cloud's own message is left out: it may quote values. */
function failure(cloud: string, code: ErrorCode): CodedError {
  return new CodedError(code, `The ${cloud} cloud gave no answer to identity.`);
}
