import type { Clock } from '../schema/clock.ts';

/** One part whose readiness is told by name. */
export interface ReadinessCheck {
  /** Name of the subgraph. */
  readonly name: string;
  /** True when nothing useful can be answered without it. */
  readonly isEssential: boolean;
  /** Resolves when it is ready. */
  readonly check: () => Promise<void>;
}

/** How ready the server is. `degraded` still answers, with `completeness` naming what is missing. */
export interface Readiness {
  readonly status: 'ready' | 'degraded' | 'unready' | 'draining';
  /** `outdated`: a newer one was refused, and the one before it is served; the log has the reason. */
  readonly supergraph: 'loaded' | 'outdated';
  readonly subgraphs: Readonly<Record<string, 'ready' | 'unready'>>;
}

/** What readiness is made from besides the checks. */
export interface ServingState {
  /** True: the server is being stopped, and load balancers look for another one. */
  readonly isDraining: boolean;
  /** True: a newer supergraph was refused. */
  readonly isOutdated: boolean;
}

const CHECK_TIMEOUT_MS = 1000;

/** Asks every part whether it is ready; one that does not answer within a second is not. */
export async function checkReadiness(checks: readonly ReadinessCheck[], state: ServingState): Promise<Readiness> {
  const results = await Promise.all(checks.map(async (part) => ({ ...part, isReady: await isReadyInTime(part) })));
  const missing = results.filter(({ isReady }) => !isReady);
  const isUnready = missing.some(({ isEssential }) => isEssential);
  const health = isUnready ? 'unready' : missing.length > 0 ? 'degraded' : 'ready';
  return {
    status: state.isDraining ? 'draining' : health,
    supergraph: state.isOutdated ? 'outdated' : 'loaded',
    subgraphs: Object.fromEntries(results.map(({ name, isReady }) => [name, isReady ? 'ready' : 'unready'])),
  };
}

/** The same check, asked at most once in `keptMs`: probes that come often cost a remote part little. */
export function remembered(part: ReadinessCheck, keptMs: number, clock: Clock): ReadinessCheck {
  let last: { readonly at: number; readonly result: Promise<void> } | undefined;
  return {
    ...part,
    check() {
      const now = clock();
      if (!last || now - last.at >= keptMs) {
        const result = part.check();
        result.catch(() => undefined);
        last = { at: now, result };
      }
      return last.result;
    },
  };
}

async function isReadyInTime({ check }: ReadinessCheck): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), CHECK_TIMEOUT_MS);
  });
  const ready = check().then(
    () => true,
    () => false,
  );
  return Promise.race([ready, late]).finally(() => clearTimeout(timer));
}
