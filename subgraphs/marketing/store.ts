import type { Queryable } from '../../database/database.ts';
import type { Clock } from '../../schema/clock.ts';
import { CodedError } from '../../schema/errors.ts';

/** Input of `setContactPointConsent`, in the schema's words. */
export interface SetConsent {
  readonly subscriberKey: string;
  readonly engagementChannelType: keyof typeof CHANNELS;
  readonly dataUsePurpose: keyof typeof PURPOSES;
  readonly status: keyof typeof GRANTS;
  readonly captureSource: string | undefined;
}

/** The audience store's own writes, each inside the transaction it is given. Throws NOT_FOUND. */
export interface MarketingStore {
  /** Records the latest decision for a subscriber, channel and purpose. Gives the consent's key. */
  setConsent(transaction: Queryable, input: SetConsent): Promise<string>;
}

/** The schema's words in the store's vocabulary. */
const CHANNELS = { EMAIL: 'E', SMS: 'S', PUSH: 'P', PHONE: 'T' } as const;
const PURPOSES = { MARKETING: 'promo', TRANSACTIONAL: 'service', PROFILING: 'profile' } as const;
const GRANTS = { OPT_IN: 'Y', OPT_OUT: 'N', PENDING: '?' } as const;

/** Makes the audience store's writes. `newId` gives the keys of new consents. */
export function createMarketingStore(options: { readonly clock: Clock; readonly newId: () => string }): MarketingStore {
  return {
    async setConsent(transaction, input) {
      const [consent] = await transaction.query<{ consent_id: string }>(
        `INSERT INTO marketing.consent
           (consent_id, subscriber_key, channel, purpose, address, granted, captured_on, captured_by)
         SELECT $1::text, subscriber_key, $3::text, $4::text,
                CASE $3::text WHEN 'E' THEN email_address WHEN 'S' THEN mobile_number WHEN 'T' THEN mobile_number END,
                $5::text, $6::timestamptz, $7::text
         FROM marketing.subscriber WHERE subscriber_key = $2
         ON CONFLICT (subscriber_key, channel, purpose) DO UPDATE SET
           address = excluded.address, granted = excluded.granted,
           captured_on = excluded.captured_on, captured_by = excluded.captured_by
         RETURNING consent_id`,
        [
          options.newId(),
          input.subscriberKey,
          CHANNELS[input.engagementChannelType],
          PURPOSES[input.dataUsePurpose],
          GRANTS[input.status],
          new Date(options.clock()),
          input.captureSource ?? null,
        ],
      );
      if (!consent) throw new CodedError('NOT_FOUND', 'There is no subscriber with this key.');
      return consent.consent_id;
    },
  };
}
