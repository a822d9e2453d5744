import { hostname } from 'node:os';
import { namingVariable } from '../../database/stores.ts';
import { CLOUDS } from '../../schema/clouds.ts';
import { createCustomer360IdGenerator } from '../../schema/customer360-id.ts';
import { createCloudClient } from '../../subgraphs/identity/cloud-client.ts';
import { createEngine } from '../../subgraphs/identity/durable/create-engine.ts';
import { createDurableResolver } from '../../subgraphs/identity/durable/durable-resolver.ts';
import { createHouseholdIdGenerator } from '../../subgraphs/identity/durable/household-id.ts';
import { createFollower, type Follower } from '../../subgraphs/identity/follow.ts';
import { createIdentitySubgraph } from '../../subgraphs/identity/index.ts';
import { createIdentifierRules } from '../../subgraphs/identity/resolution/rules/identifier-rules.ts';
import { loadDefaultMatchRuleset } from '../../subgraphs/identity/resolution/rules/match-ruleset.ts';
import type { IdentityRepository } from '../../subgraphs/identity/store/repository.ts';
import { createSqlRepository } from '../../subgraphs/identity/store/sql.ts';
import { loadSurvivorship } from '../../subgraphs/identity/survivorship-document.ts';
import { type Config, variableOf } from '../config.ts';
import { relayIdentityLog } from './nats.ts';
import type { Start } from './start.ts';

/** Reading a page of records and applying it may take longer than what a client waits for. */
const READ_TIMEOUT_MS = 30_000;

/** Makes the identity subgraph and begins to follow the clouds. */
export async function startIdentity(start: Start): Promise<Follower> {
  const { config, clock, newId, onWarning } = start;
  const { log } = start.parts;
  const repository = await openRepository(start);
  await namingVariable(identityVariable(config), () => repository.prepare());
  await relayIdentityLog(start, repository);
  start.eventLogs.holdForIdentity(repository);
  const ruleset = createIdentifierRules(loadDefaultMatchRuleset());
  const clouds = CLOUDS.map((cloud) => {
    const transport = start.transportTo(cloud.name, READ_TIMEOUT_MS);
    start.closing.add(() => transport.close());
    return createCloudClient(cloud, transport);
  });
  const resolver = createDurableResolver({
    repository,
    clock,
    createEngine,
    newCustomer360Id: createCustomer360IdGenerator(clock),
    newMergeEventId: newId,
    newHouseholdId: createHouseholdIdGenerator(clock),
  });
  const follower = createFollower({ repository, resolver, clouds, clock, holder: holderOf(start), log });
  start.closing.add(() => follower.stop());
  const subgraph = await createIdentitySubgraph({
    repository,
    clouds,
    eventSources: clouds,
    survivorship: loadSurvivorship(CLOUDS.map(({ name }) => name)),
    ruleset,
    onWarning,
    clock,
    newId,
    resolution: {
      createEngine,
      explain: (left, right) => resolver.explain(left, right),
      warnings: () => resolver.warnings(),
      settle: () => follower.settle(),
    },
    // A cloud that does not answer must not cost the answers of the others: identity itself has a deadline.
    nameSearchTimeoutMs: Math.ceil(config.subgraphTimeoutMs / 2),
    ...(config.defaultCountry !== undefined && { defaultCountry: config.defaultCountry }),
  });
  start.add(subgraph);
  await begin(start, repository, follower);
  return follower;
}

/** Nobody is served before the first full read of every cloud; later starts catch up while they serve. */
async function begin(start: Start, repository: IdentityRepository, follower: Follower): Promise<void> {
  const { onProgress } = start.parts;
  const positions = await Promise.all(CLOUDS.map(({ name }) => repository.positionOf(name)));
  follower.start();
  if (positions.every((position) => position?.phase === 'FOLLOWING')) return;
  onProgress?.('Reading the clouds for the first time …');
  await follower.caughtUp();
  const records = follower.status().map(({ dataSourceId, recordsResolved }) => `${dataSourceId} ${recordsResolved}`);
  onProgress?.(`Records resolved: ${records.join(', ')}.`);
}

async function openRepository(start: Start): Promise<IdentityRepository> {
  const { neo4j } = start.config;
  if (!neo4j) return createSqlRepository({ database: await start.openStore('identity') });
  const { openNeo4jRepository } = await import('../../subgraphs/identity/store/neo4j.ts');
  const observer = start.stores.observerOf('identity');
  const repository = openNeo4jRepository({ ...neo4j, newId: start.newId, ...observer });
  start.closing.add(() => repository.close());
  return repository;
}

function identityVariable({ neo4j }: Config): string {
  return neo4j ? 'NEO4J_URI, NEO4J_USER or NEO4J_PASSWORD' : variableOf('identity', 'DATABASE_URL');
}

/** The embedded store has one process at a time, so a process that was killed is known again by a fixed name. */
function holderOf({ config, newId }: Start): string {
  const isEmbedded = !config.neo4j && !config.subgraphs['identity']?.databaseUrl;
  return isEmbedded ? 'embedded' : `${hostname()}:${config.port || newId()}`;
}
