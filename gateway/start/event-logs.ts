import { consumerPositions } from '../../database/consumer-store.ts';
import type { Database } from '../../database/database.ts';
import { createOutboxKeeper } from '../../database/outbox-keeper.ts';
import type { IdentityRepository } from '../../subgraphs/identity/store/repository.ts';
import type { Start } from './start.ts';

/** Tells up to which position somebody has taken the events of a log, null where they take none of it. */
export type PositionIn = (log: string) => Promise<string | null>;

/** The logs of our own stores in this process, and who takes their events. */
export class EventLogs {
  readonly #stores = new Map<string, Database>();
  readonly #holders: PositionIn[] = [];

  /** Keeps the log of a cloud whose store is our own from growing for ever. */
  keep(start: Start, name: string, database: Database): void {
    this.#stores.set(name, database);
    const { config, clock, onWarning, closing } = start;
    const keeper = createOutboxKeeper({
      database,
      schema: name,
      retentionMs: config.eventRetentionMs,
      clock,
      onWarning,
      holds: () => this.#holds(name),
    });
    closing.add(() => keeper.stop());
    keeper.start();
  }

  /** Lets whoever takes events of logs hold them back. */
  holdFor(positionIn: PositionIn): void {
    this.#holders.push(positionIn);
  }

  /** Identity goes on from where it was, instead of reading everything again. */
  holdForIdentity(repository: IdentityRepository): void {
    this.holdFor(async (log) => {
      const position = await repository.positionOf(log);
      return position?.phase === 'FOLLOWING' ? position.since : (position?.changesSince ?? null);
    });
  }

  /** Positions of a log that is an outbox are its sequences. */
  async #holds(log: string): Promise<number[]> {
    const held = await Promise.all(this.#holders.map((positionIn) => positionIn(log)));
    const consumed = await Promise.all(
      [...this.#stores].map(([schema, database]) => consumerPositions(database, schema, log)),
    );
    return [...held, ...consumed.flat()]
      .flatMap((position) => (position === null ? [] : [Number(position)]))
      .filter(Number.isSafeInteger);
  }
}
