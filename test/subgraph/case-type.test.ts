import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCloudReader } from '../../mapping/cloud-reader.ts';
import type { MappingDocument } from '../../mapping/document.ts';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import { type CloudFixture, codeOf, customer, openCloud, valueAt } from './cloud-fixture.ts';
import { fillService, NOW } from './service-rows.ts';

let cloud: CloudFixture;

beforeAll(async () => {
  cloud = await openCloud('service', fillService, NOW);
});
beforeEach(() => cloud.reset());
afterAll(() => cloud.close());

let keys = 0;
const OPEN = 'mutation ($input: OpenCaseInput!) { openCase(input: $input) { case { id caseType } } }';
const open = (caseType?: string): Promise<object> =>
  cloud.run(OPEN, { input: { idempotencyKey: `key-${++keys}`, contactId: '1001', subject: 'It leaks', caseType } });

it.each(['QUESTION', 'PROBLEM', 'REQUEST', 'COMPLAINT'])('openCase notes that it is a %s', async (caseType) => {
  expect(valueAt(await open(caseType), 'data.openCase.case.caseType')).toBe(caseType);
});

it('nobody has to say what kind it is, and no other kinds are known', async () => {
  expect(valueAt(await open(), 'data.openCase.case.caseType')).toBeNull();
  expect(codeOf(await open('PRAISE'))).toBeDefined();
});

it('cases and the queue are filtered by it', async () => {
  const complaint = valueAt(await open('COMPLAINT'), 'data.openCase.case.id');
  const filter = '(filter: {types: [COMPLAINT]})';
  const queue = await cloud.run(`{ caseQueue${filter} { edges { node { id } } } }`);
  expect(valueAt(queue, 'data.caseQueue.edges')).toEqual([{ node: { id: complaint } }]);
  const cases = await cloud.entities(
    [customer('service', ['1001'])],
    `... on Customer { cases${filter} { edges { node { id } } } }`,
  );
  expect(valueAt(cases, 'data._entities.0.cases.edges')).toEqual([{ node: { id: complaint } }]);
});

it('a system that is mapped without it goes on: it has no complaints that anybody knew of', async () => {
  const text = readFileSync(join(PACKAGE_ROOT, 'subgraphs', 'service', 'mapping.json'), 'utf8');
  const document = JSON.parse(text) as MappingDocument;
  delete (document.objects['Case']?.fields as Record<string, unknown> | undefined)?.['caseType'];
  const reader = await createCloudReader({ database: cloud.database, document });
  const mapped = await cloud.withOptions({ reader, writable: false });
  const result = await mapped.run(`{
    case(id: "T2") { id caseType } caseQueue(filter: {types: [COMPLAINT]}) { edges { node { id } } } }`);
  expect(result).toEqual({ data: { case: { id: 'T2', caseType: null }, caseQueue: { edges: [] } } });
});
