import { hostname } from 'node:os';
import type { Database } from '../../database/database.ts';
import type { EventBus } from '../../database/nats/event-bus.ts';
import { createOutboxReader, type OutboxReader } from '../../database/outbox-reader.ts';
import { identityLogReader, stripped } from '../../subgraphs/identity/log-reader.ts';
import type { IdentityRepository } from '../../subgraphs/identity/store/repository.ts';
import type { Metrics } from '../metrics.ts';
import type { Start } from './start.ts';

/** Opens the way to NATS. Nothing of it is loaded before. */
export async function openEventBus(start: Start): Promise<EventBus | null> {
  const { config, clock, metrics } = start;
  if (!config.nats) return null;
  const { EventBus } = await import('../../database/nats/event-bus.ts');
  const reads = metrics.counter({
    name: 'c360_events_read_total',
    help: 'Events that were read, by the store they are of and where they were read.',
    labels: ['store', 'from'],
  });
  const bus = new EventBus({
    ...config.nats,
    name: `customer360 ${hostname()}`,
    retentionMs: config.eventRetentionMs,
    clock,
    log: start.parts.log,
    onRead: (store, from, count) => reads.add([store, from], count),
  });
  start.closing.add(() => bus.close());
  addBusMetrics(metrics, bus);
  return bus;
}

/** Relays the log of one of our own clouds, and gives what reads it there; undefined without NATS. */
export async function relayCloudLog(start: Start, name: string, database: Database): Promise<OutboxReader | undefined> {
  const bus = await start.eventBus();
  if (!bus) return undefined;
  const { readLogId } = await import('../../database/nats/log-id.ts');
  return bus.relay(
    { store: name, reader: createOutboxReader({ database, schema: name }) },
    await readLogId(database, name),
  );
}

/** Relays identity's log, without what an erasure takes out of it: a stream keeps what it was given. */
export async function relayIdentityLog(start: Start, repository: IdentityRepository): Promise<void> {
  const bus = await start.eventBus();
  if (!bus) return;
  const { hashedLogId } = await import('../../database/nats/log-id.ts');
  const reader =
    repository.engine === 'sql'
      ? createOutboxReader({ database: await start.openStore('identity'), schema: 'identity' })
      : identityLogReader(repository);
  bus.relay({ store: 'identity', reader, strip: stripped }, hashedLogId(await repository.hashKey()));
}

function addBusMetrics(metrics: Metrics, bus: EventBus): void {
  const labels = ['store'];
  metrics.gauge({ name: 'c360_nats_up', help: '1 while NATS can be reached.' }, () => [[[], Number(bus.isUp)]]);
  metrics.gauge(
    {
      name: 'c360_event_relay_lag_seconds',
      help: 'Age of the oldest event of a store that its stream does not have yet; 0 when it has all.',
      labels,
    },
    () => bus.relays.map(({ store, lagSeconds }) => [[store], lagSeconds]),
  );
  metrics.gauge(
    { name: 'c360_event_relay_active', help: '1 where this process is the one that relays the store.', labels },
    () => bus.relays.map(({ store, isActive }) => [[store], Number(isActive)]),
  );
  metrics.gauge(
    { name: 'c360_events_relayed_total', help: 'Events of a store that this process has published.', labels },
    () => bus.relays.map(({ store, published }) => [[store], published]),
    'counter',
  );
}
