import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { compileHere, type MjmlResult } from './mjml-compiler.ts';

interface Waiting {
  readonly mjml: string;
  readonly resolve: (result: MjmlResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Those who wait for the thread of this process: there is one at a time, however many templates are to be compiled. */
const waiting: Waiting[] = [];
let isRunning = false;

/**
 * Compiles MJML in a thread of its own, so that nobody who is being served waits while it is loaded. One thread does what there is
 * to do, one after the other; when that is done it is gone, and the libraries with it: what it gives is kept. Run as TypeScript, without a
 * compiled worker, it is done in this thread.
 */
export function compileInThread(mjml: string): Promise<MjmlResult> {
  const file = join(__dirname, 'mjml-worker.js');
  if (!existsSync(file)) return compileHere(mjml);
  return new Promise((resolve, reject) => {
    waiting.push({ mjml, resolve, reject });
    if (!isRunning) void runThread(file);
  });
}

async function runThread(file: string): Promise<void> {
  isRunning = true;
  const worker = new Worker(file);
  const ended = new AbortController();
  worker.once('exit', () => ended.abort());
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const answer = once(worker, 'message', { signal: ended.signal });
    worker.postMessage(next.mjml);
    try {
      const [result] = await answer;
      next.resolve(result as MjmlResult);
    } catch {
      next.reject(new Error('The compilation of a template ended without a result.'));
      break;
    }
  }
  isRunning = false;
  const another = waiting.length > 0;
  await worker.terminate();
  // Its end was no fault of those who still wait.
  if (another && !isRunning) await runThread(file);
}
