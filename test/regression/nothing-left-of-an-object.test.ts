import { createGateway } from '../../gateway/gateway.ts';
import { makeHarbourData } from '../support/harbour/data.ts';
import { createHarbour } from '../support/harbour/harbour.ts';
import { drawFrom } from '../support/harbour/operations.ts';

/** With more conditions than are decided beforehand, Apollo's planner left out an object of which they left nothing. */
it.each(['auto', 'apollo'] as const)('an object of which nothing is selected is there, with %s', async (planner) => {
  const harbour = createHarbour();
  const gateway = await createGateway({
    supergraphSdl: harbour.supergraphSdl,
    transportTo: ({ name }) => {
      const transport = harbour.transports[name];
      if (!transport) throw new Error(`No subgraph ${name}.`);
      return transport;
    },
    planner,
  });
  harbour.use(makeHarbourData(drawFrom([])));
  const query = `query Q($a: Boolean!, $b: Boolean!, $c: Boolean!, $d: Boolean!) {
    ports @include(if: $d) { freighters @skip(if: $c) { id @include(if: $a) home { ... @include(if: $b) { id } id } } }
  }`;
  const caller = { principal: { subject: 'test', roles: [], scopes: [] }, requestId: 'test' };
  const variables = { a: true, b: true, c: true, d: true };
  expect(await gateway.execute({ query, variables }, caller)).toEqual({ data: { ports: [{}] } });
  await gateway.close();
});
