import { type Audit, serverAudits } from 'graphql-http';
import { startTinyGateway, type TinyGateway } from '../support/tiny-gateway.ts';

/** Subgraphs that no audit gets to: all of them ask for `__typename`. */
const NOBODY = {
  execute: async () => ({ data: null }),
  subscribe: () => {
    throw new Error('Nobody subscribes.');
  },
  close: async () => {},
};

describe('GraphQL over HTTP', () => {
  let tiny: TinyGateway;
  beforeAll(async () => {
    tiny = await startTinyGateway({ transports: { hub: NOBODY, shop: NOBODY, desk: NOBODY } });
  });
  afterAll(() => tiny.close());

  const audits = serverAudits({ url: () => `${tiny.server.origin}/graphql` }).map((audit): [string, Audit] => [
    `${audit.id} ${audit.name}`,
    audit,
  ]);

  it('has 61 audits', () => {
    expect(audits).toHaveLength(61);
  });

  it.each(audits)('%s', async (_name, audit) => {
    const result = await audit.fn();
    expect(result).toMatchObject({ status: 'ok' });
  });
});
