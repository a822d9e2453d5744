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
  readonly status: 'ready' | 'degraded' | 'unready';
  readonly supergraph: 'loaded';
  readonly subgraphs: Readonly<Record<string, 'ready' | 'unready'>>;
}

const CHECK_TIMEOUT_MS = 1000;

/** Asks every part whether it is ready; one that does not answer within a second is not. */
export async function checkReadiness(checks: readonly ReadinessCheck[], isDraining: boolean): Promise<Readiness> {
  const results = await Promise.all(checks.map(async (part) => ({ ...part, isReady: await isReadyInTime(part) })));
  const missing = results.filter(({ isReady }) => !isReady);
  const isUnready = isDraining || missing.some(({ isEssential }) => isEssential);
  return {
    status: isUnready ? 'unready' : missing.length > 0 ? 'degraded' : 'ready',
    supergraph: 'loaded',
    subgraphs: Object.fromEntries(results.map(({ name, isReady }) => [name, isReady ? 'ready' : 'unready'])),
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
