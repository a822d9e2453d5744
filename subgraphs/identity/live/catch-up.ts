import type { CloudClient } from '../cloud-client.ts';
import { LOG } from '../identity-events.ts';
import type { IdentityRepository } from '../store/repository.ts';
import { guardStore, type OnWarning } from '../store-guard.ts';
import type { EventWindow } from './event-window.ts';
import { fromCloud, fromIdentity, type LiveEvent } from './live-event.ts';
import type { Person } from './people.ts';
import { comparePositions } from './positions.ts';

/** What reading missed events needs. */
export interface CatchUpParts {
  readonly repository: IdentityRepository;
  readonly onWarning: OnWarning;
  readonly clients: ReadonlyMap<string, Pick<CloudClient, 'events'>>;
  /** What the hub has of each log. */
  readonly windows: ReadonlyMap<string, EventWindow>;
}

/** A step of reading one log: an event of the person, or only a place up to which there is none. */
export interface MissedStep {
  readonly position: string;
  readonly event: LiveEvent | undefined;
}

const EVENTS_AT_ONCE = 1_000;

/**
 * What one person's follower has missed of one log, in order, up to where the hub is when it is told. What the hub does not have
 * any more is read from the log itself. Throws what the cloud's client does, CURSOR_TOO_OLD among it.
 */
export async function* missedIn(
  log: string,
  since: string,
  person: Person,
  parts: CatchUpParts,
  signal: AbortSignal,
): AsyncGenerator<MissedStep> {
  const window = parts.windows.get(log);
  let position = since;
  if (!window?.covers(position)) {
    const hub = window?.position;
    const steps = log === LOG ? readIdentity(position, person, parts) : readCloud(log, position, person, parts, signal);
    for await (const step of steps) {
      position = step.position;
      yield step;
      // From here on the hub has it.
      if (step.event === undefined && window?.covers(position)) break;
    }
    // All that there was is read, so what the hub had read before is part of it, whatever its place is called.
    if (hub !== undefined && comparePositions(position, hub) < 0) position = hub;
  }
  if (window?.covers(position)) {
    // The window may move on while its events are told: each look takes what came since.
    for (let events = window.after(position); events.length > 0; events = window.after(position)) {
      for (const event of events) {
        position = event.position;
        if (person.isConcernedBy(event)) yield { position, event };
        if (!window.covers(position)) return;
      }
    }
    if (window.position !== undefined) position = window.position;
  }
  yield { position, event: undefined };
}

async function* readCloud(
  log: string,
  since: string,
  person: Person,
  { clients }: CatchUpParts,
  signal: AbortSignal,
): AsyncGenerator<MissedStep> {
  const ids = person.records.filter(({ dataSourceId }) => dataSourceId === log).map((each) => each.sourceRecordId);
  // A cloud that works with people names these.
  const sourceRecordIds = [...ids, ...person.ids];
  const client = clients.get(log);
  if (!client) return;
  for await (const { events, cursor } of client.events({ since, sourceRecordIds }, signal)) {
    for (const event of events) {
      const live = fromCloud(event);
      if (person.isConcernedBy(live)) yield { position: live.position, event: live };
    }
    yield { position: cursor, event: undefined };
    // Everything that there was when the reading began is told.
    if (events.length === 0) return;
  }
}

async function* readIdentity(
  since: string,
  person: Person,
  { repository, onWarning }: CatchUpParts,
): AsyncGenerator<MissedStep> {
  for (let after = Number(since); ; ) {
    const events = await guardStore(repository.events(after, EVENTS_AT_ONCE), onWarning);
    for (const event of events) {
      after = event.sequence;
      const live = fromIdentity(event);
      if (live && person.isConcernedBy(live)) yield { position: live.position, event: live };
    }
    yield { position: String(after), event: undefined };
    if (events.length < EVENTS_AT_ONCE) return;
  }
}
