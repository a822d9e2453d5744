import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';

/** Where a supergraph comes from. */
export interface SupergraphSource {
  /** The SDL as it is now. Rejects with SupergraphInvalid. */
  read(): Promise<string>;
  /** Calls `onChange` whenever there may be something new to read, until the function given back is called. */
  watch(onChange: () => void): () => void;
}

/** Does some work every so many milliseconds until the function given back is called. */
export type Every = (ms: number, work: () => void) => () => void;

/** By the system's timer, which does not keep the process alive. */
export const everyByTimer: Every = (ms, work) => {
  const timer = setInterval(work, ms).unref();
  return () => clearInterval(timer);
};

/** The supergraph of this package's own subgraphs. */
export function readOwnSupergraph(): Promise<string> {
  return readFile(join(PACKAGE_ROOT, 'schema', 'generated', 'supergraph.graphql'), 'utf8');
}

/** The supergraph cannot be read, is not one, or does not compose. The message is for whoever runs the gateway. */
export class SupergraphInvalid extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SupergraphInvalid';
  }
}
