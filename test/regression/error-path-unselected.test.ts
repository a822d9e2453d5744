import { createInProcessTransport } from '../../gateway/transport/in-process.ts';
import { startTinyGateway, type TinyGateway } from '../support/tiny-gateway.ts';
import { localTiny, TinyWorld } from '../support/tiny-supergraph.ts';

const world = new TinyWorld();
let tiny: TinyGateway;

beforeAll(async () => {
  const entityErrors = (path: readonly (string | number)[]) => async () => ({
    data: { _entities: [{ __typename: 'Person', shopName: null, orders: null }] },
    errors: [{ message: 'down', path, extensions: { code: 'SUBGRAPH_DOWN' } }] as never,
  });
  tiny = await startTinyGateway({
    transports: {
      hub: createInProcessTransport(localTiny('hub', world)),
      shop: createInProcessTransport(localTiny('shop', world, entityErrors(['_entities', 0, 'shopName']))),
      desk: createInProcessTransport(localTiny('desk', world, entityErrors(['_entities', 0, 'tickets', 1]))),
    },
  });
});

afterAll(() => tiny.close());

it('the error of a fetch that identity needed names a path of the answer, not a field that nobody selected', async () => {
  const answer = await tiny.post('{ person(id: "1") { name } }');
  expect(answer.errors).toHaveLength(2);
  for (const subgraph of ['shop', 'desk']) {
    const error = { message: 'down', path: ['person'], extensions: { code: 'SUBGRAPH_DOWN', subgraph } };
    expect(answer.errors).toContainEqual(error);
  }
});

it('keeps a path that the client selected, through lists and aliases', async () => {
  const answer = await tiny.post('{ someone: person(id: "1") { tickets } }');
  expect(answer.errors?.[0]?.path).toEqual(['someone', 'tickets', 1]);
});
