import { createGateway } from '../../gateway/gateway.ts';
import { makeHarbourData } from '../support/harbour/data.ts';
import { createHarbour } from '../support/harbour/harbour.ts';
import { drawFrom } from '../support/harbour/operations.ts';

/** A plan may ask the objects of one type for what was selected of another: what fails there is nobody's. */
it('an error of a field that was selected of another type is not told', async () => {
  const harbour = createHarbour();
  const gateway = await createGateway({
    supergraphSdl: harbour.supergraphSdl,
    transportTo: ({ name }) => {
      const transport = harbour.transports[name];
      if (!transport) throw new Error(`No subgraph ${name}.`);
      return transport;
    },
    passesSubgraphErrors: true,
  });
  harbour.use(makeHarbourData(drawFrom([0, 0, 0, 583, 0, 0, 0, 0, 36])));
  const caller = { principal: { subject: 'test', roles: [], scopes: [] }, requestId: 'test' };
  const ferryAlone = '{ finds { ... on Ferry { home { code } } ... on Freighter { home { berths { number } } } } }';
  expect(await gateway.execute({ query: ferryAlone }, caller)).toEqual({
    data: { finds: [{}, { home: { code: 'C0' } }] },
  });
  const both = '{ finds { ... on Ferry { home { code berths { number } } } } }';
  expect(await gateway.execute({ query: both }, caller)).toMatchObject({
    errors: [{ path: ['finds', 1, 'home', 'berths'] }],
  });
  await gateway.close();
});
