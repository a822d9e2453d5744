import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IDENTITY_STORES, type OpenIdentityStore } from './identity-stores.ts';

const README = readFileSync(join(__dirname, '../../subgraphs/identity/store/README.md'), 'utf8');
const queries = [...README.matchAll(/```cypher\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
const neo4j = IDENTITY_STORES.find((kind) => kind.name === 'Neo4j');

it('the README has questions for an operator to ask', () => {
  expect(queries).toHaveLength(8);
});

(neo4j ? describe : describe.skip)("the README's questions on Neo4j", () => {
  let store: OpenIdentityStore;

  beforeAll(async () => {
    if (!neo4j) return;
    store = await neo4j.open();
    await store.empty();
    await store.repository.prepare();
    const at = new Date().toISOString();
    const [survivor, merged] = ['c360_01jz3v7m8q4t6w9xy2b5d0e1fa', 'c360_01jz3v7m8q4t6w9xy2b5d0e1fb'];
    const identifiers = [{ identifierType: 'EMAIL', normalizedValue: 'ada@example.org' }] as const;
    const record = { dataSourceObjectId: 'account', givenNameHash: null, identifiers };
    const carriers = ['7731', '7732', '7733', '7734', '7735', '7736'];
    await store.repository.apply({
      operations: [
        { kind: 'create', customer360Id: survivor },
        { kind: 'create', customer360Id: merged },
        {
          kind: 'link',
          record: { ...record, dataSourceId: 'commerce', sourceRecordId: 'A-1001' },
          customer360Id: merged,
          rule: 'NEW_CUSTOMER',
        },
        ...carriers.map(
          (sourceRecordId) =>
            ({
              kind: 'link',
              record: { ...record, dataSourceId: 'service', sourceRecordId },
              customer360Id: survivor,
              rule: 'EXACT_EMAIL',
            }) as const,
        ),
        { kind: 'merge', mergeEventId: 'm1', survivor, merged, rule: 'EXACT_EMAIL' },
      ],
      progress: { dataSourceId: 'commerce', position: { phase: 'FOLLOWING', since: '1' } },
      at,
    });
    const [left, right, third] = ['7731', '7732', '7733'].map((id) => ({
      dataSourceId: 'service',
      sourceRecordId: id,
    }));
    if (!left || !right || !third) return;
    await store.repository.apply({
      operations: [
        {
          kind: 'decide',
          decision: { decisionId: 'd1', origin: 'NEVER_MATCH', verdicts: [{ kind: 'NOT_SAME', left, right }] },
        },
        { kind: 'review', review: { kind: 'UNCERTAIN', left, right: third, bits: 2, expectedValue: 1, reasons: [] } },
        { kind: 'household', householdId: 'hh_1', customer360Ids: [survivor] },
      ],
      author: { by: 'agent-7', reason: 'two people' },
      at,
    });
  });
  afterAll(() => store?.close());

  it.each(queries)('%s', async (query) => {
    expect(await store.countRows(query)).toBeGreaterThan(0);
  });
});
