import type { ExecutionResult } from 'graphql';
import { NotNow } from '../../../../database/consumer-contract.ts';
import type { UnifiedGraph } from '../../../../schema/unified-graph.ts';
import { conditionQuery } from '../condition-faults.ts';
import { lastingErrors } from '../live/ask.ts';
import type { LiveConditions, PersonZones } from '../parts.ts';
import { silenceIn } from './answered.ts';
import { conditionHolds } from './condition.ts';
import { type Whereabouts, zoneOf } from './time-zones.ts';

const WHEREABOUTS = `query JourneyWhereabouts($customer360Id: Customer360Id!) { customer(customer360Id: $customer360Id) {
  contactPointAddresses { countryName stateProvinceName } contactPointPhones { formattedE164PhoneNumber } } }`;

/**
 * Makes the questions about live customers: each is one query of the unified graph at the moment of the question. A condition does
 * not hold for a person who is not there any more. `defaultZone` is the IANA zone of people of whom nobody knows where they
 * live. They reject with NotNow when a source does not answer, with Error for what the graph will never answer.
 */
export function createLiveConditions({
  graph,
  defaultZone,
}: {
  readonly graph: UnifiedGraph;
  readonly defaultZone: string;
}): LiveConditions & PersonZones {
  const ask = async (query: string, customer360Id: string): Promise<unknown> =>
    customerIn(await graph.execute({ query, variables: { customer360Id } }).catch(brokenWay));
  return {
    async holds({ customer360Id, condition }) {
      const customer = await ask(conditionQuery(condition.selection), customer360Id);
      return customer !== null && conditionHolds(condition, customer);
    },
    async zoneOf(customer360Id) {
      return zoneOf(whereaboutsIn(await ask(WHEREABOUTS, customer360Id)), defaultZone);
    },
  };
}

/** What a customer's answer tells about where the person lives. */
export function whereaboutsIn(customer: unknown): Whereabouts {
  const { contactPointAddresses, contactPointPhones } = (customer ?? {}) as {
    readonly contactPointAddresses?: Whereabouts['addresses'] | null;
    readonly contactPointPhones?: readonly { readonly formattedE164PhoneNumber: string | null }[] | null;
  };
  return {
    addresses: contactPointAddresses ?? [],
    telephoneNumbers: (contactPointPhones ?? []).flatMap(({ formattedE164PhoneNumber: number }) => number ?? []),
  };
}

/** Stands for the answer of a remote graph that could not be reached. */
export function brokenWay(): ExecutionResult {
  return { data: null };
}

function customerIn(result: ExecutionResult): unknown {
  const [lasting] = lastingErrors(result);
  if (lasting) throw new Error(`The graph refused a question of the journeys: ${lasting.extensions['code']}.`);
  const { sources, isTotal } = silenceIn(result, () => undefined);
  if (isTotal || sources.size > 0) {
    const silent = sources.size > 0 ? [...sources].sort().join(', ') : 'the unified graph';
    throw new NotNow(`No answer from ${silent}.`);
  }
  return result.data?.['customer'] ?? null;
}
