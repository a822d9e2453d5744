import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { compileHere, type MjmlResult } from './mjml-compiler.ts';

/**
 * Compiles MJML in a thread of its own, so that nobody who is being served waits while it is loaded. The thread, and the libraries
 * with it, are gone afterwards: what it gives is kept. Run as TypeScript, without a compiled worker, it is done in this thread.
 */
export function compileInThread(mjml: string): Promise<MjmlResult> {
  const file = join(__dirname, 'mjml-worker.js');
  if (!existsSync(file)) return compileHere(mjml);
  return new Promise((resolve, reject) => {
    const worker = new Worker(file, { workerData: mjml });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('The compilation of a template ended without a result.')));
  });
}
