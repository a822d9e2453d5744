import type { Queryable } from '../../../../database/database.ts';
import type { Clock } from '../../../../schema/clock.ts';
import { CodedError } from '../../../../schema/errors.ts';
import type { CheckedDefinition } from '../check-definition.ts';
import type { JourneyDefinition } from '../definition.ts';
import { entryAfterMs } from './documents.ts';
import { wakeWorkers } from './events.ts';
import { takeOut } from './exits.ts';
import { ACTIVE_SQL } from './instances.ts';
import { putSeeds } from './seeds.ts';
import type { TaskKind } from './tasks.ts';

/** A version to be saved. */
export interface NewVersion {
  readonly definition: JourneyDefinition;
  /** As it was handed in. */
  readonly document: string;
  /** True: people enter it from now on. */
  readonly isActive: boolean;
  readonly by: string;
  /** The package it comes from; what it was stays when not given. */
  readonly packageName?: string;
}

/** Why a version that nobody enters can't be the next one. */
const STANDS: Readonly<Record<string, string>> = {
  PAUSED: 'This journey is paused, with people in it',
  STOPPED: 'This journey is stopped, and is no draft any more',
};

/** Those who are taken out with one statement. */
const TAKEN_AT_ONCE = 2_000;

/**
 * Saves a version: the journey's first, or its next. A journey that is paused stays so. Gives the journey's key. Throws CONFLICT
 * when a version that nobody enters would stand before one that people enter or entered.
 */
export async function saveJourney(transaction: Queryable, version: NewVersion, nowMs: number): Promise<string> {
  const { definition, document, isActive, by, packageName } = version;
  const { id, name, reentry, entry } = definition;
  const now = new Date(nowMs);
  // Of a journey's first version there is no row yet that could be locked.
  await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended('journey ' || $1, 0))", [id]);
  const [before] = await transaction.query<{ status: string; version: number }>(
    'SELECT status, version FROM marketing.journey WHERE journey_id = $1 FOR UPDATE',
    [id],
  );
  if (before && before.status !== 'DRAFT' && !isActive) {
    throw new CodedError(
      'CONFLICT',
      `${STANDS[before.status] ?? 'People enter this journey'}: save the draft under another id, or make the version active.`,
    );
  }
  const status = before?.status === 'PAUSED' ? 'PAUSED' : isActive ? 'ACTIVE' : 'DRAFT';
  const number = (before?.version ?? 0) + 1;
  await transaction.query(
    `INSERT INTO marketing.journey (journey_id, name, status, reentry, version, entry_kind, entry_after_ms, package_name, modified_on)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT (journey_id) DO UPDATE SET name = excluded.name, status = excluded.status, reentry = excluded.reentry,
       version = excluded.version, entry_kind = excluded.entry_kind, entry_after_ms = excluded.entry_after_ms,
       package_name = CASE WHEN journey.is_listed THEN coalesce(excluded.package_name, journey.package_name) ELSE excluded.package_name END,
       is_listed = true, modified_on = excluded.modified_on`,
    [id, name, status, reentry, number, entry.kind, entryAfterMs(entry), packageName ?? null, now],
  );
  await transaction.query(
    `INSERT INTO marketing.journey_version (journey_id, version, document, saved_on, saved_by) VALUES ($1, $2, $3, $4, $5)`,
    [id, number, document, now, by],
  );
  if (status !== 'DRAFT') await retime(transaction, { kind: entry.kind, afterMs: entryAfterMs(entry) }, nowMs);
  await wakeWorkers(transaction);
  return id;
}

const TASK_OF: Readonly<Record<string, TaskKind>> = {
  CART_ABANDONED: 'CART',
  CHECKOUT_ABANDONED: 'CART',
  BROWSE_ABANDONED: 'BROWSE',
  CUSTOMER_LAPSED: 'LAPSE',
};

/**
 * What is being timed already is timed by a new journey as well, also what a worker is just looking at. How long ago people ordered
 * who did before anybody listened, is looked up once.
 */
async function retime(
  transaction: Queryable,
  { kind: entryKind, afterMs }: { readonly kind: string; readonly afterMs: number | null },
  nowMs: number,
): Promise<void> {
  const kind = TASK_OF[entryKind];
  if (kind === undefined || afterMs === null) return;
  await transaction.query(
    `UPDATE marketing.journey_task AS task SET wake_on = timing.at, due_on = timing.at, claim = NULL, moves = moves + 1
     FROM (SELECT kind, object_id, CASE WHEN claim IS NULL
             THEN greatest(event_on + $2::bigint * interval '1 millisecond', $3::timestamptz) ELSE $3 END AS at
           FROM marketing.journey_task WHERE kind = $1) AS timing
     WHERE task.kind = timing.kind AND task.object_id = timing.object_id AND task.fired_ms < $2 AND task.set_aside_on IS NULL
       AND (task.wake_on IS NULL OR task.wake_on > timing.at)`,
    [kind, afterMs, new Date(nowMs)],
  );
  if (kind === 'LAPSE') await putSeeds(transaction, ['ORDERS'], nowMs);
}

/** How packages save and stop journeys. `check` is that of documents. Throws BAD_USER_INPUT with every fault. */
export function journeySaves(
  clock: Clock,
  check: (document: string) => CheckedDefinition,
): {
  save(transaction: Queryable, version: { document: string; packageName: string; by: string }): Promise<void>;
  stop(transaction: Queryable, journey: { journeyId: string; by: string }): Promise<void>;
} {
  return {
    async save(transaction, { document, packageName, by }) {
      const { definition, faults } = check(document);
      if (!definition) throw new CodedError('BAD_USER_INPUT', `The journey has faults:\n${faults.join('\n')}`);
      await saveJourney(transaction, { definition, document, isActive: true, by, packageName }, clock());
    },
    stop: (transaction, { journeyId, by }) => controlJourney(transaction, { journeyId, action: 'STOP', by }, clock()),
  };
}

/** What is done to a journey as a whole. */
export type JourneyAction = 'PAUSE' | 'RESUME' | 'STOP';

const ALLOWED: Readonly<Record<JourneyAction, Readonly<Record<string, string>>>> = {
  PAUSE: { ACTIVE: 'PAUSED', PAUSED: 'PAUSED' },
  RESUME: { PAUSED: 'ACTIVE', DRAFT: 'ACTIVE', ACTIVE: 'ACTIVE' },
  STOP: { ACTIVE: 'STOPPED', PAUSED: 'STOPPED', DRAFT: 'STOPPED', STOPPED: 'STOPPED' },
};

/** Pauses, resumes or stops a journey; stopping takes everybody out. Throws NOT_FOUND and CONFLICT. */
export async function controlJourney(
  transaction: Queryable,
  { journeyId, action, by }: { readonly journeyId: string; readonly action: JourneyAction; readonly by: string },
  nowMs: number,
): Promise<void> {
  const [journey] = await transaction.query<{ status: string; entry_kind: string; entry_after_ms: number | null }>(
    'SELECT status, entry_kind, entry_after_ms FROM marketing.journey WHERE journey_id = $1 FOR UPDATE',
    [journeyId],
  );
  if (!journey) throw new CodedError('NOT_FOUND', 'There is no journey with this key.');
  const status = ALLOWED[action][journey.status];
  if (status === undefined)
    throw new CodedError('CONFLICT', `A journey that is ${journey.status} can't be changed by ${action}.`);
  await transaction.query('UPDATE marketing.journey SET status = $2, modified_on = $3 WHERE journey_id = $1', [
    journeyId,
    status,
    new Date(nowMs),
  ]);
  if (journey.status === 'DRAFT' && status === 'ACTIVE') {
    await retime(transaction, { kind: journey.entry_kind, afterMs: journey.entry_after_ms }, nowMs);
  }
  if (action === 'STOP') await takeEverybodyOut(transaction, journeyId, by, nowMs);
  await wakeWorkers(transaction);
}

async function takeEverybodyOut(transaction: Queryable, journeyId: string, by: string, nowMs: number): Promise<void> {
  const exit = { status: 'EJECTED', reason: 'JOURNEY_STOPPED', message: 'The journey was stopped.', by } as const;
  for (;;) {
    const rows = await transaction.query<{ instance_id: string }>(
      `SELECT instance_id FROM marketing.journey_instance WHERE journey_id = $1 AND status IN ${ACTIVE_SQL}
       ORDER BY instance_id LIMIT ${TAKEN_AT_ONCE} FOR UPDATE`,
      [journeyId],
    );
    await takeOut(
      transaction,
      rows.map(({ instance_id }) => instance_id),
      exit,
      nowMs,
    );
    if (rows.length < TAKEN_AT_ONCE) return;
  }
}
