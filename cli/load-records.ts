import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ResolutionEngine } from '../subgraphs/identity/resolution/engine.ts';
import { type ReadingObserver, readMatchRecords } from './canonical-records.ts';
import type { ReadingMessage, ReadingWork } from './records-worker.ts';

const PROGRESS_EVERY = 50_000;
/** Of a batch's records little stays: with more room before the next collection less is copied. */
const YOUNG_MEBIBYTES = 192;
/** The compiled thread. Sources that run as they are, in tests, have none: they read in the thread that asks. */
const WORKER = join(__dirname, 'records-worker.js');

/**
 * Loads files of canonical records into an empty engine, and fits a model to them where that is asked for. A thread of its own
 * reads and normalises, which takes as long as all else; records reach the engine in the order of the files. Gives how many
 * were read, also those that a later one with the same key replaced.
 */
export async function loadRecords(
  engine: ResolutionEngine,
  files: readonly string[],
  { fit, ...observer }: ReadingObserver & { readonly fit: boolean },
): Promise<number> {
  const loading = engine.loading();
  let records = 0;
  if (!existsSync(WORKER)) loading.add(counted(readMatchRecords(files, observer), () => (records += 1)));
  else {
    await readInThread(files, (message) => {
      if ('bad' in message) observer.onBadLine(message.bad);
      if (!('batch' in message)) return;
      loading.addEncoded(message.batch);
      const before = records;
      records += message.batch.keys.length;
      if (Math.floor(before / PROGRESS_EVERY) < Math.floor(records / PROGRESS_EVERY)) observer.onProgress(records);
    });
  }
  for (const _ of loading.finish({ fit }));
  return records;
}

function* counted<T>(items: Iterable<T>, onItem: () => void): Generator<T> {
  for (const item of items) {
    onItem();
    yield item;
  }
}

function readInThread(files: readonly string[], onMessage: (message: ReadingMessage) => void): Promise<void> {
  const taken = new Int32Array(new SharedArrayBuffer(4));
  const workerData: ReadingWork = { files, taken };
  return new Promise((resolve, reject) => {
    const worker = new Worker(WORKER, { workerData, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEBIBYTES } });
    worker.on('message', (message: ReadingMessage) => {
      try {
        onMessage(message);
      } catch (error) {
        reject(error);
      }
      if ('batch' in message) {
        Atomics.add(taken, 0, 1);
        Atomics.notify(taken, 0);
      }
      if ('fault' in message) reject(new Error(message.fault));
      if ('isEnd' in message) resolve();
    });
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('Reading the records ended before its end.')));
  });
}
