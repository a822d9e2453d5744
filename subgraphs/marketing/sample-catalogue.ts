import { daysAgo, type SampleContext, type SampleRow } from '../sample-data/sample-cloud.ts';

/** What members and e-mail events need to know of a campaign. */
export interface SampleCampaign {
  readonly campaignId: string;
  readonly title: string;
  readonly stage: 'draft' | 'live' | 'done' | 'stopped';
  readonly channel: 'E' | 'S' | 'P' | 'T';
  readonly startsDaysAgo: number;
  /** Days from the start to the end; without it the campaign has no end. */
  readonly days?: number;
  /** Part of the subscribers that it reaches, 0 to 1. */
  readonly reach: number;
  /** Subject line of its e-mail. */
  readonly subject?: string;
  /** Where its e-mail leads. */
  readonly url?: string;
}

const SHOP = 'https://shop.example';

/** Every campaign: in all stages and on all channels. */
export const CAMPAIGNS: readonly SampleCampaign[] = [
  {
    campaignId: 'cmp-001',
    title: 'Welcome series',
    stage: 'live',
    channel: 'E',
    startsDaysAgo: 730,
    reach: 0.5,
    subject: 'Good to have you here',
    url: `${SHOP}/welcome`,
  },
  {
    campaignId: 'cmp-002',
    title: 'Garden opening',
    stage: 'done',
    channel: 'E',
    startsDaysAgo: 210,
    days: 21,
    reach: 0.45,
    subject: 'Time to open the garden',
    url: `${SHOP}/garden`,
  },
  {
    campaignId: 'cmp-003',
    title: 'Summer picnic',
    stage: 'done',
    channel: 'E',
    startsDaysAgo: 110,
    days: 28,
    reach: 0.4,
    subject: 'Everything for the blanket',
    url: `${SHOP}/picnic`,
  },
  {
    campaignId: 'cmp-004',
    title: 'Kitchen week',
    stage: 'live',
    channel: 'E',
    startsDaysAgo: 9,
    days: 14,
    reach: 0.45,
    subject: 'Seven days, seven pans',
    url: `${SHOP}/kitchen`,
  },
  {
    campaignId: 'cmp-005',
    title: 'Abandoned cart reminder',
    stage: 'live',
    channel: 'E',
    startsDaysAgo: 365,
    reach: 0.2,
    subject: 'You left something behind',
    url: `${SHOP}/cart`,
  },
  {
    campaignId: 'cmp-006',
    title: 'Flash sale by text',
    stage: 'stopped',
    channel: 'S',
    startsDaysAgo: 60,
    days: 2,
    reach: 0.15,
  },
  { campaignId: 'cmp-007', title: 'Reward points news', stage: 'live', channel: 'P', startsDaysAgo: 45, reach: 0.12 },
  {
    campaignId: 'cmp-008',
    title: 'Win-back calls',
    stage: 'done',
    channel: 'T',
    startsDaysAgo: 160,
    days: 30,
    reach: 0.05,
  },
  {
    campaignId: 'cmp-009',
    title: 'Winter gifts',
    stage: 'draft',
    channel: 'E',
    startsDaysAgo: -30,
    days: 40,
    reach: 0.3,
    subject: 'Gifts that last',
    url: `${SHOP}/gifts`,
  },
  {
    campaignId: 'cmp-010',
    title: 'Tea tasting invitation',
    stage: 'stopped',
    channel: 'E',
    startsDaysAgo: 300,
    days: 10,
    reach: 0.1,
    subject: 'Three cups with us',
    url: `${SHOP}/tea`,
  },
];

/** The campaigns as rows. */
export function campaignRows(context: SampleContext): readonly SampleRow[] {
  return CAMPAIGNS.map((campaign) => ({
    campaign_id: campaign.campaignId,
    title: campaign.title,
    stage: campaign.stage,
    channel: campaign.channel,
    starts_on: daysAgo(context, campaign.startsDaysAgo),
    ends_on: campaign.days === undefined ? null : daysAgo(context, campaign.startsDaysAgo - campaign.days),
  }));
}
