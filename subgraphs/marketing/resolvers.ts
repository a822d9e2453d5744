import { CodedError } from '../../schema/errors.ts';
import { checkLength, isIn, latestFirst, type PageArguments } from '../cloud/arguments.ts';
import type { CloudContext, CloudResolvers } from '../cloud/context.ts';
import {
  changedRow,
  changedRows,
  customerPage,
  customerRows,
  entityByKey,
  rootPage,
  rowByKey,
} from '../cloud/fields.ts';
import type { IdempotentInput, IdempotentWrite } from '../cloud/idempotent-writes.ts';
import { checkReach } from '../cloud/own-records.ts';
import type { MarketingStore, RecordWebsiteEngagement, SetConsent, SuppressContactPoint } from './store.ts';

interface ConsentsArguments {
  readonly channels?: readonly string[] | null;
  readonly purposes?: readonly string[] | null;
}

interface EngagementsArguments extends PageArguments {
  readonly types?: readonly string[] | null;
}

interface CampaignsArguments extends PageArguments {
  readonly statuses?: readonly string[] | null;
}

interface SetConsentArguments {
  readonly input: IdempotentInput & Omit<SetConsent, 'captureSource'> & { readonly captureSource?: string | null };
}

interface RecordWebsiteEngagementArguments {
  readonly input: IdempotentInput & Omit<RecordWebsiteEngagement, 'productId'> & { readonly productId?: string | null };
}

interface SuppressContactPointArguments {
  readonly input: IdempotentInput & SuppressContactPoint;
}

const OWNED = { by: 'subscriberKey' } as const;
const CAPTURE_SOURCE_LIMIT = 200;
const PRODUCT_ID_LIMIT = 200;

/** Resolvers of marketing's own types. */
export function createMarketingResolvers(store: MarketingStore, write: IdempotentWrite): CloudResolvers {
  return {
    Customer: {
      contactPointConsents: customerRows<ConsentsArguments>({
        ...OWNED,
        object: 'ContactPointConsent',
        where: ({ channels, purposes }) => [
          ...isIn('engagementChannelType', channels),
          ...isIn('dataUsePurpose', purposes),
        ],
      }),
      campaignMembers: customerPage({
        ...OWNED,
        object: 'CampaignMember',
        orderBy: [latestFirst('joinedDate')],
      }),
      emailEngagements: customerPage<EngagementsArguments>({
        ...OWNED,
        object: 'EmailEngagement',
        orderBy: [latestFirst('engagementDate')],
        where: ({ types }) => isIn('engagementType', types),
      }),
      websiteEngagements: customerPage({
        ...OWNED,
        object: 'WebsiteEngagement',
        orderBy: [latestFirst('engagementDate')],
      }),
      contactPointSuppressions: customerRows({ ...OWNED, object: 'ContactPointSuppression' }),
    },
    Query: {
      campaign: rowByKey('Campaign'),
      campaigns: rootPage<CampaignsArguments>('Campaign', ({ statuses }) => ({
        orderBy: [latestFirst('startDate')],
        where: isIn('status', statuses),
      })),
    },
    ContactPointConsent: { __resolveReference: entityByKey('ContactPointConsent') },
    Campaign: { __resolveReference: entityByKey('Campaign') },
    CampaignMember: { __resolveReference: entityByKey('CampaignMember') },
    EmailEngagement: { __resolveReference: entityByKey('EmailEngagement') },
    WebsiteEngagement: { __resolveReference: entityByKey('WebsiteEngagement') },
    ContactPointSuppression: { __resolveReference: entityByKey('ContactPointSuppression') },
    Mutation: createMutations(store, write),
    SetContactPointConsentPayload: { contactPointConsent: changedRow('ContactPointConsent', 'id') },
    RecordWebsiteEngagementPayload: { websiteEngagement: changedRow('WebsiteEngagement', 'id') },
    SuppressContactPointPayload: {
      contactPointSuppressions: changedRows('ContactPointSuppression', OWNED.by),
    },
  };
}

function createMutations(store: MarketingStore, write: IdempotentWrite): CloudResolvers[string] {
  return {
    setContactPointConsent: (_source: unknown, { input }: SetConsentArguments, context: CloudContext) => {
      const captureSource = input.captureSource ?? undefined;
      if (captureSource !== undefined) checkLength('captureSource', captureSource, CAPTURE_SOURCE_LIMIT);
      checkReach(input.subscriberKey, context, 'There is no subscriber with this key.');
      return write(context, 'setContactPointConsent', input, async (transaction) => ({
        id: await store.setConsent(transaction, { ...input, captureSource }),
      }));
    },
    recordWebsiteEngagement: (_source: unknown, { input }: RecordWebsiteEngagementArguments, context: CloudContext) => {
      const productId = input.productId ?? undefined;
      if (productId !== undefined) checkLength('productId', productId, PRODUCT_ID_LIMIT);
      else if (input.engagementType === 'VIEWED_PRODUCT') {
        throw new CodedError('BAD_USER_INPUT', '`productId` says which product was looked at.');
      }
      checkReach(input.subscriberKey, context, 'There is no subscriber with this key.');
      return write(context, 'recordWebsiteEngagement', input, async (transaction) => ({
        id: await store.recordWebsiteEngagement(transaction, { ...input, productId }),
      }));
    },
    suppressContactPoint: (_source: unknown, { input }: SuppressContactPointArguments, context: CloudContext) =>
      write(context, 'suppressContactPoint', input, async (transaction) => {
        await store.suppressContactPoint(transaction, input);
        return { subscriberKey: input.subscriberKey };
      }),
  };
}
