import { CodedError } from '../../schema/errors.ts';
import type { CustomerByInput } from '../../schema/generated/identity.ts';
import type { IdentityContext } from './context.ts';
import { emailIdentifier, partyIdentifier, phoneIdentifier, refuse, socialIdentifier } from './identifier-input.ts';
import type { IdentifierRules } from './resolution/rules/identifier-rules.ts';
import type { CustomerIdentity, Identifier } from './store/repository.ts';

const WAYS = ['sourceRecord', 'emailAddress', 'telephoneNumber', 'socialAccount', 'partyIdentification'] as const;

/** What a look-up needs beside its input. */
export interface CustomerByOptions {
  readonly ruleset: IdentifierRules;
  /** Country (ISO 3166) of telephone numbers without a country code. */
  readonly defaultCountry: string | undefined;
}

/**
 * The customer known by a record or an identifier, null when there is none or when the identifier is a placeholder.
 * Throws BAD_USER_INPUT unless exactly one way is given, IDENTIFIER_AMBIGUOUS when it leads to several customers.
 */
export async function findCustomerBy(
  by: CustomerByInput,
  { ruleset, defaultCountry }: CustomerByOptions,
  { loaders }: IdentityContext,
): Promise<CustomerIdentity | null> {
  const given = WAYS.filter((way) => by[way] !== undefined && by[way] !== null);
  if (given.length !== 1) refuse(`\`by\` takes exactly one of ${WAYS.join(', ')}; ${given.length} are given.`);
  if (by.sourceRecord) return loaders.byRecord.load(by.sourceRecord);
  const identifier = readIdentifier(by, defaultCountry);
  if (ruleset.isBlocked(identifier)) return null;
  const [customer, ...others] = await loaders.byIdentifier.load(identifier);
  if (others.length > 0) {
    throw new CodedError(
      'IDENTIFIER_AMBIGUOUS',
      `${others.length + 1} customers have this identifier: ask \`customers\` with it and choose.`,
    );
  }
  return customer ?? null;
}

function readIdentifier(by: CustomerByInput, defaultCountry: string | undefined): Identifier {
  if (typeof by.emailAddress === 'string') return emailIdentifier(by.emailAddress);
  if (typeof by.telephoneNumber === 'string') return phoneIdentifier(by.telephoneNumber, defaultCountry);
  if (by.socialAccount) return socialIdentifier(by.socialAccount);
  if (by.partyIdentification) return partyIdentifier(by.partyIdentification);
  return refuse(`\`by\` takes exactly one of ${WAYS.join(', ')}.`);
}
