import { join } from 'node:path';
import type { Database, Row } from '../../database/database.ts';
import { migrate, readMigrations } from '../../database/migrate.ts';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import { checkDefinition } from '../../subgraphs/marketing/journeys/check-definition.ts';
import type { MessageOutcome, MessageStepRequest, MessageSteps } from '../../subgraphs/marketing/journeys/contract.ts';
import { createJourneyEngine, type JourneyEngine } from '../../subgraphs/marketing/journeys/engine.ts';
import type { JourneyParts } from '../../subgraphs/marketing/journeys/parts.ts';
import { saveJourney } from '../../subgraphs/marketing/journeys/store/journeys.ts';
import { openTestDatabase } from './databases.ts';
import { createJourneyWorld, type JourneyWorld } from './journey-world.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';

/** An engine over a marketing store of its own, in a small world. */
export interface EngineFixture {
  readonly database: Database;
  readonly world: JourneyWorld;
  readonly clock: ManualClock;
  readonly engine: JourneyEngine;
  /** Messages that were sent, as `journey:version:object:revision:step`. */
  readonly sent: string[];
  readonly logged: { level: string; message: string; fields: object }[];
  /** Lets time pass, and everything be done that is due by then. */
  pass(ms: number): Promise<void>;
  /** Waits until all events are taken and nothing is due. */
  settle(): Promise<void>;
  /** Saves a version that people enter, or a draft. */
  save(definition: object, isActive?: boolean): Promise<void>;
  rows<R extends Row>(sql: string, values?: readonly unknown[]): Promise<R[]>;
  /** Empties the store and the world and begins with a new engine. */
  reset(changes?: Partial<JourneyParts>): Promise<void>;
  close(): Promise<void>;
}

/** Opens it. */
export async function openEngine(
  changes: Partial<JourneyParts> = {},
  engineName?: Database['engine'],
): Promise<EngineFixture> {
  const statements: string[] = [];
  const database = await openTestDatabase({
    ...(engineName && { engine: engineName }),
    observe: (text) => statements.push(text),
  });
  const migrations = readMigrations(join(PACKAGE_ROOT, 'subgraphs', 'marketing', 'migrations'));
  await migrate(database, { schema: 'marketing', migrations });
  const fixture = { database } as { -readonly [Key in keyof EngineFixture]: EngineFixture[Key] };
  Object.assign(fixture, {
    pass: async (ms: number) => {
      await fixture.settle();
      fixture.clock.advance(ms);
      fixture.engine.wake();
      await fixture.settle();
    },
    async settle() {
      await fixture.world.settled();
      // What was taken last may still be on its way into the store.
      while (!(await isStored(database, fixture.world))) await new Promise((resolve) => setTimeout(resolve, 1));
      fixture.engine.wake();
      await fixture.engine.idle();
    },
    async save(definition: object, isActive = true) {
      const document = JSON.stringify(definition);
      const checked = checkDefinition(document, () => '');
      if (!checked.definition) throw new Error(checked.faults.join('\n'));
      const version = { definition: checked.definition, document, isActive, by: 'test' };
      await database.transaction((transaction) => saveJourney(transaction, version, fixture.clock.now()));
    },
    rows: (sql: string, values: readonly unknown[] = []) => database.query(sql, values),
    async reset(again: Partial<JourneyParts> = {}) {
      await fixture.engine?.stop();
      await emptyJourneys(database);
      await begin({ ...changes, ...again });
    },
    async close() {
      await fixture.engine.stop();
      await database.close();
    },
  });
  const begin = async (parts: Partial<JourneyParts>): Promise<void> => {
    const clock = createManualClock();
    const world = createJourneyWorld(clock.now);
    const sent: string[] = [];
    const logged: EngineFixture['logged'] = [];
    Object.assign(fixture, { clock, world, sent, logged });
    fixture.engine = createJourneyEngine(enginePartsOf({ database, clock, world, sent, logged }, parts));
    await fixture.engine.start();
    await fixture.engine.caughtUp();
    await world.followed();
  };
  await begin(changes);
  return fixture;
}

async function isStored(database: Database, world: JourneyWorld): Promise<boolean> {
  const rows = await database.query<{ log: string; position: string | null }>(
    "SELECT log, position FROM marketing.consumer WHERE name LIKE 'journeys:%'",
  );
  const stored = new Map(rows.map(({ log, position }) => [log, position]));
  return [...world.ends()].every(([log, end]) => stored.get(log) === end);
}

/** What an engine of a fixture is made from. */
export function enginePartsOf(
  { database, clock, world, sent, logged }: Pick<EngineFixture, 'database' | 'clock' | 'world' | 'sent' | 'logged'>,
  changes: Partial<JourneyParts> = {},
): JourneyParts {
  let ids = 0;
  const prefix = Math.random().toString(36).slice(2, 8);
  const write = (level: string) => (fields: object, message: string) => void logged.push({ level, message, fields });
  return {
    database,
    graph: world.graph,
    clock: clock.now,
    newId: () => `${prefix}-${String(++ids).padStart(6, '0')}`,
    wait: (ms, signal) =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          resolve();
        };
        // Time stands still here: only what retries against the real store goes by a real clock.
        const timer = setTimeout(done, ms <= 100 ? ms : 2 ** 30);
        signal.addEventListener('abort', done, { once: true });
        if (signal.aborted) done();
      }),
    log: { info: write('info'), warn: write('warn'), error: write('error') },
    messages: sendingSteps(database, sent),
    conditions: { holds: async () => true },
    zones: { zoneOf: async () => 'Europe/Berlin' },
    isHeldOut: () => false,
    ...changes,
  };
}

/** Message steps that send at once, each key once. */
export function sendingSteps(
  database: Database,
  sent: string[],
  decide: (request: MessageStepRequest) => MessageOutcome | null = () => null,
): MessageSteps {
  return {
    async run(request) {
      const { instance, step } = request;
      const key = [instance.journeyId, instance.version, instance.objectId, instance.revision ?? '-', step.id].join(
        ':',
      );
      const outcome: MessageOutcome = decide(request) ?? { kind: 'SENT', messageKey: key };
      await database.transaction(async (transaction) => {
        if (!(await request.confirm(transaction)).isIn) return;
        await request.conclude(transaction, outcome);
        if (outcome.kind === 'SENT') sent.push(key);
      });
      return outcome;
    },
  };
}

async function emptyJourneys(database: Database): Promise<void> {
  await database.query(
    `TRUNCATE marketing.journey, marketing.journey_version, marketing.journey_trigger, marketing.journey_instance,
       marketing.journey_entry, marketing.journey_timeline, marketing.journey_task, marketing.journey_moved_customer,
       marketing.consumer, marketing.consumed_event, marketing.poison_event CASCADE`,
  );
}
