/** Where a queue writes to. */
export interface Outlet {
  /** Hands a text to the system. */
  write(text: string): void;
  /** True while what was written before is not taken yet. */
  isFull(): boolean;
}

/** What one client may have waiting. */
export interface QueueLimits {
  readonly messages: number;
  readonly bytes: number;
}

/** A thousand events, or a megabyte of them. */
export const DEFAULT_QUEUE_LIMITS: QueueLimits = { messages: 1000, bytes: 1024 * 1024 };

/**
 * What waits for a client that reads more slowly than it is written to. Nothing is left out: when more waits than is allowed,
 * what waits is let go of and `onOverflow` ends the client, so that it knows where to go on. The texts are shared between clients.
 */
export class SendQueue {
  readonly #outlet: Outlet;
  readonly #limits: QueueLimits;
  readonly #onOverflow: () => void;
  /** Made when first needed: most clients never wait. */
  #waiting: string[] | undefined;
  #waitingBytes = 0;
  #isClosed = false;
  /** Since it was last looked at. */
  #hasMoved = true;
  #onEmpty: (() => void)[] = [];
  #empty: Promise<void> | undefined;

  constructor(outlet: Outlet, limits: QueueLimits, onOverflow: () => void) {
    this.#outlet = outlet;
    this.#limits = limits;
    this.#onOverflow = onOverflow;
  }

  send(text: string): void {
    if (this.#isClosed) return;
    if (!this.#waiting && !this.#outlet.isFull()) {
      this.#outlet.write(text);
      return;
    }
    this.#waiting ??= [];
    this.#waiting.push(text);
    this.#waitingBytes += Buffer.byteLength(text);
    if (this.#waiting.length <= this.#limits.messages && this.#waitingBytes <= this.#limits.bytes) return;
    this.close();
    this.#onOverflow();
  }

  /** The system has taken what was written: writes on. */
  flush(): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    let written = 0;
    this.#hasMoved = true;
    while (written < waiting.length && !this.#outlet.isFull()) {
      const text = waiting[written] ?? '';
      written += 1;
      this.#waitingBytes -= Buffer.byteLength(text);
      this.#outlet.write(text);
    }
    this.#waiting = written === waiting.length ? undefined : waiting.slice(written);
    if (!this.#waiting) this.#emptied();
  }

  /** Takes no more; does some work once all that waits is written. */
  finish(work: () => void): void {
    this.#isClosed = true;
    if (this.#waiting) this.#onEmpty.push(work);
    else work();
  }

  /** Undefined while nothing waits; else resolves when nothing does any more, for whatever reason. */
  whenEmpty(): Promise<void> | undefined {
    if (!this.#waiting) return undefined;
    this.#empty ??= new Promise((resolve) => this.#onEmpty.push(resolve));
    return this.#empty;
  }

  /** True when something waits and nothing was taken since this was last asked. */
  isStuck(): boolean {
    const isStuck = this.#waiting !== undefined && !this.#hasMoved;
    this.#hasMoved = false;
    return isStuck;
  }

  /** Takes no more, and lets go of what waits. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = undefined;
    this.#waitingBytes = 0;
    this.#emptied();
  }

  #emptied(): void {
    const work = this.#onEmpty;
    this.#onEmpty = [];
    this.#empty = undefined;
    for (const each of work) each();
  }
}
