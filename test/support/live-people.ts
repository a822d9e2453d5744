import { createCustomer360IdGenerator } from '../../schema/customer360-id.ts';
import {
  LiveCustomers,
  type LiveCustomersParts,
  type PersonEvent,
} from '../../subgraphs/identity/live/live-customers.ts';
import { type Positions, readPositions } from '../../subgraphs/identity/live/positions.ts';
import type { IdentityOperation, IdentityRepository } from '../../subgraphs/identity/store/repository.ts';
import { EventCloud } from './event-cloud.ts';

const LOGS = ['identity', 'commerce', 'marketing', 'service'];

/** Three clouds in memory over a real identity store, and who follows people in it. */
export class LivePeople {
  readonly repository: IdentityRepository;
  readonly clouds = ['commerce', 'marketing', 'service'].map((name) => new EventCloud(name));
  readonly warnings: string[] = [];
  live: LiveCustomers;
  readonly #nextId = createCustomer360IdGenerator(Date.now);
  readonly #more: Partial<LiveCustomersParts>;
  #records = 0;

  constructor(repository: IdentityRepository, more: Partial<LiveCustomersParts> = {}) {
    this.repository = repository;
    this.#more = more;
    this.live = this.#open();
  }

  cloud(name: string): EventCloud {
    const found = this.clouds.find(({ dataSourceId }) => dataSourceId === name);
    if (!found) throw new Error(`There is no cloud ${name}.`);
    return found;
  }

  /** As after a restart of identity's process. */
  restart(): void {
    this.live.close();
    this.live = this.#open();
  }

  /** A new person with a record in each cloud; gives the id and the records' keys. */
  async person(): Promise<{ id: string; records: Record<string, string> }> {
    const customer360Id = this.#nextId();
    const operations: IdentityOperation[] = [{ kind: 'create', customer360Id }];
    const records: Record<string, string> = {};
    for (const { dataSourceId } of this.clouds) {
      this.#records += 1;
      const sourceRecordId = `${customer360Id.slice(-6)}-${this.#records}`;
      records[dataSourceId] = sourceRecordId;
      operations.push(link(customer360Id, dataSourceId, sourceRecordId));
    }
    await this.apply(...operations);
    return { id: customer360Id, records };
  }

  async apply(...operations: IdentityOperation[]): Promise<void> {
    await this.repository.apply({ operations, at: new Date().toISOString() });
  }

  /** Where all logs stand. */
  async now(): Promise<Positions> {
    const positions: Record<string, string> = { identity: String(await this.repository.history.head()) };
    for (const cloud of this.clouds) positions[cloud.dataSourceId] = cloud.head;
    return positions;
  }

  /** Begins to follow. */
  follow(id: string, since?: Positions | string): Follow {
    const positions = typeof since === 'string' ? readPositions(since, LOGS) : since;
    return new Follow(this.live, id, positions);
  }

  #open(): LiveCustomers {
    return new LiveCustomers({
      repository: this.repository,
      clouds: this.clouds,
      wait: waitForSignalOrTurn,
      backoff: () => 1,
      onWarning: (message) => this.warnings.push(message),
      ...this.#more,
    });
  }
}

/** One who follows, with all they were told. */
export class Follow {
  readonly told: PersonEvent[] = [];
  /** Code of what ended it. */
  failure: unknown;
  readonly ended: Promise<void>;
  readonly #leaving = new AbortController();
  #looks = new Set<() => void>();

  constructor(live: LiveCustomers, id: string, since: Positions | undefined) {
    this.ended = this.#read(live, id, since);
  }

  get ids(): string[] {
    return this.told.map(({ event }) => event.id);
  }

  get cursor(): string | undefined {
    return this.told.at(-1)?.cursor;
  }

  async leave(): Promise<void> {
    this.#leaving.abort();
    await this.ended;
  }

  /** Resolves when the condition holds; it is looked at after every event. */
  until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isSo() && this.failure === undefined) return;
        this.#looks.delete(look);
        resolve();
      };
      this.#looks.add(look);
      look();
    });
  }

  async #read(live: LiveCustomers, id: string, since: Positions | undefined): Promise<void> {
    try {
      for await (const event of live.follow(id, since, this.#leaving.signal)) {
        this.told.push(event);
        for (const look of [...this.#looks]) look();
      }
    } catch (error) {
      this.failure = (error as { code?: string }).code ?? error;
    }
    for (const look of [...this.#looks]) look();
  }
}

/** Links a record to a customer. */
export function link(customer360Id: string, dataSourceId: string, sourceRecordId: string): IdentityOperation {
  const record = { dataSourceId, sourceRecordId, dataSourceObjectId: 'record', identifiers: [], givenNameHash: null };
  return { kind: 'link', customer360Id, rule: 'EXACT_EMAIL', record };
}

/** Short waits take a turn of the event loop, long ones last until they are called off. */
async function waitForSignalOrTurn(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds < 100) return new Promise((resolve) => setImmediate(resolve));
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
