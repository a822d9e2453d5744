import { CodedError } from '../../../schema/errors.ts';
import type { CloudClient, CloudEvents } from '../cloud-client.ts';
import type { Backoff, Wait } from '../wait.ts';

/** What reading a cloud's log as it grows needs. */
export interface CloudTailParts {
  readonly wait: Wait;
  readonly backoff: Backoff;
  /** Takes events in order; the next ones are read when what it gives has resolved. */
  readonly onEvents: (cloud: string, read: CloudEvents) => Promise<void> | undefined;
  /** The log no longer has what came after the position that was read to: events are lost. */
  readonly onGap: (cloud: string) => void;
  /** Told in words of a cloud that can't be read, for the operator. */
  readonly onWarning: (message: string) => void;
}

const WITHOUT_PLACE: ReadonlySet<string> = new Set(['CURSOR_TOO_OLD', 'MALFORMED_ID']);

/** Reads one cloud's log from now on, and again from where it was after a failure, until it is stopped. */
export class CloudTail {
  /** Resolves when the cloud has answered for the first time, or failed to. */
  readonly tried: Promise<void>;
  readonly #client: Pick<CloudClient, 'dataSourceId' | 'events'>;
  readonly #parts: CloudTailParts;
  #settleTried: () => void = () => {};
  #position: string | null = null;

  constructor(client: Pick<CloudClient, 'dataSourceId' | 'events'>, parts: CloudTailParts) {
    this.#client = client;
    this.#parts = parts;
    this.tried = new Promise((resolve) => {
      this.#settleTried = resolve;
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { wait, backoff } = this.#parts;
    let failures = 0;
    while (!signal.aborted) {
      try {
        for await (const read of this.#client.events({ since: this.#position }, signal)) {
          failures = 0;
          this.#position = read.cursor;
          const taken = this.#parts.onEvents(this.#client.dataSourceId, read);
          this.#settleTried();
          if (taken) await taken;
        }
        if (!signal.aborted) throw new CodedError('SUBGRAPH_DOWN', 'The cloud ended the subscription.');
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        this.#noteFailure(error, failures);
        await wait(backoff(failures), signal);
      }
    }
  }

  #noteFailure(error: unknown, failures: number): void {
    const code = error instanceof CodedError ? error.code : error instanceof Error ? error.constructor.name : 'unknown';
    const cloud = this.#client.dataSourceId;
    this.#settleTried();
    if (failures === 1) this.#parts.onWarning(`The events of ${cloud} can't be read (${code}); it is tried again.`);
    if (this.#position === null || !WITHOUT_PLACE.has(code)) return;
    this.#position = null;
    this.#parts.onGap(cloud);
  }
}
