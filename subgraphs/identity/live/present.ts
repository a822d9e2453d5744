import type { IdentityContext } from '../context.ts';
import { cursorAfter, LOG } from '../identity-events.ts';
import type { IdentityRepository } from '../store/repository.ts';
import { guardStore, type OnWarning } from '../store-guard.ts';
import type { LiveCustomers } from './live-customers.ts';
import { writePositions } from './positions.ts';

/** Where logs are asked for. */
export interface PresentOptions {
  readonly repository: IdentityRepository;
  readonly live: LiveCustomers;
  readonly onWarning: OnWarning;
}

/** The queries for where a subscription would begin now, for whoever has not been told anything yet. */
export function createPresentQueries({ repository, live, onWarning }: PresentOptions) {
  const head = (): Promise<number> => guardStore(repository.history.head(), onWarning);
  return {
    customerPosition: async (_source: unknown, _args: unknown, { signal }: IdentityContext): Promise<string> => {
      // Identity first: what is linked while the clouds are asked is told again rather than missed.
      const position = String(await head());
      return writePositions({ [LOG]: position, ...(await live.cloudPositions(signal)) });
    },
    identityPosition: async (): Promise<string> => cursorAfter(await head()),
  };
}
