import type { After } from '../timers.ts';

/** How many turns a round has: no turn may hold up the events for long. */
const TURNS = 24;

/** Visits each of many clients once a round, a part of them in each turn. Rests while there are none. */
export class Turns<Client> {
  readonly #after: After;
  readonly #turnMs: number;
  readonly #visit: (client: Client) => void;
  readonly #turns = Array.from({ length: TURNS }, () => new Set<Client>());
  #size = 0;
  #joined = 0;
  #next = 0;
  #cancel: (() => void) | undefined;

  constructor(options: { readonly after: After; readonly roundMs: number; readonly visit: (client: Client) => void }) {
    this.#after = options.after;
    this.#turnMs = options.roundMs / TURNS;
    this.#visit = options.visit;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a client and gives what takes it out again, to be called once. */
  add(client: Client): () => void {
    const turn = this.#turns[this.#joined % TURNS];
    this.#joined += 1;
    this.#size += 1;
    turn?.add(client);
    this.#cancel ??= this.#after(this.#turnMs, this.#take);
    return () => {
      turn?.delete(client);
      this.#size -= 1;
      if (this.#size > 0) return;
      this.#cancel?.();
      this.#cancel = undefined;
    };
  }

  /** Everybody, as of now. */
  all(): Client[] {
    return this.#turns.flatMap((turn) => [...turn]);
  }

  readonly #take = (): void => {
    const turn = this.#turns[this.#next] ?? [];
    this.#next = (this.#next + 1) % TURNS;
    this.#cancel = this.#after(this.#turnMs, this.#take);
    for (const client of turn) this.#visit(client);
  };
}
