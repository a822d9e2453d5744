import type { Logger } from 'pino';
import type { Clock } from '../schema/clock.ts';
import { describeError } from './describe-error.ts';
import type { Generation } from './generation.ts';
import type { Generations } from './generations.ts';
import type { Metrics } from './metrics.ts';
import { SupergraphInvalid } from './supergraph/source.ts';

/** The way to another supergraph, and whether the last one was refused. */
export interface Reloading {
  /** As `Gateway.reload` says. */
  reload(supergraph: string | (() => Promise<string>)): Promise<boolean>;
  /** True when a newer supergraph was refused. */
  isOutdated(): boolean;
}

/** What reloads are told to. */
export interface ReloadingParts {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Takes what lives longer than a request into the new supergraph. */
  readonly onSwapped: () => Promise<void>;
}

/** Reloads generations, and counts and logs what comes of it. */
export function createReloading(
  generations: Generations<Generation>,
  { log, metrics, clock, onSwapped }: ReloadingParts,
): Reloading {
  const reloads = metrics.counter({
    name: 'c360_reloads_total',
    help: 'Supergraphs that took over, and those that were refused.',
    labels: ['outcome'],
  });
  const state = { isOutdated: false, loadedAt: clock() };
  const loaded = { name: 'c360_supergraph_loaded_timestamp_seconds', help: 'When the supergraph of today was loaded.' };
  metrics.gauge(loaded, () => [[[], state.loadedAt / 1000]]);
  addGenerationMetrics(metrics, generations);
  return {
    isOutdated: () => state.isOutdated,
    async reload(supergraph) {
      try {
        const isNew = await generations.reload(typeof supergraph === 'string' ? supergraph : await supergraph());
        state.isOutdated = false;
        if (!isNew) return false;
        state.loadedAt = clock();
        reloads.add(['swapped']);
        await onSwapped();
        log.info({ generations: generations.count }, 'a new supergraph is served');
        return true;
      } catch (error) {
        state.isOutdated = true;
        reloads.add(['refused']);
        // Its message is about the schema or where it is read from, and names no credentials.
        const reason = error instanceof SupergraphInvalid ? error.message : describeError(error);
        log.warn({ reason }, 'a new supergraph was refused, the one before stays');
        throw error;
      }
    },
  };
}

function addGenerationMetrics(metrics: Metrics, generations: Generations<Generation>): void {
  const cache = () => generations.current.planning.executables;
  const living = { name: 'c360_generations', help: 'Supergraphs that are served or still worked with.' };
  metrics.gauge(living, () => [[[], generations.count]]);
  const kept = { name: 'c360_plan_cache_entries', help: 'Operations that are kept planned and compiled.' };
  metrics.gauge(kept, () => [[[], cache().size]]);
  const asked = {
    name: 'c360_plan_cache_total',
    help: 'Operations that were planned already, and those that had to be.',
  };
  const looked = { ...asked, labels: ['result'] };
  metrics.gauge(
    looked,
    () => [
      [['hit'], cache().hits],
      [['miss'], cache().misses],
    ],
    'counter',
  );
}
