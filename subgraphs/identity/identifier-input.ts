import { CodedError } from '../../schema/errors.ts';
import type { PartyIdentificationInput, SocialAccountInput } from '../../schema/generated/identity.ts';
import {
  normaliseEmail,
  normalisePartyIdentification,
  normalisePhone,
  normaliseSocial,
} from './resolution/normalise.ts';
import type { Identifier } from './store/repository.ts';

/** The identifier that an e-mail address stands for. Throws BAD_USER_INPUT when it is none. */
export function emailIdentifier(text: string): Identifier {
  const normalizedValue = normaliseEmail(text) ?? refuse('`emailAddress` is not an e-mail address.');
  return { identifierType: 'EMAIL', normalizedValue };
}

/** The identifier that a telephone number stands for, read in a country (ISO 3166) when it has no country code. Throws BAD_USER_INPUT. */
export function phoneIdentifier(text: string, defaultCountry: string | undefined): Identifier {
  const normalizedValue =
    normalisePhone(text, defaultCountry) ??
    refuse('`telephoneNumber` is not a valid number: give it with its country code, such as +49 30 901820.');
  return { identifierType: 'PHONE', normalizedValue };
}

/** The identifier that a social network account stands for. Throws BAD_USER_INPUT when a part is empty. */
export function socialIdentifier(account: SocialAccountInput): Identifier {
  const normalizedValue = normaliseSocial(account) ?? refuse('`socialAccount` has a network and a handle.');
  return { identifierType: 'SOCIAL', normalizedValue };
}

/** The identifier that an official or business number stands for. Throws BAD_USER_INPUT when a part is empty. */
export function partyIdentifier(number: PartyIdentificationInput): Identifier {
  const normalizedValue =
    normalisePartyIdentification(number) ?? refuse('`partyIdentification` has a type and a number.');
  return { identifierType: 'PARTY_IDENTIFICATION', normalizedValue };
}

/** Throws BAD_USER_INPUT. The message names the argument, never its value. */
export function refuse(message: string): never {
  throw new CodedError('BAD_USER_INPUT', message);
}
