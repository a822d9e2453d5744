import { createUnsubscribe } from '../../subgraphs/marketing/journeys/sending/unsubscribe.ts';
import { createUnsubscribeLinks } from '../../subgraphs/marketing/journeys/sending/unsubscribe-links.ts';
import { createUnsubscribePage } from '../../subgraphs/marketing/journeys/sending/unsubscribe-page.ts';
import type { Start } from './start.ts';

/**
 * Serves the page where people unsubscribe for a marketing cloud that is elsewhere: both have to know the same UNSUBSCRIBE_KEY, and
 * without one there is no page here. Where marketing is in this process, its journeys bring the page.
 */
export function serveUnsubscribing(start: Start): void {
  const { config, graph, newId, onWarning } = start;
  const { unsubscribeKeys, publicUrl = '' } = config.mail;
  if (config.subgraphs['marketing']?.url === undefined || !graph || unsubscribeKeys.length === 0) return;
  const keys = unsubscribeKeys.map((key) => Buffer.from(key, 'utf8'));
  start.pages.push(
    createUnsubscribePage({
      links: createUnsubscribeLinks({ publicUrl, keys }),
      unsubscribe: createUnsubscribe(graph, newId),
      onFailure: () => onWarning('Somebody could not unsubscribe: marketing did not answer as it should.'),
    }),
  );
}
