import DataLoader from 'dataloader';
import type { Database, Row } from '../../../../database/database.ts';
import type { ChangeLog } from '../../../../mapping/changes.ts';
import type { CloudContext } from '../../../cloud/context.ts';
import { guardStore, type OnWarning } from '../../../cloud/store-failure.ts';
import type { InstanceRow } from '../store/instances.ts';
import type { JourneyRow, TriggerRow } from './sources.ts';

/** A line of a timeline. */
export interface TimelineRow extends Row {
  readonly entry_id: number;
  readonly instance_id: string;
  readonly occurred_on: Date;
  readonly entry_type: string;
  readonly step: string | null;
  readonly message: string;
  readonly by_subject: string | null;
}

/** One page of the instances of somebody, or of a journey. */
export interface InstancePage {
  /** By which they are owned. */
  readonly by: 'customer360_id' | 'journey_id';
  readonly statuses: readonly string[] | null;
  readonly after: { readonly at: Date; readonly key: string } | null;
  /** So many are read. */
  readonly limit: number;
}

/** Reads journeys for one operation: everything of a kind that is asked for in one tick is one statement. */
export class JourneyLoaders {
  readonly #database: Database;
  readonly #onWarning: OnWarning;
  readonly #signal: AbortSignal | undefined;
  #head: Promise<string> | undefined;
  readonly #pages = new Map<string, DataLoader<string, InstanceRow[]>>();
  readonly journey = this.#byKey<JourneyRow>(
    'journey_id',
    `SELECT journey.*, version.document FROM marketing.journey
     JOIN marketing.journey_version AS version USING (journey_id, version) WHERE journey_id = ANY($1)`,
  );
  readonly instance = this.#byKey<InstanceRow>(
    'instance_id',
    'SELECT * FROM marketing.journey_instance WHERE instance_id = ANY($1)',
  );
  readonly trigger = this.#byKey<TriggerRow>(
    'trigger_id',
    'SELECT * FROM marketing.journey_trigger WHERE trigger_id = ANY($1)',
  );
  readonly timeline = this.#listBy<TimelineRow>(
    'instance_id',
    'SELECT * FROM marketing.journey_timeline WHERE instance_id = ANY($1) ORDER BY entry_id',
  );
  readonly instancesOfTrigger = this.#listBy<InstanceRow>(
    'trigger_id',
    'SELECT * FROM marketing.journey_instance WHERE trigger_id = ANY($1) ORDER BY entered_on, instance_id',
  );
  readonly versions = this.#listBy<{ journey_id: string; version: number }>(
    'journey_id',
    'SELECT journey_id, version FROM marketing.journey_version WHERE journey_id = ANY($1) ORDER BY version DESC',
  );

  constructor(database: Database, onWarning: OnWarning, signal: AbortSignal | undefined) {
    this.#database = database;
    this.#onWarning = onWarning;
    this.#signal = signal;
  }

  /** Those of a page, latest first, for as many owners as ask for the same page at once. */
  page(owner: string, page: InstancePage): Promise<InstanceRow[]> {
    const name = JSON.stringify(page);
    const known =
      this.#pages.get(name) ?? new DataLoader<string, InstanceRow[]>((owners) => this.#readPages(owners, page));
    this.#pages.set(name, known);
    return known.load(owner);
  }

  /** Where the log stands, looked up once. */
  headOf(changes: ChangeLog): Promise<string> {
    this.#head ??= changes.head();
    return this.#head;
  }

  /** Reads something that is asked for once. */
  query<R extends Row>(text: string, values: readonly unknown[]): Promise<R[]> {
    return guardStore('marketing', this.#onWarning, () => this.#database.query<R>(text, values, this.#signal));
  }

  async #readPages(owners: readonly string[], page: InstancePage): Promise<InstanceRow[][]> {
    const rows = await this.query<InstanceRow & { readonly owner: string }>(
      `SELECT asked.owner, found.* FROM unnest($1::text[]) AS asked (owner)
       CROSS JOIN LATERAL (
         SELECT * FROM marketing.journey_instance AS instance WHERE instance.${page.by} = asked.owner
           AND ($2::text[] IS NULL OR status = ANY($2))
           AND ($3::timestamptz IS NULL OR (entered_on, instance_id) < ($3, $4::text))
         ORDER BY entered_on DESC, instance_id DESC LIMIT $5) AS found`,
      [owners, page.statuses, page.after?.at ?? null, page.after?.key ?? null, page.limit],
    );
    return owners.map((owner) => rows.filter((row) => row.owner === owner));
  }

  #byKey<R extends Row>(key: keyof R & string, text: string): DataLoader<string, R | null> {
    return new DataLoader<string, R | null>(async (keys) => {
      const rows = await this.query<R>(text, [keys]);
      const byKey = new Map(rows.map((row) => [row[key], row]));
      return keys.map((one) => byKey.get(one as R[keyof R & string]) ?? null);
    });
  }

  #listBy<R extends Row>(key: keyof R & string, text: string): DataLoader<string, R[]> {
    return new DataLoader<string, R[]>(async (keys) => {
      const rows = await this.query<R>(text, [keys]);
      const lists = new Map<unknown, R[]>(keys.map((one) => [one, []]));
      for (const row of rows) lists.get(row[key])?.push(row);
      return keys.map((one) => lists.get(one) ?? []);
    });
  }
}

/** Gives the loaders of an operation. */
export function createLoadersOf(
  database: Database,
  onWarning: OnWarning,
): { of(context: CloudContext): JourneyLoaders; forget(context: CloudContext): void } {
  const known = new WeakMap<CloudContext, JourneyLoaders>();
  return {
    of(context) {
      const loaders = known.get(context) ?? new JourneyLoaders(database, onWarning, context.signal);
      known.set(context, loaders);
      return loaders;
    },
    forget: (context) => {
      known.delete(context);
    },
  };
}
