import { parentPort, workerData } from 'node:worker_threads';
import { compileHere } from './mjml-compiler.ts';

void compileHere(String(workerData)).then((result) => parentPort?.postMessage(result));
