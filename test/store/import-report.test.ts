import { createConsoleReport } from '../../subgraphs/import/console-report.ts';
import type { ImportReport } from '../../subgraphs/import/run-import.ts';

const REPORT: ImportReport = {
  cloud: 'commerce',
  file: 'export.ndjson',
  lines: 4_000,
  accepted: 3_999,
  inserted: 3_000,
  updated: 9,
  unchanged: 990,
  refused: 1,
  resumedAfterLine: 1_000,
  milliseconds: 1_500,
  unknownFields: ['shoeSize'],
};

const progress = (linesDone: number) => ({
  bytes: 400,
  bytesDone: linesDone / 10,
  linesDone,
  accepted: linesDone,
  inserted: linesDone,
  updated: 0,
  refused: 0,
});

function watch(isTerminal: boolean) {
  let now = 0;
  const written: string[] = [];
  const refused: string[] = [];
  const report = createConsoleReport({
    write: (text) => written.push(text),
    isTerminal,
    clock: () => now,
    writeRefused: (text) => refused.push(text),
  });
  return { report, written, refused, wait: (milliseconds: number) => (now += milliseconds) };
}

describe('what a console sees of an import', () => {
  it('is one line every five seconds when it is not a terminal', () => {
    const { report, written, wait } = watch(false);
    report.onProgress(progress(0));
    wait(2_000);
    report.onProgress(progress(1_000));
    expect(written).toEqual([]);
    wait(3_000);
    report.onProgress(progress(2_000));
    expect(written).toEqual(['50 %, 2000 lines, 400 lines/s, 0 refused\n']);
  });

  it('is one line that is written anew when it is a terminal', () => {
    const { report, written, wait } = watch(true);
    report.onProgress(progress(1_000));
    wait(1_000);
    report.onProgress(progress(3_000));
    expect(written).toEqual(['\r\u001b[K75 %, 3000 lines, 2000 lines/s, 0 refused']);
  });

  it('names refused lines twice: for people and for the file of refused lines', () => {
    const { report, written, refused } = watch(false);
    report.onRefused({ lineNumber: 17, reason: 'id is missing' });
    expect(written).toEqual(['line 17 refused: id is missing\n']);
    expect(refused).toEqual(['{"line":17,"reason":"id is missing"}\n']);
  });

  it('ends with a report and the exit code', () => {
    const { report, written } = watch(false);
    expect(report.finish(REPORT)).toBe(1);
    expect(written.join('')).toBe(
      [
        'export.ndjson → commerce: 4000 lines, 3999 accepted (3000 new, 9 changed, 990 as they were), 1 refused',
        '1.5 s, 2000 lines/s',
        'went on after line 1000, where an earlier run stopped',
        'fields left out, unknown to the cloud: shoeSize',
        '',
      ].join('\n'),
    );
    expect(report.finish({ ...REPORT, refused: 0 })).toBe(0);
  });
});
