import type { SubgraphTransport } from '../schema/subgraph-transport.ts';

/** A subgraph as a supergraph names it. */
export interface SubgraphPlace {
  readonly name: string;
  /** Its routing URL. */
  readonly url: string;
}

/** Makes the way to a subgraph. */
export type TransportMaker = (subgraph: SubgraphPlace) => SubgraphTransport;

/** A generation for as long as somebody works with it. */
export interface Lease<Generation> {
  readonly generation: Generation;
  /** Says that the work is over. Call it once. */
  release(): void;
}

/** What generations are made with. */
export interface GenerationsOptions<Generation> {
  /** Makes everything that hangs on a supergraph. Throws SupergraphInvalid. */
  readonly create: (sdl: string, transportTo: TransportMaker) => Generation | Promise<Generation>;
  readonly transportTo: TransportMaker;
  /** Runs before a new generation takes over, such as planning what is asked often. */
  readonly prepare?: (next: Generation, current: Generation) => Promise<void>;
}

interface KeptTransport {
  readonly transport: SubgraphTransport;
  users: number;
}

interface Retirable<Generation> {
  readonly sdl: string;
  readonly generation: Generation;
  readonly transportKeys: readonly string[];
  leases: number;
  isRetired: boolean;
}

/**
 * The supergraph of today and those of yesterday that are still worked with. A new one is made completely before it takes
 * over; a request ends with the one it began with. The way to a subgraph that did not change is handed on; one that nobody
 * needs any more is closed when the last generation with it has no work left.
 */
export class Generations<Generation> {
  readonly #options: GenerationsOptions<Generation>;
  readonly #transports = new Map<string, KeptTransport>();
  readonly #living = new Set<Retirable<Generation>>();
  readonly #closing = new Set<Promise<void>>();
  #current: Retirable<Generation>;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(
    options: GenerationsOptions<Generation>,
    transports: Map<string, KeptTransport>,
    first: Retirable<Generation>,
  ) {
    this.#options = options;
    this.#transports = transports;
    this.#current = first;
    this.#living.add(first);
  }

  /** Makes the first generation. Rejects with SupergraphInvalid. */
  static async begin<Generation>(
    sdl: string,
    options: GenerationsOptions<Generation>,
  ): Promise<Generations<Generation>> {
    const transports = new Map<string, KeptTransport>();
    return new Generations(options, transports, await make(sdl, options, transports));
  }

  /** Generations that are served or still worked with. */
  get count(): number {
    return this.#living.size;
  }

  /** What the supergraph of today was made from. */
  get sdl(): string {
    return this.#current.sdl;
  }

  /** The generation of today. Whoever works with it for longer than this moment takes a lease. */
  get current(): Generation {
    return this.#current.generation;
  }

  /** The generation of today, kept until it is released. */
  lease(): Lease<Generation> {
    const leased = this.#current;
    leased.leases += 1;
    return {
      generation: leased.generation,
      release: () => {
        leased.leases -= 1;
        this.#letGo(leased);
      },
    };
  }

  /**
   * Makes a generation of another SDL and lets it take over. False when it is the SDL of today. Rejects with
   * SupergraphInvalid; nothing has changed then. Reloads that come together take turns.
   */
  reload(sdl: string): Promise<boolean> {
    const reloaded = this.#turn.then(() => this.#reload(sdl));
    this.#turn = reloaded.catch(() => undefined);
    return reloaded;
  }

  /** Closes every way to a subgraph. */
  async close(): Promise<void> {
    await this.#turn;
    const open = [...this.#transports.values()].map(({ transport }) => transport.close());
    this.#transports.clear();
    await Promise.all([...open, ...this.#closing]);
  }

  async #reload(sdl: string): Promise<boolean> {
    const before = this.#current;
    if (sdl === before.sdl) return false;
    const next = await make(sdl, this.#options, this.#transports);
    await this.#options.prepare?.(next.generation, before.generation);
    this.#living.add(next);
    this.#current = next;
    before.isRetired = true;
    this.#letGo(before);
    return true;
  }

  #letGo(generation: Retirable<Generation>): void {
    if (!generation.isRetired || generation.leases > 0) return;
    this.#living.delete(generation);
    for (const transport of release(this.#transports, generation.transportKeys)) {
      const closed = transport.close().catch(() => undefined);
      this.#closing.add(closed);
      closed.finally(() => this.#closing.delete(closed));
    }
  }
}

async function make<Generation>(
  sdl: string,
  { create, transportTo }: GenerationsOptions<Generation>,
  transports: Map<string, KeptTransport>,
): Promise<Retirable<Generation>> {
  const transportKeys: string[] = [];
  const keptOrMade: TransportMaker = (subgraph) => {
    const key = `${subgraph.name}\n${subgraph.url}`;
    const kept = transports.get(key) ?? { transport: transportTo(subgraph), users: 0 };
    transports.set(key, kept);
    kept.users += 1;
    transportKeys.push(key);
    return kept.transport;
  };
  try {
    const generation = await create(sdl, keptOrMade);
    return { sdl, generation, transportKeys, leases: 0, isRetired: false };
  } catch (error) {
    await Promise.all(release(transports, transportKeys).map((transport) => transport.close()));
    throw error;
  }
}

/** Takes a generation's hand off its ways to the subgraphs and gives those that nobody holds any more. */
function release(transports: Map<string, KeptTransport>, keys: readonly string[]): SubgraphTransport[] {
  return keys.flatMap((key) => {
    const kept = transports.get(key);
    if (!kept) return [];
    kept.users -= 1;
    if (kept.users > 0) return [];
    transports.delete(key);
    return [kept.transport];
  });
}
