import { createConsumer } from '../../../../database/consumer.ts';
import type { ConsumedEvent, Consumer, ConsumerOptions } from '../../../../database/consumer-contract.ts';
import type { Queryable } from '../../../../database/database.ts';
import type { JourneyParts } from '../parts.ts';
import { wakeWorkers } from '../store/events.ts';
import { checkEverybody, checkEveryCart, putSeeds } from '../store/seeds.ts';
import { commerceEffect, type Effect, identityEffect, marketingEffect, serviceEffect } from './effects.ts';
import { type CloudEvent, cloudEvents, identityEvents } from './event-sources.ts';

/** Names of the consumers: their positions go by them, for ever. */
export const CONSUMERS = {
  commerce: 'journeys:commerce',
  service: 'journeys:service',
  marketing: 'journeys:marketing',
  identity: 'journeys:identity',
} as const;

/**
 * Makes the consumers of everything that journeys wait for: each event has its effect once. They may be made without being started,
 * to try events again that were set aside.
 */
export function createJourneyConsumers(
  parts: Pick<JourneyParts, 'database' | 'clock' | 'graph' | 'wait' | 'log'>,
): readonly Consumer[] {
  const { database, clock, graph, wait, log } = parts;
  const onWarning = (message: string) => log.warn({}, message);
  // What was lost is looked up where there is something to look at; the next event of a case or a visit is looked at as ever.
  const lost = (log: string): void =>
    onWarning(`Events of ${log} that journeys wait for were lost: retention was over.`);
  const make = <Event extends ConsumedEvent>(options: ConsumerOptions<Event>): Consumer =>
    createConsumer(options, { database, schema: 'marketing', clock, wait, onWarning });
  const cloud = (
    name: 'commerce' | 'service' | 'marketing',
    apply: Effect<CloudEvent>,
    lookUp: (transaction: Queryable) => Promise<void> = async () => {},
  ): Consumer => {
    const onGap = (transaction: Queryable): Promise<void> => {
      lost(name);
      return lookUp(transaction);
    };
    return make({ name: CONSUMERS[name], log: name, source: cloudEvents(graph, name), apply, onGap });
  };
  return [
    cloud('commerce', commerceEffect(clock), async (transaction) => {
      await putSeeds(transaction, ['ORDERS', 'CARTS'], clock());
      await checkEveryCart(transaction, clock());
      await wakeWorkers(transaction);
    }),
    cloud('service', serviceEffect(clock)),
    cloud('marketing', marketingEffect(clock)),
    make({
      name: CONSUMERS.identity,
      log: 'identity',
      source: identityEvents(graph),
      apply: identityEffect(clock),
      async onGap(transaction) {
        lost('identity');
        await checkEverybody(transaction, clock());
        await wakeWorkers(transaction);
      },
    }),
  ];
}
