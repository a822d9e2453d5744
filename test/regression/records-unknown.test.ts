import { type OperationDefinitionNode, parse } from 'graphql';
import { completeWithOwnRecords } from '../../gateway/authorize/own-records.ts';
import type { Principal } from '../../schema/principal.ts';
import type { SubgraphTransport } from '../../schema/subgraph-transport.ts';

const document = parse('{ salesOrder(orderNumber: "1") { orderNumber } }');
const [operation] = document.definitions as [OperationDefinitionNode];
const app = (customer360Id: string): Principal => ({ subject: 'a', roles: ['app'], scopes: [], customer360Id });
const silent: SubgraphTransport = {
  execute: async () => ({ errors: [], data: null }),
  subscribe: () => {
    throw new Error('Nobody subscribes here.');
  },
  close: async () => {},
};

it('that identity does not say whose records these are is no fault of the client', async () => {
  const complete = completeWithOwnRecords(silent, 1000);
  const asked = Promise.resolve(complete(app('c360_01hzzzzzzzzzzzzzzzzzzzzzzz'), operation, document));
  await expect(asked).rejects.toMatchObject({ status: 503, errors: [{ extensions: { code: 'SUBGRAPH_DOWN' } }] });
});

it('whom a token names who can be no customer has no records, and nobody is asked', () => {
  const complete = completeWithOwnRecords(silent, 1000);
  const nobody = app("' or 1=1");
  expect(complete(nobody, operation, document)).toEqual(nobody);
});
