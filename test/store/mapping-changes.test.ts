import type { Database } from '../../database/database.ts';
import { createChangeLog } from '../../mapping/change-log.ts';
import type { ChangeLog, SourceRecordChange } from '../../mapping/changes.ts';
import { readDocument } from '../../mapping/load.ts';
import { migrateClouds } from '../support/cloud-stores.ts';
import { availableEngines, openTestDatabase } from '../support/databases.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { recorded, type SentStatement } from './mapping-oddities.ts';

const profile = (table: string, key: string, name: string) => ({ table, key, fields: { firstName: { column: name } } });
const OUTBOX = readDocument(
  {
    cloud: 'commerce',
    changes: { kind: 'outbox', schema: 'commerce' },
    objects: { SourceProfile: profile('commerce.account', 'customer_no', 'given_name') },
  },
  'commerce',
).document;
const POLLED = readDocument(
  {
    cloud: 'sys',
    changes: { kind: 'poll', everyMs: 500 },
    objects: { SourceProfile: profile('sys.person', 'id', 'name') },
  },
  'sys',
).document;

/** One follower, whose intervals end when the test says so. */
class Following {
  readonly #ending = new AbortController();
  readonly #changes: AsyncIterator<SourceRecordChange>;

  constructor(log: ChangeLog, since?: string) {
    this.#changes = log.follow(since, { signal: this.#ending.signal })[Symbol.asyncIterator]();
  }

  async next(): Promise<SourceRecordChange | undefined> {
    const result = await this.#changes.next();
    return result.done ? undefined : result.value;
  }

  /** The next change that has keys. */
  async changed(): Promise<SourceRecordChange | undefined> {
    const change = await this.next();
    return change?.sourceRecordIds.length === 0 ? this.changed() : change;
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await this.#changes.return?.();
  }
}

describe.each(availableEngines())('changes told by an outbox on %s', (engine) => {
  let database: Database;
  let log: ChangeLog;

  beforeAll(async () => {
    database = await openTestDatabase({ engine });
    await migrateClouds(database);
    log = await createChangeLog({ database, document: OUTBOX, clock: createManualClock().now });
  });
  afterAll(() => database.close());

  const write = (...keys: string[]) =>
    database.query(
      `INSERT INTO commerce.account (customer_no, account_kind, created_at, updated_at)
       SELECT k, 'guest', now(), now() FROM unnest($1::text[]) k`,
      [keys],
    );

  it('are told from the head on, each record once, without other tables', async () => {
    await write('before');
    const head = await log.head();
    const following = new Following(log, head);
    await database.query(
      `INSERT INTO commerce.cart (cart_id, currency, state, created_at, touched_at) VALUES ('K', 'EUR', 'open', now(), now())`,
    );
    await write('a', 'b');
    const change = await following.changed();
    expect(change?.sourceRecordIds).toEqual(['a', 'b']);
    expect(await following.next()).toEqual({ cursor: change?.cursor, sourceRecordIds: [] });
    await database.query(`UPDATE commerce.account SET given_name = 'x' WHERE customer_no = 'a'`);
    await database.query(`DELETE FROM commerce.account WHERE customer_no = 'b'`);
    const seen = [...((await following.changed())?.sourceRecordIds ?? [])];
    while (seen.length < 2) seen.push(...((await following.changed())?.sourceRecordIds ?? []));
    expect(seen).toEqual(['a', 'b']);
    await following.end();
    const again = new Following(log, change?.cursor);
    expect((await again.changed())?.sourceRecordIds).toEqual(['a', 'b']);
    await again.end();
    const upToDate = new Following(log, await log.head());
    expect(await upToDate.next()).toEqual({ cursor: await log.head(), sourceRecordIds: [] });
    await upToDate.end();
  });

  it.each(['', 'x', '-1', '1.5', '999999999', '99999999999999999999'])('refuse the position %j', async (since) => {
    const following = new Following(log, since);
    await expect(following.next()).rejects.toMatchObject({ extensions: { code: 'MALFORMED_ID' } });
  });
});

describe.each(availableEngines())('changes found by polling on %s', (engine) => {
  let database: Database;
  let sent: SentStatement[];
  let intervals: (() => void)[];
  let awaited: () => void = () => undefined;

  beforeEach(async () => {
    ({ database, sent } = recorded(await openTestDatabase({ engine })));
    await database.script(`
      CREATE SCHEMA sys;
      CREATE TABLE sys.person (id integer PRIMARY KEY, name text, unmapped text);
      INSERT INTO sys.person SELECT i, 'name ' || i FROM generate_series(1, 3) i;`);
    intervals = [];
    sent.length = 0;
  });
  afterEach(() => database.close());

  const wait = (_milliseconds: number, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      intervals.push(resolve);
      awaited();
    });
  const openLog = (clock = createManualClock()) =>
    createChangeLog({ database, document: POLLED, clock: clock.now, wait });

  async function untilWaiting(followers: number): Promise<void> {
    while (intervals.length < followers) {
      await new Promise<void>((resolve) => {
        awaited = resolve;
      });
    }
  }

  /** Ends the interval that so many followers wait for, once they do. */
  async function endInterval(followers = 1): Promise<void> {
    await untilWaiting(followers);
    for (const end of intervals.splice(0)) end();
  }

  it('are records created, changed and deleted since the head, by one statement an interval', async () => {
    const log = await openLog();
    const head = await log.head();
    await database.query(`UPDATE sys.person SET name = 'new' WHERE id = 1`);
    await database.query(`INSERT INTO sys.person VALUES (4, 'four')`);
    await database.query('DELETE FROM sys.person WHERE id = 2');
    await database.query(`UPDATE sys.person SET unmapped = 'x' WHERE id = 3`);
    const following = new Following(log, head);
    const first = await following.next();
    expect([...(first?.sourceRecordIds ?? [])].sort()).toEqual(['1', '2', '4']);
    expect(await following.next()).toEqual({ cursor: first?.cursor, sourceRecordIds: [] });
    sent.length = 0;
    const next = following.next();
    await endInterval();
    await untilWaiting(1);
    await database.query(`UPDATE sys.person SET name = 'newer' WHERE id = 3`);
    await endInterval();
    expect((await next)?.sourceRecordIds).toEqual(['3']);
    expect(sent.filter(({ text }) => text.includes('md5'))).toHaveLength(2);
    await following.end();
  });

  it('reach everybody who follows, each from where it stands', async () => {
    const log = await openLog();
    const head = await log.head();
    const followers = [new Following(log, head), new Following(log)];
    for (const follower of followers) expect(await follower.next()).toEqual({ cursor: head, sourceRecordIds: [] });
    const next = followers.map((follower) => follower.next());
    await database.query(`UPDATE sys.person SET name = 'new' WHERE id = 1`);
    await endInterval(2);
    const changes = await Promise.all(next);
    expect(changes.map((change) => change?.sourceRecordIds)).toEqual([['1'], ['1']]);
    const late = new Following(log, head);
    expect(await late.next()).toEqual(changes[0]);
    for (const follower of [...followers, late]) await follower.end();
  });

  it('of many records come in parts', async () => {
    const log = await openLog();
    const following = new Following(log, await log.head());
    await database.query(`INSERT INTO sys.person SELECT i, 'n' FROM generate_series(4, 1203) i`);
    const parts = [await following.next(), await following.next(), await following.next()];
    expect(parts.map((part) => part?.sourceRecordIds.length)).toEqual([500, 500, 200]);
    const resumed = new Following(log, parts[1]?.cursor);
    expect(await resumed.next()).toEqual(parts[2]);
    await following.end();
    await resumed.end();
  });

  it('are not known from before a restart: all records have to be read again', async () => {
    const clock = createManualClock();
    const head = await (await openLog(clock)).head();
    clock.advance(1);
    const following = new Following(await openLog(clock), head);
    await expect(following.next()).rejects.toMatchObject({ extensions: { code: 'MALFORMED_ID' } });
  });

  it('end when nobody listens any more', async () => {
    const following = new Following(await openLog());
    await following.next();
    const next = following.next();
    await untilWaiting(1);
    await following.end();
    expect(await next).toBeUndefined();
  });

  it.each(['', '12', 'x.y', '1.-1'])('refuse the position %j', async (since) => {
    const following = new Following(await openLog(), since);
    await expect(following.next()).rejects.toMatchObject({ extensions: { code: 'MALFORMED_ID' } });
  });
});
