import { CodedError } from '../../schema/errors.ts';
import type { IdentityEvent as GraphIdentityEvent } from '../../schema/generated/identity.ts';
import { readNumberCursor } from './cursors.ts';
import { concerns, describeEvent, LOG } from './identity-events.ts';
import { iterateUntilEnded } from './live/prompt-end.ts';
import type { IdentityRepository } from './store/repository.ts';
import { guardStore, type OnWarning } from './store-guard.ts';
import type { Wait } from './wait.ts';

/** What following the log of identity needs. */
export interface IdentityChangedOptions {
  readonly repository: IdentityRepository;
  readonly wait: Wait;
  readonly onWarning: OnWarning;
}

const EVENTS_AT_ONCE = 500;
/** How long another process's event may stay unseen where the store does not ring. */
const LOOK_AGAIN_MS = 500;

/**
 * Follows the log from a cursor, or from its head: every event once, in order, until the signal aborts. Throws
 * MALFORMED_ID for a cursor that is none or that the log has not reached.
 */
export async function* followIdentity(
  { repository, wait, onWarning }: IdentityChangedOptions,
  args: { readonly since?: string | null; readonly customer360Id?: string | null },
  signal: AbortSignal,
): AsyncGenerator<{ identityChanged: GraphIdentityEvent }> {
  const head = await guardStore(repository.history.head(), onWarning);
  let position = typeof args.since === 'string' ? readNumberCursor(LOG, args.since) : head;
  if (position > head) throw new CodedError('MALFORMED_ID', '`since` is no position that this log has reached.');
  let ring = (): void => {};
  const stop = await guardStore(
    repository.listen(() => ring()),
    onWarning,
  );
  try {
    while (!signal.aborted) {
      const rung = new AbortController();
      ring = () => rung.abort();
      const events = await guardStore(repository.events(position, EVENTS_AT_ONCE), onWarning);
      for (const event of events) {
        if (signal.aborted) return;
        position = event.sequence;
        if (args.customer360Id && !concerns(event, args.customer360Id)) continue;
        yield { identityChanged: describeEvent(event) };
      }
      if (events.length === 0) await wait(LOOK_AGAIN_MS, AbortSignal.any([signal, rung.signal]));
    }
  } finally {
    await stop();
  }
}

/**
 * The same as a subscription that ends at once: a generator's `return` alone would stand in line behind a pending `next`.
 */
export function subscribeToIdentity(
  options: IdentityChangedOptions,
  args: { readonly since?: string | null; readonly customer360Id?: string | null },
  signal: AbortSignal | undefined,
): AsyncIterableIterator<{ identityChanged: GraphIdentityEvent }> {
  return iterateUntilEnded(signal, (ended) => followIdentity(options, args, ended));
}
