import { CodedError } from '../../schema/errors.ts';
import type { CloudEvent, CloudEvents, EventsOptions } from '../../subgraphs/identity/cloud-client.ts';
import type { EventSource } from '../../subgraphs/identity/live/live-customers.ts';

/** A cloud's log in memory, as identity's client of a cloud gives it; it goes down, and it forgets its oldest events. */
export class EventCloud implements EventSource {
  readonly dataSourceId: string;
  /** What was asked for, in order. */
  readonly asked: EventsOptions[] = [];
  /** Readings that run now. */
  readers = 0;
  #events: CloudEvent[] = [];
  #forgotten = 0;
  #isDown = false;
  readonly #wakes = new Set<() => void>();

  constructor(dataSourceId: string) {
    this.dataSourceId = dataSourceId;
  }

  /** Position of the last event. */
  get head(): string {
    return String(this.#forgotten + this.#events.length);
  }

  /** Writes an event about a record; gives its id. */
  write(sourceRecordId: string | null, more: Partial<CloudEvent> = {}): string {
    const cursor = String(this.#forgotten + this.#events.length + 1);
    const id = `${this.dataSourceId}-${cursor}`;
    this.#events.push({
      id,
      cursor,
      dataSourceId: this.dataSourceId,
      eventType: 'Changed',
      objectType: 'SourceProfile',
      objectId: sourceRecordId ?? 'nobody',
      sourceRecordId,
      change: 'UPDATED',
      changedFields: ['firstName'],
      occurredAt: new Date(1_700_000_000_000 + Number(cursor)).toISOString(),
      ...more,
    });
    this.#wake();
    return id;
  }

  /** Breaks off every reading and refuses new ones, or answers again. */
  setDown(isDown: boolean): void {
    this.#isDown = isDown;
    this.#wake();
  }

  /** Keeps only so many events. */
  keep(events: number): void {
    const dropped = Math.max(0, this.#events.length - events);
    this.#events = this.#events.slice(dropped);
    this.#forgotten += dropped;
  }

  async *events(options: EventsOptions, signal: AbortSignal): AsyncGenerator<CloudEvents> {
    this.asked.push(options);
    this.#expectUp();
    let position = Number(options.since ?? this.head);
    if (position > Number(this.head)) throw new CodedError('MALFORMED_ID', 'The cursor is of another log.');
    const ids = options.sourceRecordIds && new Set(options.sourceRecordIds);
    let isHead = false;
    this.readers += 1;
    try {
      while (!signal.aborted) {
        this.#expectUp();
        if (position < this.#forgotten) throw new CodedError('CURSOR_TOO_OLD', 'The events are kept no more.');
        const read = this.#events.slice(position - this.#forgotten, position - this.#forgotten + 100);
        const events = read.filter((event) => !ids || (event.sourceRecordId !== null && ids.has(event.sourceRecordId)));
        position += read.length;
        if (events.length > 0) yield { cursor: String(position), events };
        else if (read.length === 0 && !isHead) {
          isHead = true;
          yield { cursor: String(position), events: [] };
        } else if (read.length === 0) await this.#nextWake(signal);
      }
    } finally {
      this.readers -= 1;
    }
  }

  #expectUp(): void {
    if (this.#isDown) throw new CodedError('SUBGRAPH_DOWN', 'The cloud is down.');
  }

  #wake(): void {
    for (const wake of [...this.#wakes]) wake();
  }

  #nextWake(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#wakes.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#wakes.add(done);
      signal.addEventListener('abort', done);
    });
  }
}
