import { randomUUID } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { openPglite } from '../../database/pglite.ts';
import { createCustomer360IdGenerator } from '../../schema/customer360-id.ts';
import { createCloudClient } from '../../subgraphs/identity/cloud-client.ts';
import { createEngine } from '../../subgraphs/identity/durable/create-engine.ts';
import { createDurableResolver } from '../../subgraphs/identity/durable/durable-resolver.ts';
import { createHouseholdIdGenerator } from '../../subgraphs/identity/durable/household-id.ts';
import { createFollower } from '../../subgraphs/identity/follow.ts';
import { createSqlRepository } from '../../subgraphs/identity/store/sql.ts';
import { type Mutation, mutationAt } from './follow-story.ts';
import { MemoryCloud } from './memory-cloud.ts';

/**
 * A process that follows a cloud whose story stands in a file, and goes on writing the story while it follows.
 * It may be killed at any moment and started again on the same folder and file. Writes one JSON object a line:
 * where it starts, what it has stored, and that it is done.
 */
async function main(folder: string, file: string, length: number): Promise<void> {
  const database = await openPglite({ directory: folder });
  const repository = createSqlRepository({ database });
  await repository.prepare();
  const cloud = new MemoryCloud('commerce');
  const tell = (mutation: Mutation): void =>
    mutation.profile ? cloud.put(mutation.profile) : cloud.remove(mutation.sourceRecordId);
  const told = readFileSync(file, 'utf8').split('\n').filter(Boolean).length;
  for (let index = 0; index < told; index += 1) tell(mutationAt(index));
  say({ start: await repository.positionOf('commerce') });
  const resolver = createDurableResolver({
    repository,
    createEngine,
    clock: Date.now,
    newCustomer360Id: createCustomer360IdGenerator(Date.now),
    newMergeEventId: randomUUID,
    newHouseholdId: createHouseholdIdGenerator(Date.now),
    reviewIntervalMs: 0,
  });
  const follower = createFollower({
    repository,
    resolver: {
      fingerprint: resolver.fingerprint,
      async resolve(batch) {
        const outcome = await resolver.resolve(batch);
        if (batch.progress) say({ stored: batch.progress.position });
        return outcome;
      },
      tidy: (lease) => resolver.tidy(lease),
    },
    clouds: [createCloudClient({ name: 'commerce', entities: [] }, cloud)],
    clock: Date.now,
    holder: 'child',
    pageSize: 20,
    log: { info: () => {}, warn: (fields) => say({ warning: fields }) },
  });
  follower.start();
  for (let index = told; index < length; index += 1) {
    appendFileSync(file, `${index}\n`);
    tell(mutationAt(index));
    for (let turn = 0; turn < 20; turn += 1) await setImmediate();
  }
  const end = `1:${length}`;
  for (;;) {
    const position = await repository.positionOf('commerce');
    if (position?.phase === 'FOLLOWING' && position.since === end) break;
    await setImmediate();
  }
  await follower.stop();
  await database.close();
  say({ done: true });
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const [folder = '', file = '', length = '0'] = process.argv.slice(2);
void main(folder, file, Number(length));
