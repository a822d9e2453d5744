import { openPglite } from '../../database/pglite.ts';
import { openPostgresql } from '../../database/postgresql.ts';
import { openNeo4jRepository } from '../../subgraphs/identity/store/neo4j.ts';
import type { IdentityOperation, IdentityRepository } from '../../subgraphs/identity/store/repository.ts';
import { createSqlRepository } from '../../subgraphs/identity/store/sql.ts';

const RECORDS_PER_CHANGE_SET = 40;

/** Opens the store that the arguments name: `pglite FOLDER`, `postgresql URL`, or `neo4j` by the environment. */
async function openRepository(engine: string, place: string): Promise<IdentityRepository> {
  if (engine === 'neo4j') {
    const { NEO4J_URI: uri = '', NEO4J_USER: user = '', NEO4J_PASSWORD: password = '' } = process.env;
    return openNeo4jRepository({ uri, user, password });
  }
  const database = engine === 'pglite' ? await openPglite({ directory: place }) : await openPostgresql({ url: place });
  return createSqlRepository({ database });
}

/** Number `n` of an endless story: new customers with records, each pair of customers merged, and how far the story is told. */
async function writeChangeSet(repository: IdentityRepository, number: number): Promise<void> {
  const operations: IdentityOperation[] = [];
  for (let index = 0; index < RECORDS_PER_CHANGE_SET; index += 1) {
    const name = `${number}-${String(index).padStart(2, '0')}`;
    const customer360Id = `c360_${name}`;
    operations.push({ kind: 'create', customer360Id });
    const identifiers = [{ identifierType: 'EMAIL', normalizedValue: `${name}@example.org` }] as const;
    const key = { dataSourceId: 'commerce', sourceRecordId: name };
    const record = { ...key, dataSourceObjectId: 'account', givenNameHash: null, identifiers };
    operations.push({ kind: 'link', record, customer360Id, rule: 'NEW_CUSTOMER' });
    if (index % 2 === 0) continue;
    const survivor = `c360_${number}-${String(index - 1).padStart(2, '0')}`;
    operations.push({ kind: 'merge', mergeEventId: `m-${name}`, survivor, merged: customer360Id, rule: 'EXACT_EMAIL' });
  }
  const position = { phase: 'FOLLOWING', since: String(number) } as const;
  const at = new Date(Date.UTC(2026, 0, 1) + number).toISOString();
  await repository.apply({ operations, progress: { dataSourceId: 'commerce', position }, at });
}

/** Goes on where the store says the story stands, without end; prints each number once it is stored. */
async function main(engine: string, place: string): Promise<void> {
  const repository = await openRepository(engine, place);
  await repository.prepare();
  const position = await repository.positionOf('commerce');
  for (let number = position?.phase === 'FOLLOWING' ? Number(position.since) + 1 : 1; ; number += 1) {
    await writeChangeSet(repository, number);
    process.stdout.write(`${number}\n`);
  }
}

void main(process.argv[2] ?? '', process.argv[3] ?? '');
