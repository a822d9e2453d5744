import type { Queryable } from '../../../../database/database.ts';
import { readDefinition } from '../check-definition.ts';
import type { JourneyDefinition, JourneyEntry } from '../definition.ts';
import { ABANDON_AFTER } from '../definition.ts';
import { durationMs } from '../duration.ts';

/** A version that people enter now. */
export interface OpenJourney {
  readonly journeyId: string;
  readonly version: number;
  readonly definition: JourneyDefinition;
  /** How long something is left before the entry, milliseconds; null where the entry does not wait. */
  readonly afterMs: number | null;
}

/** Versions that were read are kept in memory: they never change. */
const KEPT = 200;

/** How long something is left before somebody enters, milliseconds; null where the entry does not wait. */
export function entryAfterMs({ kind, abandonAfter, lapsedAfter }: JourneyEntry): number | null {
  if (kind === 'CUSTOMER_LAPSED') return durationMs(lapsedAfter ?? 'P60D');
  return kind.endsWith('_ABANDONED') ? durationMs(abandonAfter ?? ABANDON_AFTER) : null;
}

/** Reads versions of journeys. One for each process. */
export class JourneyDocuments {
  readonly #definitions = new Map<string, JourneyDefinition>();

  /** The definition of a version. Throws when there is none. */
  async definition(store: Queryable, journeyId: string, version: number): Promise<JourneyDefinition> {
    const key = `${journeyId}:${version}`;
    const known = this.#definitions.get(key);
    if (known) return known;
    const [row] = await store.query<{ document: string }>(
      'SELECT document FROM marketing.journey_version WHERE journey_id = $1 AND version = $2',
      [journeyId, version],
    );
    if (!row) throw new Error(`The journey ${journeyId} has no version ${version}.`);
    return this.#keep(key, row.document);
  }

  /** Active journeys that people enter by one of these kinds. */
  async open(store: Queryable, kinds: readonly string[]): Promise<OpenJourney[]> {
    const rows = await store.query<{
      journey_id: string;
      version: number;
      document: string;
      entry_after_ms: number | null;
    }>(
      `SELECT journey.journey_id, journey.version, journey.entry_after_ms, version.document
       FROM marketing.journey JOIN marketing.journey_version AS version USING (journey_id, version)
       WHERE journey.status = 'ACTIVE' AND journey.entry_kind = ANY($1) ORDER BY journey.journey_id`,
      [kinds],
    );
    return rows.map(({ journey_id, version, document, entry_after_ms }) => ({
      journeyId: journey_id,
      version,
      definition: this.#definitions.get(`${journey_id}:${version}`) ?? this.#keep(`${journey_id}:${version}`, document),
      afterMs: entry_after_ms,
    }));
  }

  #keep(key: string, document: string): JourneyDefinition {
    const definition = readDefinition(document);
    this.#definitions.set(key, definition);
    const [oldest] = this.#definitions.keys();
    if (this.#definitions.size > KEPT && oldest !== undefined) this.#definitions.delete(oldest);
    return definition;
  }
}

/** How long things are left before journeys of these kinds begin, each once, shortest first, milliseconds. */
export async function entryDurations(
  store: Queryable,
  kinds: readonly string[],
): Promise<readonly { readonly kind: string; readonly afterMs: number }[]> {
  const rows = await store.query<{ kind: string; after_ms: number }>(
    `SELECT DISTINCT entry_kind AS kind, entry_after_ms AS after_ms FROM marketing.journey
     WHERE entry_kind = ANY($1) AND entry_after_ms IS NOT NULL AND status IN ('ACTIVE', 'PAUSED')`,
    [kinds],
  );
  const standard = durationMs(ABANDON_AFTER);
  const known = rows.map(({ kind, after_ms }) => ({ kind, afterMs: after_ms }));
  const usual = kinds
    .filter(
      (kind) => kind.endsWith('_ABANDONED') && !known.some((row) => row.kind === kind && row.afterMs === standard),
    )
    .map((kind) => ({ kind, afterMs: standard }));
  return [...known, ...usual].sort((one, other) => one.afterMs - other.afterMs);
}
