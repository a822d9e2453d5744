import DataLoader from 'dataloader';
import type { Database } from '../../../../database/database.ts';
import type { DataUsePurpose, EngagementChannelType } from '../../../../schema/generated/marketing.ts';
import type { CloudContext } from '../../../cloud/context.ts';
import { guardStore, type OnWarning } from '../../../cloud/store-failure.ts';
import { CHANNEL_LETTERS, PURPOSE_WORDS, type StoredMessage } from './message-store.ts';

/** A message as the fields of `JourneyMessage` are resolved from. */
export type MessageSource = ReturnType<typeof messageOf>;

const CHANNELS = new Map(Object.entries(CHANNEL_LETTERS).map(([word, letter]) => [letter, word]));
const PURPOSES = new Map(Object.entries(PURPOSE_WORDS).map(([word, stored]) => [stored, word]));

/** The channel of a message in the schema's words. */
export function channelOf({ channel }: StoredMessage): EngagementChannelType {
  return CHANNELS.get(channel) as EngagementChannelType;
}

/** The purpose of a message in the schema's words. */
export function purposeOf({ purpose }: StoredMessage): DataUsePurpose {
  return PURPOSES.get(purpose) as DataUsePurpose;
}

/** A message in the schema's words, with the key of its instance. */
export function messageOf(row: StoredMessage) {
  return {
    id: row.message_id,
    idempotencyKey: row.idempotency_key,
    instanceId: row.instance_id,
    step: row.step,
    engagementChannelType: channelOf(row),
    status: row.state,
    messageId: row.header_message_id,
    contactPointValue: row.address,
    subject: row.subject,
    htmlBody: row.html_body,
    textBody: row.text_body,
    discountCode: row.discount_code,
    preparedAt: row.prepared_at,
    sentAt: row.sent_at,
    error: row.error,
  };
}

/** One page of messages, latest first. */
export interface MessagePage {
  readonly statuses: readonly string[] | null;
  readonly journeyId: string | null;
  readonly after: { readonly at: Date; readonly key: string } | null;
  /** So many are read. */
  readonly limit: number;
}

/** Reads messages for one operation: all of a kind that are asked for in one tick are one statement. */
export class MessageLoaders {
  readonly #database: Database;
  readonly #onWarning: OnWarning;
  readonly #signal: AbortSignal | undefined;
  /** By their own keys. One of which nothing is written yet is none. */
  readonly message = new DataLoader<string, StoredMessage | null>(async (ids) => {
    const rows = await this.#read(
      `SELECT * FROM marketing.journey_message WHERE message_id = ANY($1) AND state <> 'PLANNED'`,
      [ids],
    );
    const byId = new Map(rows.map((row) => [row.message_id, row]));
    return ids.map((id) => byId.get(id) ?? null);
  });
  /** Those of instances, oldest first. */
  readonly ofInstance = new DataLoader<string, StoredMessage[]>(async (ids) => {
    const rows = await this.#read(
      `SELECT * FROM marketing.journey_message WHERE instance_id = ANY($1) AND state <> 'PLANNED'
       ORDER BY planned_at, message_id`,
      [ids],
    );
    const byInstance = new Map<string, StoredMessage[]>(ids.map((id) => [id, []]));
    for (const row of rows) byInstance.get(row.instance_id)?.push(row);
    return ids.map((id) => byInstance.get(id) ?? []);
  });

  constructor(database: Database, onWarning: OnWarning, signal: AbortSignal | undefined) {
    this.#database = database;
    this.#onWarning = onWarning;
    this.#signal = signal;
  }

  /** One page over all messages, or those of a journey. */
  page({ statuses, journeyId, after, limit }: MessagePage): Promise<StoredMessage[]> {
    return this.#read(
      `SELECT * FROM marketing.journey_message
       WHERE state <> 'PLANNED' AND ($1::text[] IS NULL OR state = ANY($1)) AND ($2::text IS NULL OR journey_id = $2)
         AND ($3::timestamptz IS NULL OR (prepared_at, message_id) < ($3, $4::text))
       ORDER BY prepared_at DESC, message_id DESC LIMIT $5`,
      [statuses, journeyId, after?.at ?? null, after?.key ?? null, limit],
    );
  }

  #read(text: string, values: readonly unknown[]): Promise<StoredMessage[]> {
    return guardStore('marketing', this.#onWarning, () =>
      this.#database.query<StoredMessage>(text, values, this.#signal),
    );
  }
}

/** The loaders of operations; they are forgotten when a mutation has changed what they remember. */
export class MessageLoadersOf {
  readonly #database: Database;
  readonly #onWarning: OnWarning;
  readonly #known = new WeakMap<CloudContext, MessageLoaders>();

  constructor(database: Database, onWarning: OnWarning) {
    this.#database = database;
    this.#onWarning = onWarning;
  }

  /** Those of an operation. */
  of(context: CloudContext): MessageLoaders {
    const loaders = this.#known.get(context) ?? new MessageLoaders(this.#database, this.#onWarning, context.signal);
    this.#known.set(context, loaders);
    return loaders;
  }

  /** Reads anew from now on. */
  forget(context: CloudContext): void {
    this.#known.delete(context);
  }
}
