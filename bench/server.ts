import '../cli/tune-engine.ts';
import { Stores } from '../database/stores.ts';
import { readConfig } from '../gateway/config.ts';
import { createLog } from '../gateway/log.ts';
import { startCustomer360 } from '../gateway/main.ts';

/** What the measured process tells its parent when it is asked. */
export interface Sample {
  /** User and system time of the process so far, milliseconds. */
  readonly cpuMs: number;
  readonly peakBytes: number;
  /** Statements sent so far, by store. */
  readonly statements: Readonly<Record<string, number>>;
}

/** What the measured process tells its parent when it serves. */
export interface Started {
  readonly origin: string;
  /** From the start of the process to the first request it would have answered. */
  readonly startMs: number;
}

/** The measured process: Customer 360 as `c360 start` runs it, with its statements counted. Configured by the environment. */
async function serve(): Promise<void> {
  const statements: Record<string, number> = {};
  const config = readConfig(process.env, { port: '0', data: process.env['BENCH_DATA'] ?? 'memory' });
  const running = await startCustomer360(config, {
    log: createLog('error'),
    samplePeople: Number(process.env['BENCH_PEOPLE'] ?? 10_000),
    onProgress: (text) => process.stderr.write(`  ${text}\n`),
    stores: new Stores({
      directory: config.data.kind === 'memory' ? null : config.data.path,
      observe: (store) => {
        statements[store] = (statements[store] ?? 0) + 1;
      },
    }),
  });
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    const sample: Sample = {
      cpuMs: (user + system) / 1_000,
      peakBytes: process.resourceUsage().maxRSS * 1_024,
      statements: { ...statements },
    };
    process.send?.(sample);
  });
  process.on('disconnect', () => running.close().then(() => process.exit(0)));
  const started: Started = { origin: running.origin, startMs: performance.now() };
  process.send?.(started);
}

serve().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
