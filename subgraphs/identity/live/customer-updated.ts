import { CLOUDS } from '../../../schema/clouds.ts';
import { parseCustomer360Id } from '../../../schema/customer360-id.ts';
import { CodedError } from '../../../schema/errors.ts';
import { isConfined } from '../../../schema/principal.ts';
import type { IdentityContext } from '../context.ts';
import { type CustomerSource, followedCustomer } from '../customer.ts';
import { LOG } from '../identity-events.ts';
import type { Survivorship } from '../survivorship-document.ts';
import type { LiveCustomers, PersonEvent } from './live-customers.ts';
import { readPositions } from './positions.ts';

const LOGS = [LOG, ...CLOUDS.map(({ name }) => name)];

interface CustomerUpdatedArguments {
  readonly customer360Id: string;
  readonly since?: string | null;
}

/** The resolver of `customerUpdated`: checks whom it may be about, and shows each event with the person. */
export function createCustomerUpdated(live: LiveCustomers, survivorship: Survivorship) {
  return {
    subscribe: async (_source: unknown, args: CustomerUpdatedArguments, context: IdentityContext) => {
      const askedFor = parseCustomer360Id(args.customer360Id);
      const since = typeof args.since === 'string' ? readPositions(args.since, LOGS) : undefined;
      const followed = isConfined(context.principal) ? await ownId(askedFor, context) : askedFor;
      const events = live.follow(followed, since, context.signal);
      return mapped(events, (event) => {
        // The operation lives as long as the subscription: what an earlier event has read is old by now.
        context.loaders.forget();
        return { customerUpdated: showUpdate(event, askedFor, survivorship, context) };
      });
    },
  };
}

/**
 * A customer may follow themselves, by any of their ids; of others it is not told whether they exist. They are followed by the id
 * they go by, so that they stay themselves whatever becomes of the others.
 */
async function ownId(askedFor: string, { loaders, principal }: IdentityContext): Promise<string> {
  const unknown = new CodedError('NOT_FOUND', 'Identity knows no customer with this id.');
  if (principal.customer360Id === undefined) throw unknown;
  const own = parseCustomer360Id(principal.customer360Id);
  const [asked, self] = await Promise.all([loaders.byId.load(askedFor), loaders.byId.load(own)]);
  if (!asked || !self || asked.customer360Id !== self.customer360Id) throw unknown;
  return own;
}

function showUpdate(
  { event, cursor, person }: PersonEvent,
  askedFor: string,
  survivorship: Survivorship,
  { loaders }: IdentityContext,
): Omit<PersonEvent['event'], 'log' | 'position' | 'record' | 'customer360Ids'> & {
  readonly cursor: string;
  readonly dataSourceId: string;
  readonly customer: CustomerSource | null;
} {
  const { log, position: _position, record: _record, customer360Ids: _ids, ...shown } = event;
  const customer = person.isErased ? null : followedCustomer(person, askedFor, survivorship, loaders);
  return { ...shown, dataSourceId: log, cursor, customer };
}

/** The same iterator with other values: its end is its own. */
function mapped<T, U>(items: AsyncIterableIterator<T>, show: (item: T) => U): AsyncIterableIterator<U> {
  const showResult = (result: IteratorResult<T>): IteratorResult<U> =>
    result.done ? { done: true, value: undefined } : { done: false, value: show(result.value) };
  const iterator: AsyncIterableIterator<U> = {
    next: async () => showResult(await items.next()),
    return: async () => {
      await items.return?.();
      return { done: true, value: undefined };
    },
    async throw(error) {
      await items.return?.();
      throw error;
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}
