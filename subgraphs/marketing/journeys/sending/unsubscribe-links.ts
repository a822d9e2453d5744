import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Queryable } from '../../../../database/database.ts';

/** Path below the public address where unsubscribe links lead. */
export const UNSUBSCRIBE_PATH = '/unsubscribe/';

const KEY_BYTES = 16;
const SIGNATURE_BYTES = 16;
const KEY_NAME = 'unsubscribe';

/** Makes and reads the links by which people unsubscribe. A link does not run out: people open old mail. */
export interface UnsubscribeLinks {
  /** The link of a message. */
  urlOf(messageId: string): string;
  /** The message that a token is of, undefined when it is none of ours. */
  read(token: string): string | undefined;
}

/** Makes links. `keys` are secret: the first signs, all are accepted. A token is the message's key and its signature. */
export function createUnsubscribeLinks({
  publicUrl,
  keys,
}: {
  readonly publicUrl: string;
  readonly keys: readonly Uint8Array[];
}): UnsubscribeLinks {
  const [first] = keys;
  if (!first) throw new Error('Links need a key.');
  const base = publicUrl.replace(/\/+$/, '');
  return {
    urlOf: (messageId) => {
      const id = Buffer.from(messageId, 'hex');
      return `${base}${UNSUBSCRIBE_PATH}${Buffer.concat([id, sign(id, first)]).toString('base64url')}`;
    },
    read: (token) => {
      if (!/^[A-Za-z0-9_-]{43}$/.test(token)) return undefined;
      const bytes = Buffer.from(token, 'base64url');
      if (bytes.length !== KEY_BYTES + SIGNATURE_BYTES || bytes.toString('base64url') !== token) return undefined;
      const [id, signature] = [bytes.subarray(0, KEY_BYTES), bytes.subarray(KEY_BYTES)];
      return keys.some((key) => timingSafeEqual(sign(id, key), signature)) ? id.toString('hex') : undefined;
    },
  };
}

/** The key of the store, made by whoever needs it first: every process that has the store has the same. */
export async function storedUnsubscribeKey(queryable: Queryable, nowMs: number): Promise<Uint8Array> {
  await queryable.query(
    'INSERT INTO marketing.secret_key (name, value, created_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING',
    [KEY_NAME, randomBytes(32), new Date(nowMs)],
  );
  const [row] = await queryable.query<{ value: Uint8Array }>('SELECT value FROM marketing.secret_key WHERE name = $1', [
    KEY_NAME,
  ]);
  if (!row) throw new Error('The key of unsubscribe links is gone.');
  return row.value;
}

function sign(id: Uint8Array, key: Uint8Array): Buffer {
  return createHmac('sha256', key).update('unsubscribe').update(id).digest().subarray(0, SIGNATURE_BYTES);
}
