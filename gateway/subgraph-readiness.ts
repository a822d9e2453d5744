import type { Clock } from '../schema/clock.ts';
import type { SubgraphTransport } from '../schema/subgraph-transport.ts';
import type { Generation } from './generation.ts';
import type { Lease } from './generations.ts';
import { type ReadinessCheck, remembered } from './health.ts';

/** A load balancer asks every few seconds, and each of several asks for itself. */
const KEPT_MS = 5_000;
const ANYBODY = { subject: 'gateway', roles: ['service'], scopes: [] } as const;

/** A check of each subgraph of the supergraph of today: it is asked for nothing, at most every five seconds. None is essential. */
export function subgraphChecks(lease: () => Lease<Generation>, clock: Clock): () => readonly ReadinessCheck[] {
  const known = new WeakMap<SubgraphTransport, ReadinessCheck>();
  const checkOf = (name: string, transport: SubgraphTransport): ReadinessCheck => {
    const check = async (): Promise<void> => {
      const { data } = await transport.execute({ query: '{ __typename }', principal: ANYBODY });
      if (!data) throw new Error(`\`${name}\` gave no answer.`);
    };
    const made = known.get(transport) ?? remembered({ name, isEssential: false, check }, KEPT_MS, clock);
    known.set(transport, made);
    return made;
  };
  return () => {
    const { generation, release } = lease();
    release();
    return Object.entries(generation.planning.executor.transports).map(([name, transport]) => checkOf(name, transport));
  };
}
