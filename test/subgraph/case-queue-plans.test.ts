import { type CloudFixture, openCloud, valueAt } from './cloud-fixture.ts';
import { fillService, NOW } from './service-rows.ts';

/** The queue's cost does not grow with the number of cases: every order of it is read from an index, page by page. */
let cloud: CloudFixture;

beforeAll(async () => {
  cloud = await openCloud('service', fillService, NOW);
  await cloud.database.query(
    `INSERT INTO service.ticket (ticket_id, ticket_no, contact_id, topic, state, urgency, channel, opened)
     SELECT 'X' || n, 'X' || n, 'c' || n % 5000, 'Kettle leaks', (ARRAY[1, 2, 3, 4, 9, 9, 9, 9, 9, 9])[1 + n % 10],
            1 + (n / 10) % 4, 'web', $1::timestamptz - n * interval '1 minute' FROM generate_series(1, 20000) n`,
    [new Date(NOW)],
  );
  await cloud.database.query('ANALYZE service.ticket');
});
afterAll(() => cloud.close());

it.each([
  ['orderBy: PRIORITY', 'ticket_by_urgency'],
  ['orderBy: OLDEST', 'ticket_by_age'],
  ['orderBy: NEWEST', 'ticket_by_age'],
  ['filter: {statuses: [CLOSED]}', 'ticket_by_urgency_closed_too'],
  ['filter: {statuses: [NEW, WORKING], priorities: [HIGH]}', 'ticket_by_urgency'],
])('caseQueue(%s) reads %s, on the first page and on the next', async (args, index) => {
  const query = (after: string): string => `{ caseQueue(first: 20, ${args}${after}) { edges { cursor } } }`;
  const end = valueAt(await cloud.run(query('')), 'data.caseQueue.edges.19.cursor');
  for (const after of ['', `, after: "${end}"`]) {
    const plan = await cloud.explain(query(after));
    expect(plan).toMatch(new RegExp(`Index (Only )?Scan (Backward )?using ${index} on ticket`));
    expect(plan).not.toContain('Seq Scan on ticket');
    expect(plan).toContain('Limit');
  }
});
