import { CodedError } from '../../schema/errors.ts';
import type { CustomerResolvers, FieldProvenance } from '../../schema/generated/identity.ts';
import { describeCompleteness } from './completeness.ts';
import type { IdentityContext } from './context.ts';
import type { CustomerSource } from './customer.ts';
import { linkOf } from './profile.ts';
import type { IdentifierRules } from './resolution/rules/identifier-rules.ts';
import { type CustomerIdentity, type Identifier, identifierKey, type LinkedRecord } from './store/repository.ts';
import { RECONCILED_FIELDS } from './survivorship-document.ts';

type Field = keyof CustomerResolvers;
type FieldResolver = (customer: CustomerSource, args: never, context: IdentityContext) => unknown;

/** Fields of `Customer` that identity itself knows or reconciles; `customer360Id` and `resolvedFrom` are on the source. */
export const CUSTOMER_FIELDS: Readonly<Partial<Record<Field, FieldResolver>>> = {
  mergedCustomer360Ids: async (customer) => (await customer.identity()).mergedCustomer360Ids,
  createdDate: async (customer) => (await customer.identity()).createdAt,
  identityLinks: async (customer) => (await customer.identity()).records.map(linkOf).sort(compareLinks),
  identifiers: async (customer) => groupIdentifiers(await customer.identity()),
  salutation: (customer) => customer.reconciliation().single('salutation'),
  firstName: (customer) => customer.reconciliation().single('firstName'),
  middleName: (customer) => customer.reconciliation().single('middleName'),
  lastName: (customer) => customer.reconciliation().single('lastName'),
  birthDate: (customer) => customer.reconciliation().single('birthDate'),
  fullName: (customer) => customer.reconciliation().fullName(),
  contactPointEmails: (customer) => customer.reconciliation().emails(),
  contactPointPhones: (customer) => customer.reconciliation().phones(),
  contactPointAddresses: (customer) => customer.reconciliation().addresses(),
  contactPointSocials: (customer) => customer.reconciliation().socials(),
  partyIdentifications: (customer) => customer.reconciliation().partyIdentifications(),
  provenance: (customer, args: { readonly fields?: readonly string[] | null }) => provenanceOf(customer, args.fields),
  completeness: async (customer, _args, context) => {
    const { records } = await customer.identity();
    return describeCompleteness(records, customer.profiles, context.fetches);
  },
};

/** An identifier of a customer with the records that carry it. */
interface IdentifierSource extends Identifier {
  readonly sources: readonly LinkedRecord[];
}

/** Makes the resolvers of `CustomerIdentifier`. Whether it is ignored costs a statement, and only when it is asked for. */
export function createIdentifierFields(ruleset: IdentifierRules) {
  return {
    isIgnored: async (identifier: IdentifierSource, _args: unknown, { loaders }: IdentityContext): Promise<boolean> => {
      if (ruleset.isBlocked(identifier)) return true;
      return (await loaders.carriers.load(identifier)) > ruleset.limitOf(identifier);
    },
    sources: ({ sources }: IdentifierSource) => sources.map(linkOf).sort(compareLinks),
  };
}

function groupIdentifiers({ records }: CustomerIdentity): IdentifierSource[] {
  const groups = new Map<string, Identifier & { readonly sources: LinkedRecord[] }>();
  for (const record of records) {
    for (const identifier of record.identifiers) {
      const group = groups.get(identifierKey(identifier));
      if (group) group.sources.push(record);
      else groups.set(identifierKey(identifier), { ...identifier, sources: [record] });
    }
  }
  return [...groups].sort(([one], [other]) => compareTexts(one, other)).map(([, group]) => group);
}

function provenanceOf(customer: CustomerSource, fields: readonly string[] | null | undefined): FieldProvenance[] {
  const unknown = fields?.filter((field) => !RECONCILED_FIELDS.some((known) => known === field)) ?? [];
  if (unknown.length > 0) {
    throw new CodedError(
      'BAD_USER_INPUT',
      `\`fields\` names what is not reconciled by itself: each is one of ${RECONCILED_FIELDS.join(', ')}.`,
    );
  }
  const asked = RECONCILED_FIELDS.filter((field) => !fields || fields.includes(field));
  return asked.map((field) => customer.reconciliation().provenance(field));
}

function compareLinks(one: ReturnType<typeof linkOf>, other: ReturnType<typeof linkOf>): number {
  return compareTexts(one.dataSourceId, other.dataSourceId) || compareTexts(one.sourceRecordId, other.sourceRecordId);
}

function compareTexts(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
