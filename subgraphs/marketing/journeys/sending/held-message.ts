import { Readable } from 'node:stream';
import type { Mark, MarkRefusal } from './provider.ts';

/** A message on its way to a mail server, whose end comes after the mark only. */
export class HeldMessage extends Readable {
  /** True when the server has asked for the message: before that it knows nothing of it. */
  isAsked = false;
  /** True when the mark is committed. */
  isMarked = false;
  /** True when the end was let go: from then on the server may take the message. */
  isEnded = false;
  /** Why the mark was refused. */
  refusal: MarkRefusal | undefined;
  /** Why the mark could not be set. */
  markFault: unknown;
  readonly #raw: Buffer;
  readonly #mark: Mark;
  #isBodyOut = false;
  #isAbandoned = false;
  #marking: Promise<void> | undefined;
  #onHeldForGood = (): void => {};

  constructor(raw: Buffer, mark: Mark) {
    super({ highWaterMark: 64 * 1024 });
    this.#raw = raw;
    this.#mark = mark;
  }

  /** Calls back when the end will never come because of the mark. */
  onHeldForGood(callback: () => void): void {
    this.#onHeldForGood = callback;
  }

  /** Sees to it that an end that has not come will never come; resolves when it is known whether the mark was set. */
  async abandon(): Promise<void> {
    this.#isAbandoned = true;
    await this.#marking;
  }

  override _read(): void {
    if (this.#isBodyOut) {
      this.#marking ??= this.#markAndEnd();
      return;
    }
    this.#isBodyOut = true;
    this.isAsked = true;
    this.push(this.#raw);
  }

  async #markAndEnd(): Promise<void> {
    try {
      this.refusal = await this.#mark();
    } catch (error) {
      this.markFault = error ?? new Error('The mark could not be set.');
    }
    if (this.refusal !== undefined || this.markFault !== undefined) return this.#onHeldForGood();
    this.isMarked = true;
    // The server has hung up or answered too early: it has not got the end, and will not.
    if (this.#isAbandoned || this.destroyed) return;
    this.isEnded = true;
    this.push(null);
  }
}
