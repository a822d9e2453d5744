import { parentPort, workerData } from 'node:worker_threads';
import { type EncodedRecords, RecordEncoder } from '../subgraphs/identity/resolution/block/encoder.ts';
import type { MatchRecord } from '../subgraphs/identity/resolution/match-record.ts';
import { readMatchRecords } from './canonical-records.ts';
import type { BadLine } from './ndjson.ts';

/** What the thread that reads is given. */
export interface ReadingWork {
  readonly files: readonly string[];
  /** One number: batches that have been taken. Whoever takes one adds to it and notifies. */
  readonly taken: Int32Array<SharedArrayBuffer>;
}

/** What the thread tells, in order. */
export type ReadingMessage =
  | { readonly batch: EncodedRecords }
  | { readonly bad: BadLine }
  | { readonly fault: string }
  | { readonly isEnd: true };

const RECORDS_PER_BATCH = 2_000;
/** The thread waits when so many batches have not been taken, so that memory stays bounded. */
const BATCHES_AHEAD = 16;

/** Reads, normalises and numbers records, and sends them in batches. */
function read({ files, taken }: ReadingWork, send: (message: ReadingMessage) => void): void {
  const encoder = new RecordEncoder();
  let records: MatchRecord[] = [];
  let sent = 0;
  const flush = (): void => {
    if (records.length === 0) return;
    for (let known = Atomics.load(taken, 0); sent - known >= BATCHES_AHEAD; known = Atomics.load(taken, 0))
      Atomics.wait(taken, 0, known);
    send({ batch: encoder.encode(records) });
    sent += 1;
    records = [];
  };
  const observer = { onBadLine: (bad: BadLine) => send({ bad }), onProgress: () => undefined };
  for (const record of readMatchRecords(files, observer)) {
    records.push(record);
    if (records.length >= RECORDS_PER_BATCH) flush();
  }
  flush();
}

const port = parentPort;
if (port) {
  const send = (message: ReadingMessage): void => port.postMessage(message);
  try {
    read(workerData as ReadingWork, send);
    send({ isEnd: true });
  } catch (error) {
    send({ fault: error instanceof Error ? error.message : String(error) });
  }
}
