import { isMixedCase, type ReadProfile } from './candidates.ts';
import { textOf } from './names.ts';
import type { ProfileItems, ProfileLists } from './profile.ts';
import { fold } from './resolution/fold.ts';
import {
  normaliseEmail,
  normalisePartyIdentification,
  normalisePhone,
  normaliseSocial,
} from './resolution/normalise.ts';
import type { Candidate } from './survivorship.ts';
import type { RankedField, Survivorship } from './survivorship-document.ts';

/** A value of a ranked field with the item it stands for. */
export interface ItemCandidate<F extends RankedField> extends Candidate {
  readonly item: ProfileItems[F];
}

/** What the records say for a ranked field: all of it, empty items left out. */
export function rankedCandidates<F extends RankedField>(
  profiles: readonly ReadProfile[],
  field: F,
  survivorship: Survivorship,
): ItemCandidate<F>[] {
  const candidates: ItemCandidate<F>[] = [];
  for (const { profile, origin } of profiles) {
    const lists: Partial<ProfileLists> = profile;
    lists[field]?.forEach((item, position) => {
      const candidate = readItem(field, item, { origin, position }, survivorship);
      if (candidate) candidates.push(candidate);
    });
  }
  return candidates;
}

function readItem<F extends RankedField>(
  field: F,
  item: ProfileItems[F],
  { origin, position }: Pick<Candidate, 'origin' | 'position'>,
  survivorship: Survivorship,
): ItemCandidate<F> | null {
  const kind: Kind<ProfileItems[F]> = KINDS[field];
  const text = kind.text(item);
  if (text === '') return null;
  const normalForm = kind.normalForm(item) ?? fold(text);
  return {
    item,
    text,
    normalForm,
    origin,
    position,
    isPlaceholder:
      survivorship.isPlaceholder(field, normalForm) || survivorship.isPlaceholder(field, kind.tellingText(item)),
    isWhole: kind.isWhole?.(item) ?? true,
    isWellWritten: kind.isWellWritten?.(item) ?? true,
  };
}

interface Kind<Item> {
  readonly text: (item: Item) => string;
  /** The part that tells whether it is a placeholder; its normal form may tell it too. */
  readonly tellingText: (item: Item) => string;
  /** Equal for items that mean the same; null when there is no better form than the folded text. */
  readonly normalForm: (item: Item) => string | null;
  readonly isWhole?: (item: Item) => boolean;
  readonly isWellWritten?: (item: Item) => boolean;
}

const ADDRESS_PARTS = [
  'addressLine1',
  'addressLine2',
  'cityName',
  'stateProvinceName',
  'postalCodeText',
  'countryName',
] as const;

const KINDS: { readonly [F in RankedField]: Kind<ProfileItems[F]> } = {
  contactPointEmails: {
    text: ({ emailAddress }) => emailAddress.trim(),
    tellingText: ({ emailAddress }) => emailAddress,
    normalForm: ({ emailAddress }) => normaliseEmail(emailAddress),
  },
  contactPointPhones: {
    text: ({ telephoneNumber }) => telephoneNumber.trim(),
    tellingText: ({ telephoneNumber }) => telephoneNumber,
    normalForm: ({ telephoneNumber, formattedE164PhoneNumber }) =>
      formattedE164PhoneNumber ?? internationalPhone(telephoneNumber) ?? textOf(telephoneNumber.replace(/\D/g, '')),
  },
  contactPointAddresses: {
    text: (address) => addressTexts(address).join(', '),
    tellingText: (address) => textOf(address.addressLine1) ?? addressTexts(address).join(' '),
    normalForm: normaliseAddress,
    isWhole: (address) =>
      textOf(address.addressLine1) !== null && (textOf(address.cityName) ?? textOf(address.postalCodeText)) !== null,
    isWellWritten: (address) => isMixedCase(addressTexts(address).join(' ')),
  },
  contactPointSocials: {
    text: ({ socialNetworkProvider, socialHandleName }) =>
      `${socialNetworkProvider.trim()}: ${socialHandleName.trim()}`,
    tellingText: ({ socialHandleName }) => socialHandleName,
    normalForm: normaliseSocial,
  },
  partyIdentifications: {
    text: ({ partyIdentificationType, name, identificationNumber }) =>
      `${partyIdentificationType.trim()} ${name.trim()}: ${identificationNumber.trim()}`,
    tellingText: ({ identificationNumber }) => identificationNumber,
    normalForm: normalisePartyIdentification,
  },
};

function addressTexts(address: ProfileItems['contactPointAddresses']): string[] {
  return ADDRESS_PARTS.flatMap((part) => textOf(address[part]) ?? []);
}

/** Letters and digits of each part; whoever writes the same address means the same, also without accents and commas. */
function normaliseAddress(address: ProfileItems['contactPointAddresses']): string {
  return ADDRESS_PARTS.map((part) => address[part]?.replaceAll('|', ' ') ?? '')
    .map(fold)
    .join('|')
    .replace(/[^\p{L}\p{N}|]+/gu, ' ')
    .replace(/ ?\| ?/g, '|')
    .trim();
}

/** Without a country code a number can't be told from another country's. */
function internationalPhone(telephoneNumber: string): string | null {
  return /^\s*(?:\+|00)/.test(telephoneNumber) ? normalisePhone(telephoneNumber) : null;
}
