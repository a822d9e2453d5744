import { randomUUID } from 'node:crypto';
import type { Clock } from '../../schema/clock.ts';
import { createCustomer360IdGenerator } from '../../schema/customer360-id.ts';
import { createEngine } from '../../subgraphs/identity/durable/create-engine.ts';
import { createDurableResolver, type DurableResolver } from '../../subgraphs/identity/durable/durable-resolver.ts';
import type { CreateEngine } from '../../subgraphs/identity/durable/engine-state.ts';
import { createHouseholdIdGenerator } from '../../subgraphs/identity/durable/household-id.ts';
import type { IdentityRepository } from '../../subgraphs/identity/store/repository.ts';

/** The resolver as it is in service, on a store that is prepared. */
export async function openResolver(
  repository: IdentityRepository,
  clock: Clock,
  engine: CreateEngine = createEngine,
): Promise<DurableResolver> {
  return createDurableResolver({
    repository,
    clock,
    createEngine: engine,
    newCustomer360Id: createCustomer360IdGenerator(clock),
    newMergeEventId: randomUUID,
    newHouseholdId: createHouseholdIdGenerator(clock),
    reviewIntervalMs: 0,
  });
}
