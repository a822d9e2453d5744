import type { Clock } from '../../schema/clock.ts';
import type { ImportProgress } from './progress-store.ts';
import type { ImportReport } from './run-import.ts';
import type { RefusedLine } from './write-rows.ts';

const TERMINAL_INTERVAL_MS = 200;
const LOG_INTERVAL_MS = 5_000;

/** Where an import tells what it does. */
export interface ConsoleReportOptions {
  /** Takes what goes to stderr, with its line ends. */
  readonly write: (text: string) => void;
  /** True when stderr is a terminal: progress then rewrites one line, else there is one line every five seconds. */
  readonly isTerminal: boolean;
  readonly clock: Clock;
  /** Takes each refused line once more, as one JSON object a line, for `--refused FILE`. */
  readonly writeRefused?: ((text: string) => void) | undefined;
}

/** Tells people at a console about an import. Pass `onProgress` and `onRefused` on to `runImport`. */
export interface ConsoleReport {
  onProgress(progress: ImportProgress & { readonly bytes: number }): void;
  onRefused(line: RefusedLine): void;
  /** Prints the report and gives the exit code: 0 when every line was accepted, 1 when some were refused. */
  finish(report: ImportReport): 0 | 1;
}

/** Makes a console report. */
export function createConsoleReport(options: ConsoleReportOptions): ConsoleReport {
  const { write, isTerminal, clock, writeRefused } = options;
  const clearLine = isTerminal ? '\r\u001b[K' : '';
  let begun: { readonly at: number; readonly lines: number } | undefined;
  let shownAt = 0;
  return {
    onProgress(progress) {
      const now = clock();
      if (!begun) {
        begun = { at: now, lines: progress.linesDone };
        shownAt = now;
      }
      if (now - shownAt < (isTerminal ? TERMINAL_INTERVAL_MS : LOG_INTERVAL_MS)) return;
      shownAt = now;
      const percent = progress.bytes === 0 ? 100 : Math.floor((progress.bytesDone / progress.bytes) * 100);
      const rate = linesPerSecond(progress.linesDone - begun.lines, now - begun.at);
      const text = `${percent} %, ${progress.linesDone} lines, ${rate} lines/s, ${progress.refused} refused`;
      write(isTerminal ? `${clearLine}${text}` : `${text}\n`);
    },
    onRefused(line) {
      write(`${clearLine}line ${line.lineNumber} refused: ${line.reason}\n`);
      writeRefused?.(`${JSON.stringify({ line: line.lineNumber, reason: line.reason })}\n`);
    },
    finish(report) {
      write(`${clearLine}${reportText(report)}`);
      return report.refused === 0 ? 0 : 1;
    },
  };
}

function reportText(report: ImportReport): string {
  const done = report.lines - report.resumedAfterLine;
  const rows = [
    `${report.file} → ${report.cloud}: ${report.lines} lines, ${report.accepted} accepted ` +
      `(${report.inserted} new, ${report.updated} changed, ${report.unchanged} as they were), ${report.refused} refused`,
    `${(report.milliseconds / 1000).toFixed(1)} s, ${linesPerSecond(done, report.milliseconds)} lines/s`,
  ];
  if (report.resumedAfterLine > 0)
    rows.push(`went on after line ${report.resumedAfterLine}, where an earlier run stopped`);
  if (report.unknownFields.length > 0)
    rows.push(`fields left out, unknown to the cloud: ${report.unknownFields.join(', ')}`);
  return rows.map((row) => `${row}\n`).join('');
}

function linesPerSecond(lines: number, milliseconds: number): number {
  return Math.round((lines * 1000) / Math.max(1, milliseconds));
}
