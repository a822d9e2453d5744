import type { UnifiedGraph } from '../../../../schema/unified-graph.ts';
import type { Unsubscribe } from './unsubscribe-page.ts';

const UNSUBSCRIBE = `mutation JourneyUnsubscribes($input: RecordEmailEngagementInput!) {
  recordEmailEngagement(input: $input) { emailEngagement { id } }
}`;

/**
 * Unsubscribes through the graph: marketing notes the engagement and withdraws the consent in one transaction. Each click is asked
 * for anew, since somebody may have agreed again in between; done twice it changes nothing. `newId` gives a new key at each call.
 */
export function createUnsubscribe(graph: UnifiedGraph, newId: () => string): Unsubscribe {
  return async (messageId) => {
    const input = {
      idempotencyKey: `list-unsubscribe:${messageId}:${newId()}`,
      // The domain of a `Message-ID` says nothing about which message it is.
      messageId: `<${messageId}@message.invalid>`,
      engagementType: 'UNSUBSCRIBED',
    };
    const { data, errors } = await graph.execute({ query: UNSUBSCRIBE, variables: { input } });
    if (data?.['recordEmailEngagement']) return 'DONE';
    const code = String(errors?.[0]?.extensions?.['code'] ?? 'INTERNAL_SERVER_ERROR');
    if (code === 'NOT_FOUND') return 'UNKNOWN';
    throw new Error(`Marketing did not take back the consent: ${code}.`);
  };
}
