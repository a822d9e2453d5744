import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database, Row } from '../../database/database.ts';
import { ImportError } from '../../subgraphs/import/import-error.ts';
import { type ImportReport, runImport } from '../../subgraphs/import/run-import.ts';
import type { RefusedLine } from '../../subgraphs/import/write-rows.ts';
import { migrateClouds } from '../support/cloud-stores.ts';
import { availableEngines, openTestDatabase } from '../support/databases.ts';

const NOW = Date.UTC(2026, 2, 1, 12);
const EXPORTS = join(__dirname, '../support/exports');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'c360-import-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Writes a file of lines; objects become JSON. */
async function exportOf(name: string, lines: readonly (string | Buffer | object)[]): Promise<string> {
  const file = join(folder, name);
  const bytes = lines.map((line) =>
    Buffer.isBuffer(line) ? line : Buffer.from(typeof line === 'string' ? line : JSON.stringify(line)),
  );
  await writeFile(file, Buffer.concat(bytes.flatMap((line) => [line, Buffer.from('\n')])));
  return file;
}

interface Outcome {
  readonly report: ImportReport;
  readonly refused: readonly RefusedLine[];
}

async function importFile(database: Database, cloud: string, file: string): Promise<Outcome> {
  const refused: RefusedLine[] = [];
  const report = await runImport({ database, cloud, file, clock: () => NOW, onRefused: (line) => refused.push(line) });
  return { report, refused };
}

/** The same store with another way of running transactions. */
function withTransaction(database: Database, transaction: Database['transaction']): Database {
  return new Proxy(database, {
    get: (target, name) => {
      if (name === 'transaction') return transaction;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const account = (id: string, more: object = {}): object => ({
  id,
  firstName: 'Ada',
  createdAt: '2024-01-01T08:00:00Z',
  ...more,
});

describe.each(availableEngines())('an import into %s', (engine) => {
  let database: Database;
  beforeAll(async () => {
    database = await openTestDatabase({ engine });
    await migrateClouds(database);
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    for (const [cloud, table] of Object.entries({ commerce: 'account', marketing: 'subscriber', service: 'contact' })) {
      await database.query(`DELETE FROM ${cloud}.${table}`);
      await database.query(`DELETE FROM ${cloud}.outbox`);
      await database.query(`DELETE FROM ${cloud}.import_progress`);
    }
  });

  const rung = async (cloud: string): Promise<unknown[]> =>
    (await database.query(`SELECT key FROM ${cloud}.outbox ORDER BY key`)).map((row) => row['key']);
  const record = async (cloud: string, table: string, key: string, id: string): Promise<Row | undefined> =>
    (await database.query(`SELECT * FROM ${cloud}.${table} WHERE ${key} = $1`, [id]))[0];

  it('makes native rows of each cloud’s own export', async () => {
    for (const cloud of ['commerce', 'marketing', 'service']) {
      const { report, refused } = await importFile(database, cloud, join(EXPORTS, `${cloud}.ndjson`));
      expect(refused).toEqual([]);
      expect(report).toMatchObject({
        cloud,
        lines: 20,
        accepted: 20,
        inserted: 20,
        updated: 0,
        unchanged: 0,
        refused: 0,
      });
      expect(report.unknownFields).toEqual([]);
      expect(await rung(cloud)).toHaveLength(20);
    }
    expect(await record('commerce', 'account', 'customer_no', 'K-006')).toMatchObject({
      account_kind: 'registered',
      given_name: 'Fergus',
      family_name: 'Fabre',
      email: 'fergus.5@mail.example',
      phone: '+493023125005',
      birth_date: '1965-02-06',
      street: 'Gartenweg 5',
      street_extra: null,
      country_code: 'DE',
      social: { instagram: 'fergus.pics' },
      updated_at: new Date('2024-02-08T13:05:00.000Z'),
    });
    expect(await record('commerce', 'account', 'customer_no', 'K-001')).toMatchObject({ account_kind: 'guest' });
    expect(await record('marketing', 'subscriber', 'subscriber_key', 'M-001')).toMatchObject({
      email_address: 'news0@mail.example',
      mobile_number: '+447700190000',
      attributes: { BirthDate: '11/03/1970', Country: 'DE', Social: { twitter: '@arden' } },
    });
    expect(await record('service', 'contact', 'contact_id', 'S-001')).toMatchObject({
      full_name: 'Arden, Ada',
      dob: '01.07.1950',
      mailing: { street: 'Quai 0', town: 'Nantes', zip: '44000', country: 'FR' },
      handles: {},
    });
    expect(await record('service', 'contact', 'contact_id', 'S-003')).toMatchObject({ full_name: 'Castel, Chloé' });
  });

  it('changes nothing and rings nothing when it is done again, and rings once for what has changed', async () => {
    const file = join(EXPORTS, 'commerce.ndjson');
    await importFile(database, 'commerce', file);
    await database.query('DELETE FROM commerce.outbox');
    const again = await importFile(database, 'commerce', file);
    expect(again.report).toMatchObject({ accepted: 20, inserted: 0, updated: 0, unchanged: 20, resumedAfterLine: 0 });
    expect(await rung('commerce')).toEqual([]);

    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    const changed = await exportOf(
      'changed.ndjson',
      lines.map((line) => line.replace('"Fergus"', '"Angus"')),
    );
    expect((await importFile(database, 'commerce', changed)).report).toMatchObject({ updated: 1, unchanged: 19 });
    expect(await rung('commerce')).toEqual(['K-006']);
  });

  it('names every line that it refuses, without its contents, and takes the others', async () => {
    const surrogate = String.raw`\ud800`;
    const cases: [string | Buffer | object, string?][] = [
      [account('a-01')],
      ['{"id":"a-02",', 'the line is not valid JSON'],
      ['["a-03"]', 'the line is not a JSON object'],
      [{ firstName: 'Canary' }, 'createdAt and updatedAt are missing'],
      [account('   '), 'id is missing'],
      [account('x'.repeat(201)), 'id is longer than 200 characters'],
      [{ ...account('a-07'), id: 7 }, 'id is not a text'],
      [account('a-08', { email: ['canary@mail.example'] }), 'email is not a text'],
      [account('a-09', { address: 'Canary Street' }), 'address is not an object'],
      [account('a-10', { address: { line1: 10 } }), 'address.line1 is not a text'],
      [account('a-11', { social: { instagram: 7 } }), 'social has a value that is not a text'],
      [account('a-12', { kind: 'canary' }), 'kind is none of account, guest'],
      [account('a-13', { birthDate: '2023-02-29' }), 'birthDate is not a day such as 1984-02-29'],
      [account('a-14', { birthDate: '29.02.1984' }), 'birthDate is not a day such as 1984-02-29'],
      [
        account('a-15', { createdAt: '2024-13-01T08:00:00Z' }),
        'createdAt is not an instant such as 2026-03-01T08:30:00Z',
      ],
      [account('a-16', { updatedAt: '2024-01-01' }), 'updatedAt is not an instant such as 2026-03-01T08:30:00Z'],
      [account('a-17', { source: 'service' }), 'source is not commerce'],
      [account('a-18', { firstName: 'nul\0' }), 'firstName has a NUL character or half of a surrogate pair'],
      [
        `{"id":"a-19","lastName":"${surrogate}","createdAt":"2024-01-01T08:00:00Z"}`,
        'lastName has a NUL character or half of a surrogate pair',
      ],
      [account('a-20', { firstName: 'x'.repeat(2001) }), 'firstName is longer than 2000 characters'],
      [account('a-21', { note: 'x'.repeat(1024 * 1024) }), 'the line is longer than 1 MiB'],
      [Buffer.from([0x7b, 0xff, 0x7d]), 'the line is not UTF-8'],
      [''],
      [account('a-24', { birthDate: '1984-02-29', firstName: '', phone: null, shoeSize: 'canary' })],
    ];
    const file = await exportOf(
      'faults.ndjson',
      cases.map(([line]) => line),
    );
    const { report, refused } = await importFile(database, 'commerce', file);
    expect(refused).toEqual(
      cases.flatMap(([, reason], place) => (reason === undefined ? [] : [{ lineNumber: place + 1, reason }])),
    );
    expect(report).toMatchObject({ lines: 24, accepted: 2, inserted: 2, refused: 21, unknownFields: ['shoeSize'] });
    expect(await record('commerce', 'account', 'customer_no', 'a-24')).toMatchObject({ given_name: null, phone: null });
    expect(await rung('commerce')).toEqual(['a-01', 'a-24']);
    const kept = await database.query('SELECT * FROM commerce.import_refusal NATURAL JOIN commerce.import_progress');
    expect(kept).toHaveLength(21);
    expect(JSON.stringify([kept, report, refused])).not.toMatch(/canary/i);
  });

  it('names the one line that the store itself refuses', async () => {
    await database.query(`ALTER TABLE commerce.account ADD CONSTRAINT no_ghosts CHECK (given_name <> 'Ghost')`);
    const lines = Array.from({ length: 40 }, (_, place) =>
      account(`g-${place}`, place === 21 ? { firstName: 'Ghost' } : {}),
    );
    const { report, refused } = await importFile(database, 'commerce', await exportOf('ghost.ndjson', lines));
    await database.query('ALTER TABLE commerce.account DROP CONSTRAINT no_ghosts');
    expect(refused).toEqual([{ lineNumber: 22, reason: 'the store does not take the values (SQLSTATE 23514)' }]);
    expect(report).toMatchObject({ accepted: 39, inserted: 39, refused: 1 });
  });

  it('lets the last of several lines with one id count', async () => {
    const lines = [account('d-1', { firstName: 'First' }), account('d-2'), account('d-1', { firstName: 'Last' })];
    const { report } = await importFile(database, 'commerce', await exportOf('twice.ndjson', lines));
    expect(report).toMatchObject({ accepted: 3, inserted: 2, unchanged: 1 });
    expect(await record('commerce', 'account', 'customer_no', 'd-1')).toMatchObject({ given_name: 'Last' });
  });

  it('goes on where it was cut off, and tells again what was refused before', async () => {
    const lines = Array.from({ length: 3_500 }, (_, place) => (place % 1_000 === 7 ? '{' : account(`r-${place}`)));
    const file = await exportOf('resume.ndjson', lines);
    let transactions = 0;
    const breaking = withTransaction(database, (work) =>
      database.transaction(async (transaction) => {
        const result = await work(transaction);
        if (++transactions === 4) throw new Error('cut off before the commit');
        return result;
      }),
    );
    await expect(importFile(breaking, 'commerce', file)).rejects.toThrow('cut off');
    expect(await rung('commerce')).toHaveLength(2_000 - 2);
    const { report, refused } = await importFile(database, 'commerce', file);
    expect(report).toMatchObject({
      resumedAfterLine: 2_000,
      lines: 3_500,
      accepted: 3_496,
      inserted: 3_496,
      refused: 4,
    });
    expect(refused.map((line) => line.lineNumber)).toEqual([8, 1_008, 2_008, 3_008]);
    expect(new Set(await rung('commerce')).size).toBe(3_496);
    expect(await rung('commerce')).toHaveLength(3_496);
  });

  it('stops when another run has moved on with the same file', async () => {
    const file = await exportOf(
      'both.ndjson',
      Array.from({ length: 1_500 }, (_, place) => account(`b-${place}`)),
    );
    let transactions = 0;
    const overtaken = withTransaction(database, async (work) => {
      if (++transactions === 3) await importFile(database, 'commerce', file);
      return database.transaction(work);
    });
    await expect(importFile(overtaken, 'commerce', file)).rejects.toMatchObject({
      code: 'ALREADY_RUNNING',
      exitCode: 75,
    });
    expect(await rung('commerce')).toHaveLength(1_500);
  });

  it('takes empty files and files without a last line’s end', async () => {
    const empty = join(folder, 'empty.ndjson');
    await writeFile(empty, '');
    expect((await importFile(database, 'commerce', empty)).report).toMatchObject({ lines: 0, accepted: 0 });
    const open = join(folder, 'open.ndjson');
    await writeFile(open, `\uFEFF${JSON.stringify(account('e-1'))}\r\n${JSON.stringify(account('e-2'))}`);
    expect((await importFile(database, 'commerce', open)).report).toMatchObject({ lines: 2, inserted: 2, refused: 0 });
  });

  it('says what is missing, with the exit code for it', async () => {
    const file = join(EXPORTS, 'commerce.ndjson');
    await expect(importFile(database, 'finance', file)).rejects.toMatchObject({ code: 'UNKNOWN_CLOUD', exitCode: 64 });
    await expect(importFile(database, 'commerce', join(folder, 'none.ndjson'))).rejects.toThrow(ImportError);
    await expect(importFile(database, 'commerce', folder)).rejects.toMatchObject({ code: 'NO_INPUT', exitCode: 66 });
    await database.query('ALTER TABLE service.contact RENAME TO kontakt');
    const service = importFile(database, 'service', join(EXPORTS, 'service.ndjson'));
    await expect(service).rejects.toMatchObject({ code: 'NOT_OURS', exitCode: 78 });
    await database.query('ALTER TABLE service.kontakt RENAME TO contact');
  });
});
