import type { Queryable } from '../../database/database.ts';
import type { Clock } from '../../schema/clock.ts';
import { CodedError } from '../../schema/errors.ts';
import type { WebsiteEngagementType } from '../../schema/generated/marketing.ts';
import { CHANNELS } from './contact-points/channels.ts';
import { liftSuppressions, suppressAddress } from './contact-points/suppressions.ts';

/** Input of `setContactPointConsent`, in the schema's words. */
export interface SetConsent {
  readonly subscriberKey: string;
  readonly engagementChannelType: keyof typeof CHANNELS;
  readonly dataUsePurpose: keyof typeof PURPOSES;
  readonly status: keyof typeof GRANTS;
  readonly captureSource: string | undefined;
}

/** Input of `recordWebsiteEngagement`, in the schema's words. */
export interface RecordWebsiteEngagement {
  readonly subscriberKey: string;
  readonly engagementType: WebsiteEngagementType;
  readonly productId: string | undefined;
}

/** Input of `suppressContactPoint`, in the schema's words. */
export interface SuppressContactPoint {
  readonly subscriberKey: string;
  readonly engagementChannelType: keyof typeof CHANNELS;
  readonly isSuppressed: boolean;
}

/** The audience store's own writes, each inside the transaction it is given. Throws NOT_FOUND. */
export interface MarketingStore {
  /** Records the latest decision for a subscriber, channel and purpose. Gives the consent's key. */
  setConsent(transaction: Queryable, input: SetConsent): Promise<string>;
  /** Notes what a subscriber did on the web. Gives the engagement's key. */
  recordWebsiteEngagement(transaction: Queryable, input: RecordWebsiteEngagement): Promise<string>;
  /** Suppresses the subscriber's contact point for a channel, or lifts what stands. Throws CONFLICT when there is none. */
  suppressContactPoint(transaction: Queryable, input: SuppressContactPoint): Promise<void>;
}

/** The schema's words in the store's vocabulary. */
const PURPOSES = { MARKETING: 'promo', TRANSACTIONAL: 'service', PROFILING: 'profile' } as const;
const PAGES: Readonly<Record<WebsiteEngagementType, string>> = {
  VIEWED_PRODUCT: 'product',
  VIEWED_PAGE: 'page',
  SEARCHED: 'search',
};
const GRANTS = { OPT_IN: 'Y', OPT_OUT: 'N', PENDING: '?' } as const;

/** Makes the audience store's writes. `newId` gives the keys of new rows. */
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

    async recordWebsiteEngagement(transaction, { subscriberKey, engagementType, productId }) {
      const [event] = await transaction.query<{ event_id: string }>(
        `INSERT INTO marketing.web_event (event_id, subscriber_key, kind, product_id, happened_on)
         SELECT $1::text, subscriber_key, $3::text, $4::text, $5::timestamptz
         FROM marketing.subscriber WHERE subscriber_key = $2
         RETURNING event_id`,
        [options.newId(), subscriberKey, PAGES[engagementType], productId ?? null, new Date(options.clock())],
      );
      if (!event) throw new CodedError('NOT_FOUND', 'There is no subscriber with this key.');
      return event.event_id;
    },

    async suppressContactPoint(transaction, { subscriberKey, engagementChannelType: channel, isSuppressed }) {
      if (!isSuppressed) return liftSuppressions(transaction, subscriberKey, channel);
      const address = { subscriberKey, channel, reason: 'MANUAL' } as const;
      return suppressAddress(transaction, address, new Date(options.clock()), options.newId);
    },
  };
}
