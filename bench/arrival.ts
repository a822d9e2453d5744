// Settles how graphql-js runs, as in every process that serves.
import '../cli/tune-engine.ts';
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { execute, parse, validate } from 'graphql';
import { readNdjson } from '../cli/ndjson.ts';
import { openPglite } from '../database/pglite.ts';
import { openPostgresql } from '../database/postgresql.ts';
import { CLOUDS } from '../schema/clouds.ts';
import { createCustomer360IdGenerator } from '../schema/customer360-id.ts';
import { LOCAL_ADMINISTRATOR } from '../schema/principal.ts';
import { createEngine } from '../subgraphs/identity/durable/create-engine.ts';
import { createDurableResolver } from '../subgraphs/identity/durable/durable-resolver.ts';
import { createHouseholdIdGenerator } from '../subgraphs/identity/durable/household-id.ts';
import { createIdentitySubgraph } from '../subgraphs/identity/index.ts';
import type { CanonicalProfile } from '../subgraphs/identity/resolution/canonical-profile.ts';
import type { CanonicalRecord } from '../subgraphs/identity/resolution/match-record.ts';
import { createIdentifierRules } from '../subgraphs/identity/resolution/rules/identifier-rules.ts';
import { loadDefaultMatchRuleset } from '../subgraphs/identity/resolution/rules/match-ruleset.ts';
import type { Lease } from '../subgraphs/identity/store/repository.ts';
import { createSqlRepository } from '../subgraphs/identity/store/sql.ts';
import { loadSurvivorship } from '../subgraphs/identity/survivorship-document.ts';

const BATCH = 1_000;
const LEASE_MS = 86_400_000;
const WHO = `query ($dataSourceId: ID!, $sourceRecordId: ID!) {
  customerBy(by: { sourceRecord: { dataSourceId: $dataSourceId, sourceRecordId: $sourceRecordId } }) { customer360Id }
}`;

/**
 * Measures one new record after the other through the durable resolver, each followed by the question who it is, in GraphQL.
 *   npm run build && node dist/bench/arrival.js --input records.ndjson [--records 10000] [--new 500]
 * On the embedded store in memory, or on that of IDENTITY_DATABASE_URL, whose schema `identity` has to be empty.
 */
async function run(): Promise<void> {
  const { values } = parseArgs({
    options: { input: { type: 'string' }, records: { type: 'string' }, new: { type: 'string' } },
  });
  if (values.input === undefined) throw new Error('--input FILE is needed.');
  const [before, fresh] = [Number(values.records ?? 10_000), Number(values.new ?? 500)];
  const profiles = readProfiles(values.input, before + fresh);
  const bench = await open();
  console.log(`${bench.store}: filling with ${before.toLocaleString('en')} records …`);
  const filled = measured(bench.statements);
  for (let at = 0; at < before; at += BATCH) await bench.resolve(profiles.slice(at, Math.min(at + BATCH, before)));
  console.log(`filled: ${filled(before)}`);
  const [resolving, whole] = [new Float64Array(fresh), new Float64Array(fresh)];
  const arriving = measured(bench.statements);
  for (const [index, profile] of profiles.slice(before).entries()) {
    const started = performance.now();
    await bench.resolve([profile]);
    resolving[index] = performance.now() - started;
    await bench.ask(profile);
    whole[index] = performance.now() - started;
  }
  console.log(`each new record: ${arriving(fresh)}`);
  console.log(`resolved and stored: ${quantiles(resolving)}; and asked for in GraphQL: ${quantiles(whole)}`);
  await bench.close();
}

/** The first records of a file, as a cloud would give them. */
function readProfiles(file: string, count: number): CanonicalProfile[] {
  const profiles: CanonicalProfile[] = [];
  for (const { value } of readNdjson(file, () => undefined)) {
    profiles.push(profileOf(value as unknown as CanonicalRecord));
    if (profiles.length === count) break;
  }
  return profiles;
}

function profileOf(record: CanonicalRecord): CanonicalProfile {
  const { dataSourceId, sourceRecordId, firstName, middleName, lastName, fullName, birthDate } = record;
  return {
    dataSourceId,
    sourceRecordId,
    dataSourceObjectId: 'record',
    firstName: firstName ?? null,
    middleName: middleName ?? null,
    lastName: lastName ?? null,
    fullName: fullName ?? null,
    birthDate: birthDate ?? null,
    contactPointAddresses: record.addresses ?? [],
    contactPointEmails: (record.emailAddresses ?? []).map((emailAddress) => ({ emailAddress })),
    contactPointPhones: (record.telephoneNumbers ?? []).map((telephoneNumber) => {
      return { telephoneNumber, formattedE164PhoneNumber: null };
    }),
    contactPointSocials: (record.socialAccounts ?? []).map(({ socialNetworkProvider, socialHandleName }) => {
      return { socialNetworkProvider: socialNetworkProvider ?? '', socialHandleName: socialHandleName ?? '' };
    }),
    partyIdentifications: (record.partyIdentifications ?? []).map((each) => ({
      partyIdentificationType: each.partyIdentificationType ?? '',
      name: each.name ?? '',
      identificationNumber: each.identificationNumber ?? '',
    })),
  };
}

async function open() {
  const url = process.env['IDENTITY_DATABASE_URL'];
  const statements = { count: 0 };
  const observe = () => {
    statements.count += 1;
  };
  const database = url ? await openPostgresql({ url, observe }) : await openPglite({ directory: null, observe });
  const repository = createSqlRepository({ database });
  await repository.prepare();
  const resolver = createDurableResolver({
    repository,
    clock: Date.now,
    createEngine,
    newCustomer360Id: createCustomer360IdGenerator(Date.now),
    newMergeEventId: randomUUID,
    newHouseholdId: createHouseholdIdGenerator(Date.now),
  });
  const subgraph = await createIdentitySubgraph({
    repository,
    clouds: [],
    survivorship: loadSurvivorship(CLOUDS.map(({ name }) => name)),
    ruleset: createIdentifierRules(loadDefaultMatchRuleset()),
    onWarning: () => undefined,
  });
  // Whoever serves keeps what a text was parsed to.
  const document = parse(WHO);
  if (validate(subgraph.schema, document).length > 0) throw new Error('The question is not valid.');
  const lease = (await repository.acquireLease('bench', LEASE_MS, Date.now())) as Lease;
  return {
    store: url ? 'PostgreSQL' : 'embedded',
    statements,
    resolve: (changed: readonly CanonicalProfile[]) => resolver.resolve({ changed, deleted: [], lease }),
    async ask({ dataSourceId, sourceRecordId }: CanonicalProfile): Promise<void> {
      const contextValue = subgraph.createContext({
        principal: LOCAL_ADMINISTRATOR,
        signal: new AbortController().signal,
      });
      const variableValues = { dataSourceId, sourceRecordId };
      const { data, errors } = await execute({ schema: subgraph.schema, document, variableValues, contextValue });
      if (errors || !data?.['customerBy']) throw new Error(`The record is not there: ${errors?.[0]?.message}`);
    },
    async close(): Promise<void> {
      await subgraph.close();
      await database.close();
    },
  };
}

/** CPU and statements from now on, divided by a number of records. */
function measured(statements: { readonly count: number }): (records: number) => string {
  const [cpu, count] = [process.cpuUsage(), statements.count];
  return (records) => {
    const { user, system } = process.cpuUsage(cpu);
    const each = (total: number): string => (total / records).toFixed(2);
    return `${each((user + system) / 1_000)} ms CPU, ${each(statements.count - count)} statements a record`;
  };
}

function quantiles(times: Float64Array): string {
  times.sort();
  const at = (share: number): string =>
    (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(2);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

run().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
