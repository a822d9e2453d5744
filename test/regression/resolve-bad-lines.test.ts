import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runExplain } from '../../cli/explain.ts';
import { WrongUsage } from '../../cli/failure.ts';
import { runResolve } from '../../cli/resolve.ts';

const folder = mkdtempSync(join(tmpdir(), 'c360-resolve-'));
const [input, output, reportFile] = ['records.ndjson', 'clusters.csv', 'report.json'].map((name) => join(folder, name));
const write = jest.spyOn(process.stderr, 'write');

beforeEach(() => {
  write.mockReset().mockReturnValue(true);
});
afterAll(() => {
  write.mockRestore();
  rmSync(folder, { recursive: true, force: true });
});

const files = { input: String(input), output: String(output), report: String(reportFile) };

async function resolveLines(lines: readonly string[]) {
  writeFileSync(files.input, lines.join('\n'));
  const code = await runResolve(['--input', files.input, '--output', files.output, '--report', files.report]);
  const report = JSON.parse(readFileSync(files.report, 'utf8'));
  const bad = report.badLines.named.map(({ line, reason }: { line: number; reason: string }) => `${line} ${reason}`);
  const ids = readFileSync(files.output, 'utf8').trimEnd().split('\n').slice(1);
  return { code, report, bad, ids: ids.map((row) => row.slice(0, row.lastIndexOf(','))) };
}

const record = (sourceRecordId: string, rest: object): string =>
  JSON.stringify({ dataSourceId: 'a', sourceRecordId, ...rest });

describe('c360 resolve', () => {
  it('names values that are none inside of lists, skips their lines and goes on', async () => {
    const { code, bad, ids } = await resolveLines([
      record('1', { addresses: [{ addressLine1: 5, postalCodeText: 12345 }], birthDate: 19800102 }),
      record('2', { partyIdentifications: [{ partyIdentificationType: 'SSN', identificationNumber: 123456789 }] }),
      record('3', { socialAccounts: [{ socialNetworkProvider: 'x', socialHandleName: 7 }, null] }),
      record('4', { addresses: [{ addressLine1: { line: 1 } }] }),
      record('5', { addresses: [['x']] }),
      record('6', { addresses: [{ countryName: true }] }),
      record('7', { partyIdentifications: [{ identificationNumber: ['1'] }] }),
      record('8', { socialAccounts: [{ socialHandleName: {} }] }),
      record('9', { attributes: { colour: { name: 'red' } } }),
      record('10', { emailAddresses: [true] }),
      JSON.stringify({ dataSourceId: 'a|b', sourceRecordId: '11' }),
      record('b|11', {}),
    ]);
    expect(code).toBe(0);
    expect(ids.sort()).toEqual(['1', '2', '3', 'b|11']);
    expect(bad).toEqual([
      '4 addresses: addressLine1 is not a text',
      '5 addresses holds something else',
      '6 addresses: countryName is not a text',
      '7 partyIdentifications: identificationNumber is not a text',
      '8 socialAccounts: socialHandleName is not a text',
      '9 attributes holds something else',
      '10 emailAddresses holds something else',
      '11 dataSourceId holds a bar',
    ]);
  });

  it('skips a line that is too long, of which it once made a record of another text', async () => {
    const { bad, ids } = await resolveLines([
      record('1', {}),
      record('2', { firstName: 'x'.repeat(12_000_000) }),
      record('3', {}),
      record('4', { firstName: 'y'.repeat(10_000_001) }),
    ]);
    expect(bad).toEqual(['2 too long', '4 too long']);
    expect(ids.sort()).toEqual(['1', '3']);
  });

  it('says how many records came more than once', async () => {
    const { ids, report } = await resolveLines([record('1', { firstName: 'Ann' }), record('1', { firstName: 'Zoe' })]);
    expect(ids).toEqual(['1']);
    expect(report.warnings).toContainEqual(expect.objectContaining({ code: 'DUPLICATE_RECORD', count: 1 }));
  });

  it('refuses files that it cannot write, or would write over, before it begins', async () => {
    writeFileSync(files.input, record('1', {}));
    const run = (...argv: string[]) => runResolve(['--input', files.input, ...argv]);
    await expect(run('--output', join(folder, 'no', 'o.csv'))).rejects.toThrow('There is no folder for');
    await expect(run('--output', folder)).rejects.toThrow('is a folder');
    await expect(run('--output', files.input)).rejects.toThrow('would be written over');
    await expect(run('--output', files.output, '--report', files.output)).rejects.toThrow('are one file');
    await expect(run('--output', files.output, '--report', join(folder, 'no', 'r'))).rejects.toThrow(WrongUsage);
    expect(readFileSync(files.input, 'utf8')).toBe(record('1', {}));
  });
});

it('c360 explain goes on after bad lines too', async () => {
  const out = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  const same = { firstName: 'Ann', lastName: 'Lee', emailAddresses: ['ann@lee.example'] };
  writeFileSync(files.input, [record('1', same), record('2', { addresses: [['x']] }), record('3', same)].join('\n'));
  const code = await runExplain(['1', 'a|3', '--input', files.input]);
  const text = String(out.mock.calls[0]?.[0]);
  out.mockRestore();
  expect(code).toBe(0);
  expect(text).toContain('the same customer');
});
