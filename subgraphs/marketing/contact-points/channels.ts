import type { EngagementChannelType } from '../../../schema/generated/marketing.ts';

/** The schema's channels in the store's vocabulary. */
export const CHANNELS: Readonly<Record<EngagementChannelType, string>> = {
  EMAIL: 'E',
  SMS: 'S',
  PUSH: 'P',
  PHONE: 'T',
};
