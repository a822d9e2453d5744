/**
 * Knows up to where a log is settled: every sequence so far is either committed, and was before the last look, or will
 * never be.
 *
 * Sequences are handed out before the commit, so that they become visible out of order. A missing one may still come as
 * long as the transaction that took it runs, and that transaction holds a lock on the log from before it took the
 * sequence until after its commit can be seen. So: look how far the log goes, then who holds such a lock; when all of
 * these have let go, whatever is missing so far stays missing. The snapshots' own bounds (xmin, xmax) can't tell this:
 * a running transaction may have a number above xmax, and any long transaction of the server, also of another database,
 * would hold the log up. Nothing of this is kept in positions, so they stay valid when a store is restored elsewhere.
 */
export class OutboxGaps {
  readonly #readWriters: () => Promise<ReadonlySet<string>>;
  /** Settled when these writers have let go. */
  #pending: { readonly upTo: number; readonly writers: ReadonlySet<string> } | null = null;
  #settledUpTo = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** `readWriters` gives the transactions that hold a lock on the log now, by a name of their own. */
  constructor(readWriters: () => Promise<ReadonlySet<string>>) {
    this.#readWriters = readWriters;
  }

  /** Every sequence up to this one was settled before now: a statement sent from now on sees what there is of them. */
  get settledUpTo(): number {
    return this.#settledUpTo;
  }

  /** Settles as much as can be of a log that was seen to reach `upTo`, and gives up to where it is settled. */
  settle(upTo: number): Promise<number> {
    // One after the other: what was looked at earlier must not be weighed against what was noted later.
    const turn = this.#last.then(() => this.#settle(upTo));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #settle(upTo: number): Promise<number> {
    if (upTo <= this.#settledUpTo) return this.#settledUpTo;
    const now = await this.#readWriters();
    if (this.#pending && !isHeld(this.#pending.writers, now)) {
      this.#settledUpTo = Math.max(this.#settledUpTo, this.#pending.upTo);
      this.#pending = null;
    }
    if (now.size === 0) this.#settledUpTo = Math.max(this.#settledUpTo, upTo);
    else if (upTo > this.#settledUpTo) this.#pending ??= { upTo, writers: now };
    return this.#settledUpTo;
  }
}

/** A prepared transaction has lost its name: any that is about may be one of those we wait for. */
function isHeld(writers: ReadonlySet<string>, now: ReadonlySet<string>): boolean {
  return [...now].some((writer) => writers.has(writer) || writer.startsWith('-1/'));
}
