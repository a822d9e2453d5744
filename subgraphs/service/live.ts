import type { CloudResolvers } from '../cloud/context.ts';
import { type LiveArguments, type LiveUpdates, matchingKeys, updatedRow } from '../cloud/live-updates.ts';
import { type CaseFilter, queueConditions } from './resolvers.ts';

interface CaseUpdatedArguments extends LiveArguments {
  readonly id?: string | null;
  readonly contactId?: string | null;
}

interface CaseQueueUpdatedArguments extends LiveArguments {
  readonly filter?: CaseFilter | null;
}

const CASE = { object: 'Case', objectField: 'case', keyField: 'caseId', eventType: 'CaseChanged' } as const;

/** What can be followed in service. */
export function createServiceLive(live: LiveUpdates): CloudResolvers {
  const currentCase = updatedRow('Case', 'caseId', 'contactId');
  return {
    Subscription: {
      caseUpdated: live<CaseUpdatedArguments>({ ...CASE, field: 'caseUpdated' }, ({ id, contactId }) => ({
        key: id,
        owner: contactId,
      })),
      caseQueueUpdated: live<CaseQueueUpdatedArguments>(
        { ...CASE, field: 'caseQueueUpdated' },
        () => ({}),
        async (keys, { filter }, context) => {
          const present = await matchingKeys('Case', keys, queueConditions(filter), context);
          return ({ objectId }) => ({ queueChange: present.has(objectId) ? 'PRESENT' : 'ABSENT' });
        },
      ),
    },
    CaseUpdated: { case: currentCase },
    CaseQueueUpdate: { case: currentCase },
  };
}
