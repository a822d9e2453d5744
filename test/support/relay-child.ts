import { EventBus } from '../../database/nats/event-bus.ts';
import { createOutboxReader } from '../../database/outbox-reader.ts';
import { openPostgresql } from '../../database/postgresql.ts';
import { parseNatsUrl } from '../../schema/nats-address.ts';

/** A process that relays a store's log and may be killed at any moment. */
async function main(databaseUrl: string, natsUrl: string, schema: string, logId: string): Promise<void> {
  const database = await openPostgresql({ url: databaseUrl });
  const address = parseNatsUrl(natsUrl);
  if (!address) throw new Error('This is no address of NATS.');
  const bus = new EventBus({
    address,
    name: 'relay',
    prefix: 'test',
    retentionMs: 3_600_000,
    replicas: 1,
    clock: Date.now,
    log: { info: () => {}, warn: () => {} },
  });
  bus.relay({ store: schema, reader: createOutboxReader({ database, schema }) }, logId);
}

const [databaseUrl = '', natsUrl = '', schema = '', logId = ''] = process.argv.slice(2);
void main(databaseUrl, natsUrl, schema, logId);
