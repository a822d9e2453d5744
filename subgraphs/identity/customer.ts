import { CLOUDS } from '../../schema/clouds.ts';
import { parseCustomer360Id } from '../../schema/customer360-id.ts';
import { CodedError } from '../../schema/errors.ts';
import type { IdentityContext } from './context.ts';
import type { IdentityLoaders } from './loaders.ts';
import type { Profile } from './profile.ts';
import { Reconciliation } from './reconcile.ts';
import type { CustomerIdentity, SourceRecordKey } from './store/repository.ts';
import type { Survivorship } from './survivorship-document.ts';

/** What the clouds said about a customer, by cloud; null where a cloud could not answer. */
export type ProfilesByCloud = ReadonlyMap<string, readonly Profile[] | null>;

/** A customer on its way through the resolvers: the id, and the rest when a field asks for it. */
export interface CustomerSource {
  readonly customer360Id: string;
  /** The id that was asked for, when the customer is its survivor. */
  readonly resolvedFrom: string | null;
  readonly profiles: ProfilesByCloud;
  /** The customer's records and aliases. Throws CodedError NOT_FOUND when identity knows no such customer. */
  readonly identity: () => Promise<CustomerIdentity>;
  /** Which records are theirs, where that is known without asking the store. */
  readonly records?: readonly SourceRecordKey[];
  /** The person as the survivorship rules make it from the profiles. */
  readonly reconciliation: () => Reconciliation;
}

/** A customer that was found in the store. */
export function foundCustomer(
  identity: CustomerIdentity,
  survivorship: Survivorship,
  askedFor?: string,
): CustomerSource {
  const resolvedFrom = askedFor === undefined || askedFor === identity.customer360Id ? null : askedFor;
  return createSource({
    customer360Id: identity.customer360Id,
    resolvedFrom,
    profiles: new Map(),
    identity: async () => identity,
    survivorship,
  });
}

/** A customer who is followed: which records are theirs is known, all else is read anew when a field asks for it. */
export function followedCustomer(
  person: { readonly customer360Id: string; readonly records: readonly SourceRecordKey[] },
  askedFor: string,
  survivorship: Survivorship,
  loaders: IdentityLoaders,
): CustomerSource {
  const { customer360Id, records } = person;
  return createSource({
    customer360Id,
    resolvedFrom: askedFor === customer360Id ? null : askedFor,
    profiles: new Map(),
    records,
    identity: () => identityOf(customer360Id, loaders),
    survivorship,
  });
}

/** What a gateway hands to `_entities`: the key, and the profiles that it has read for the fields that require them. */
export type CustomerRepresentation = { readonly customer360Id?: unknown } & Readonly<Record<string, unknown>>;

/**
 * The customer that a representation stands for; null for an unknown id. One that brings profiles comes from a query
 * that began here, so the store is read only if a field needs it. Throws MALFORMED_ID.
 */
export async function referencedCustomer(
  representation: CustomerRepresentation,
  survivorship: Survivorship,
  { loaders }: IdentityContext,
): Promise<CustomerSource | null> {
  const customer360Id = parseCustomer360Id(representation.customer360Id);
  const profiles = profilesOf(representation);
  if (profiles.size === 0) {
    const identity = await loaders.byId.load(customer360Id);
    return identity && foundCustomer(identity, survivorship, customer360Id);
  }
  return createSource({
    customer360Id,
    resolvedFrom: null,
    profiles,
    identity: () => identityOf(customer360Id, loaders),
    survivorship,
  });
}

async function identityOf(customer360Id: string, loaders: IdentityLoaders): Promise<CustomerIdentity> {
  const identity = await loaders.byId.load(customer360Id);
  if (!identity) throw new CodedError('NOT_FOUND', 'Identity knows no customer with this id.');
  return identity;
}

function createSource({
  survivorship,
  ...source
}: Omit<CustomerSource, 'reconciliation'> & { readonly survivorship: Survivorship }): CustomerSource {
  let reconciliation: Reconciliation | undefined;
  return {
    ...source,
    reconciliation: () => {
      const profiles = [...source.profiles.values()].flatMap((ofCloud) => ofCloud ?? []);
      reconciliation ??= new Reconciliation(profiles, survivorship);
      return reconciliation;
    },
  };
}

function profilesOf(representation: CustomerRepresentation): ProfilesByCloud {
  const profiles = new Map<string, readonly Profile[] | null>();
  for (const { name } of CLOUDS) {
    const given = representation[`${name}Profiles`];
    if (given !== undefined) profiles.set(name, Array.isArray(given) ? given.filter((profile) => profile) : null);
  }
  return profiles;
}
