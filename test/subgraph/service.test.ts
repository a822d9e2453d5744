import { type CloudFixture, codeOf, customer, openCloud, valueAt } from './cloud-fixture.ts';
import { fillService, NOW } from './service-rows.ts';

let cloud: CloudFixture;

beforeAll(async () => {
  cloud = await openCloud('service', fillService, NOW);
});
beforeEach(() => cloud.reset());
afterAll(() => cloud.close());

const ids = (connection: unknown): unknown[] =>
  (valueAt(connection, 'edges') as object[]).map((edge) => valueAt(edge, 'node.id'));

const queue = async (args: string): Promise<unknown[]> =>
  ids(valueAt(await cloud.run(`{ caseQueue${args} { edges { node { id } } } }`), 'data.caseQueue'));

it("reads a customer's cases, newest first, with their updates, oldest first, in one statement", async () => {
  const result = await cloud.entities(
    [customer('service', ['1001'])],
    `... on Customer {
       cases { edges { node { id caseNumber status priority caseOrigin closedDate satisfactionScore
         caseUpdates { id authorName commentBody isPublished } } } }
       pressing: cases(filter: {priorities: [CRITICAL], statuses: [WORKING], origins: [WEB]}) { edges { node { id } } }
       old: cases(filter: {createdBefore: "2026-01-15T00:00:00Z"}) { edges { node { id } } }
     }`,
  );
  expect(cloud.statements()).toHaveLength(1);
  expect(valueAt(result, 'data._entities.0.cases.edges')).toEqual([
    {
      node: {
        id: 'T3',
        caseNumber: 'CS-000003',
        status: 'WORKING',
        priority: 'CRITICAL',
        caseOrigin: 'WEB',
        closedDate: null,
        satisfactionScore: null,
        caseUpdates: [
          { id: 'U1', authorName: null, commentBody: 'It leaks.', isPublished: true },
          { id: 'U2', authorName: 'agent-7', commentBody: 'Sent a new one.', isPublished: true },
        ],
      },
    },
    { node: expect.objectContaining({ id: 'T2', status: 'NEW', caseOrigin: 'PHONE', caseUpdates: [] }) },
    { node: expect.objectContaining({ id: 'T1', status: 'CLOSED', satisfactionScore: 4 }) },
  ]);
  expect(ids(valueAt(result, 'data._entities.0.pressing'))).toEqual(['T3']);
  expect(ids(valueAt(result, 'data._entities.0.old'))).toEqual(['T1']);
});

describe('caseQueue', () => {
  it('has every case that is not closed, the most pressing first, among them the oldest', async () => {
    expect(await queue('')).toEqual(['T4', 'T3', 'T5', 'T2']);
  });

  it('is filtered and ordered as asked, and closed cases are in it when they are asked for', async () => {
    expect(await queue('(orderBy: OLDEST)')).toEqual(['T2', 'T5', 'T4', 'T3']);
    expect(await queue('(orderBy: NEWEST)')).toEqual(['T3', 'T4', 'T5', 'T2']);
    expect(await queue('(filter: {priorities: [HIGH, CRITICAL]})')).toEqual(['T4', 'T3']);
    expect(await queue('(filter: {statuses: [CLOSED, NEW]})')).toEqual(['T1', 'T2']);
    expect(await queue('(filter: {origins: [PHONE, CHAT], createdFrom: "2026-02-01T00:00:00Z"})')).toEqual(['T5']);
  });

  it.each(['PRIORITY', 'OLDEST', 'NEWEST'])('pages through %s, one statement a page', async (orderBy) => {
    const seen: unknown[] = [];
    let after: unknown = null;
    do {
      cloud.statements();
      const result = await cloud.run(
        `query ($after: String) { caseQueue(first: 3, after: $after, orderBy: ${orderBy}) {
           edges { node { id caseUpdates { id } } } pageInfo { hasNextPage endCursor } } }`,
        { after },
      );
      expect(cloud.statements()).toHaveLength(1);
      seen.push(...ids(valueAt(result, 'data.caseQueue')));
      const { hasNextPage, endCursor } = valueAt(result, 'data.caseQueue.pageInfo') as Record<string, unknown>;
      after = hasNextPage ? endCursor : undefined;
    } while (after !== undefined);
    expect(seen).toEqual(await queue(`(orderBy: ${orderBy})`));
  });

  it('refuses the cursor of another order', async () => {
    const first = await cloud.run('{ caseQueue(first: 1, orderBy: OLDEST) { pageInfo { endCursor } } }');
    const after = valueAt(first, 'data.caseQueue.pageInfo.endCursor');
    const foreign = await cloud.run('query ($after: String) { caseQueue(after: $after) { edges { cursor } } }', {
      after,
    });
    expect(codeOf(foreign)).toBe('MALFORMED_ID');
  });
});

describe('mutations', () => {
  const CASE =
    'case { id caseNumber contactId subject status priority caseOrigin createdDate closedDate satisfactionScore caseUpdates { authorName commentBody isPublished createdDate } }';
  const open = (input: Record<string, unknown>): Promise<object> =>
    cloud.run(`mutation ($input: OpenCaseInput!) { openCase(input: $input) { ${CASE} } }`, {
      input: { idempotencyKey: 'open', contactId: '1001', subject: 'Lid missing', ...input },
    });
  const comment = (input: Record<string, unknown>): Promise<object> =>
    cloud.run(`mutation ($input: CommentOnCaseInput!) { commentOnCase(input: $input) { ${CASE} } }`, {
      input: { idempotencyKey: 'comment', caseId: 'T2', commentBody: 'On its way.', ...input },
    });
  const close = (input: Record<string, unknown>): Promise<object> =>
    cloud.run(`mutation ($input: CloseCaseInput!) { closeCase(input: $input) { ${CASE} } }`, {
      input: { idempotencyKey: 'close', caseId: 'T2', ...input },
    });

  it('openCase opens a case with the next free number', async () => {
    const result = await open({ priority: null });
    expect(valueAt(result, 'data.openCase.case')).toEqual({
      id: expect.any(String),
      caseNumber: 'CS-000006',
      contactId: '1001',
      subject: 'Lid missing',
      status: 'NEW',
      priority: 'MEDIUM',
      caseOrigin: 'WEB',
      createdDate: '2026-03-01T12:00:00.000Z',
      closedDate: null,
      satisfactionScore: null,
      caseUpdates: [],
    });
    expect(await open({ priority: null })).toEqual(result);
    const another = await open({
      idempotencyKey: 'other',
      priority: 'CRITICAL',
      caseOrigin: 'SOCIAL',
      description: 'Gone.',
    });
    expect(valueAt(another, 'data.openCase.case')).toMatchObject({
      caseNumber: 'CS-000007',
      priority: 'CRITICAL',
      caseOrigin: 'SOCIAL',
    });
  });

  it('commentOnCase notes who said it', async () => {
    const result = await comment({});
    expect(valueAt(result, 'data.commentOnCase.case.caseUpdates')).toEqual([
      {
        authorName: 'local-administrator',
        commentBody: 'On its way.',
        isPublished: false,
        createdDate: '2026-03-01T12:00:00.000Z',
      },
    ]);
    expect(await comment({})).toEqual(result);
  });

  it('closeCase closes once', async () => {
    const result = await close({ satisfactionScore: 5 });
    expect(valueAt(result, 'data.closeCase.case')).toMatchObject({
      status: 'CLOSED',
      closedDate: '2026-03-01T12:00:00.000Z',
      satisfactionScore: 5,
    });
    expect(codeOf(await close({ idempotencyKey: 'twice' }))).toBe('CONFLICT');
  });

  it.each([
    ['a case for an unknown contact', () => open({ contactId: 'none' }), 'NOT_FOUND'],
    ['an empty subject', () => open({ subject: '  ' }), 'BAD_USER_INPUT'],
    ['a long subject', () => open({ subject: 'x'.repeat(256) }), 'BAD_USER_INPUT'],
    ['a comment on an unknown case', () => comment({ caseId: 'none' }), 'NOT_FOUND'],
    ['an empty comment', () => comment({ commentBody: '' }), 'BAD_USER_INPUT'],
    ['a long comment', () => comment({ commentBody: 'x'.repeat(10_001) }), 'BAD_USER_INPUT'],
    ['closing an unknown case', () => close({ caseId: 'none' }), 'NOT_FOUND'],
    ['a score of 0', () => close({ satisfactionScore: 0 }), 'BAD_USER_INPUT'],
    ['a score of 6', () => close({ satisfactionScore: 6 }), 'BAD_USER_INPUT'],
  ])('refuse %s', async (_what, call, code) => {
    expect(codeOf(await call())).toBe(code);
  });
});

it('case gives a case by its key, or null', async () => {
  const result = await cloud.run('{ case(id: "T5") { status contactId } none: case(id: "none") { id } }');
  expect(result).toEqual({ data: { case: { status: 'ESCALATED', contactId: '1002' }, none: null } });
});
