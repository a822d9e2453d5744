import '../cli/tune-engine.ts';
import { runGateway } from '../cli/gateway.ts';

/** What the measured gateway tells whenever it is asked: its memory after everything unreachable was let go of. */
export interface MemorySample {
  readonly heapBytes: number;
  /** Buffers beside the heap. */
  readonly externalBytes: number;
  readonly residentBytes: number;
}

/** `c360 gateway` as a child that can be asked for its memory. Started with `--expose-gc`. */
process.on('message', () => {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send?.({ heapBytes: heapUsed, externalBytes: external, residentBytes: rss } satisfies MemorySample);
});
process.on('disconnect', () => process.exit(0));

runGateway(process.argv.slice(2)).then((code) => process.exit(code));
