/**
 * Hears signals for many holders with one listener each: those who came with the same token, or with none, hold the same signal, and
 * a signal looks through all its listeners whenever one is added.
 */
export class SignalListeners {
  readonly #works = new WeakMap<AbortSignal, Set<() => void>>();

  /** Does some work, once, when the signal fires. Gives what forgets it. */
  onFired(signal: AbortSignal, work: () => void): () => void {
    const works = this.#works.get(signal) ?? this.#listen(signal);
    works.add(work);
    return () => works.delete(work);
  }

  #listen(signal: AbortSignal): Set<() => void> {
    const works = new Set<() => void>();
    this.#works.set(signal, works);
    const fire = (): void => {
      for (const work of [...works]) work();
    };
    signal.addEventListener('abort', fire, { once: true });
    return works;
  }
}
