import { parentPort } from 'node:worker_threads';
import { compileHere } from './mjml-compiler.ts';

parentPort?.on('message', (mjml: unknown) => {
  void compileHere(String(mjml)).then((result) => parentPort?.postMessage(result));
});
