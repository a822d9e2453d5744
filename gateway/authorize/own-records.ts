import { type DocumentNode, Kind, type OperationDefinitionNode, type SelectionSetNode } from 'graphql';
import { CLOUDS } from '../../schema/clouds.ts';
import { isCustomer360Id } from '../../schema/customer360-id.ts';
import { CodedError } from '../../schema/errors.ts';
import { isConfined, type Principal } from '../../schema/principal.ts';
import { SCALARS } from '../../schema/scalars.ts';
import type { SubgraphTransport } from '../../schema/subgraph-transport.ts';
import { fragmentsOf } from '../limits/measure.ts';
import { Refused } from '../operation.ts';
import type { PrincipalChanges, PrincipalCompletion } from './complete-principal.ts';

/** Root fields of our own graph whose answer does not depend on which records are the customer's own, or that identity keeps itself. */
const WITHOUT_RECORDS: ReadonlySet<string> = new Set([
  'me',
  'customer',
  'customerUpdated',
  'product',
  '__typename',
  '__schema',
  '__type',
]);

const OWN_RECORDS = `{ me { ${CLOUDS.map(({ name }) => `${name}RecordIds`).join(' ')} } }`;

/**
 * Adds to a customer's principal which records are their own, when the operation asks the clouds for records by key or changes
 * them: identity is asked once, before the clouds, which know nothing of it. Everybody else is left as they are.
 */
export function completeWithOwnRecords(identity: SubgraphTransport, timeoutMs: number): PrincipalCompletion {
  const needs = new WeakMap<OperationDefinitionNode, boolean>();
  return (principal, operation, document) => {
    if (!isConfined(principal)) return principal;
    const { records: _never, ...plain } = principal;
    // A token may name whomever its issuer likes; who is no customer has no records.
    if (!isCustomer360Id(plain.customer360Id)) return plain;
    const needed = needs.get(operation) ?? needsRecords(operation, document);
    needs.set(operation, needed);
    return needed ? addRecords(plain, identity, timeoutMs) : plain;
  };
}

const OWN_CHANGES = `subscription ($customer360Id: Customer360Id!) {
  customerUpdated(customer360Id: $customer360Id) { cursor dataSourceId }
}`;

/** A customer who follows a cloud has other records after a merge, its end, an erasure: whatever identity tells of them. */
export const ownRecordChanges: PrincipalChanges = ({ records, customer360Id }) => {
  if (!records || customer360Id === undefined) return undefined;
  return {
    request: { query: OWN_CHANGES, variables: { customer360Id } },
    concerns: ({ customerUpdated }) => Object(customerUpdated).dataSourceId === 'identity',
  };
};

async function addRecords(principal: Principal, identity: SubgraphTransport, timeoutMs: number): Promise<Principal> {
  const answer = await identity
    .execute({ query: OWN_RECORDS, principal, signal: AbortSignal.timeout(timeoutMs) })
    .catch(() => ({ errors: [undefined], data: null }));
  if (answer.errors?.length || !answer.data) {
    throw new Refused([new CodedError('SUBGRAPH_DOWN', '`identity` could not say which records are yours.')], {
      status: 503,
    });
  }
  const own = answer.data['me'] as Readonly<Record<string, unknown>> | null;
  const records = CLOUDS.flatMap(({ name }) => {
    const ids = own?.[`${name}RecordIds`];
    return ids === null || ids === undefined
      ? []
      : [[name, SCALARS['RecordIds']?.parseValue(ids) as string[]] as const];
  });
  return { ...principal, records: Object.fromEntries(records) };
}

function needsRecords(operation: OperationDefinitionNode, document: DocumentNode): boolean {
  const fragments = fragmentsOf(document);
  const needsIn = ({ selections }: SelectionSetNode): boolean =>
    selections.some((selection) => {
      if (selection.kind === Kind.FIELD) return !WITHOUT_RECORDS.has(selection.name.value);
      const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
      return fragment ? needsIn(fragment.selectionSet) : false;
    });
  return needsIn(operation.selectionSet);
}
