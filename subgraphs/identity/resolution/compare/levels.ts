/** No evidence: one of the two lacks the field. */
export const MISSING = 255;

/** Names of the levels of each field, best first; the position is the level. */
export const LEVELS = {
  GIVEN_NAME: [
    'EXACT',
    'NICKNAME',
    'CLOSE',
    'SIMILAR',
    'INITIAL',
    'MIDDLE',
    'SWAPPED',
    'IN_EMAIL',
    'NOT_IN_EMAIL',
    'DIFFERENT',
    'RARE_DIFFERENT',
  ],
  FAMILY_NAME: ['EXACT', 'PART', 'CLOSE', 'SIMILAR', 'IN_EMAIL', 'DIFFERENT'],
  GENERATION: ['EXACT', 'DIFFERENT'],
  BIRTH_DATE: ['EXACT', 'EXCHANGED', 'CLOSE', 'PART', 'YEAR', 'DIFFERENT'],
  EMAIL: ['EXACT', 'MAILBOX', 'CLOSE', 'DIFFERENT'],
  PHONE: ['EXACT', 'SUFFIX', 'CLOSE', 'DIFFERENT'],
  ADDRESS: ['EXACT', 'UNIT_DIFFERS', 'STREET', 'CLOSE', 'POSTAL_CODE', 'CITY', 'DIFFERENT'],
  SOCIAL: ['EXACT', 'CLOSE', 'DIFFERENT'],
  PARTY_IDENTIFICATION: ['EXACT', 'CLOSE', 'DIFFERENT'],
  ATTRIBUTE: ['EXACT', 'CLOSE', 'DIFFERENT'],
} as const;

/** Levels of the given name, by position. */
export const GIVEN = {
  exact: 0,
  nickname: 1,
  close: 2,
  similar: 3,
  initial: 4,
  middle: 5,
  swapped: 6,
  inEmail: 7,
  notInEmail: 8,
  different: 9,
  rareDifferent: 10,
} as const;
/** True for the two levels of given names that are not alike. */
export function isDifferentGiven(level: number): boolean {
  return level === GIVEN.different || level === GIVEN.rareDifferent;
}
/** Levels of the family name. */
export const FAMILY = { exact: 0, part: 1, close: 2, similar: 3, inEmail: 4, different: 5 } as const;
/** Levels of the generation. */
export const GENERATION = { exact: 0, different: 1 } as const;
/** Levels of the date of birth. */
export const BIRTH = { exact: 0, exchanged: 1, close: 2, part: 3, year: 4, different: 5 } as const;
/** Levels of e-mail addresses. */
export const EMAIL = { exact: 0, mailbox: 1, close: 2, different: 3 } as const;
/** Levels of telephone numbers. */
export const PHONE = { exact: 0, suffix: 1, close: 2, different: 3 } as const;
/** Levels of addresses. */
export const ADDRESS = { exact: 0, unitDiffers: 1, street: 2, close: 3, postalCode: 4, city: 5, different: 6 } as const;
/** Levels of accounts, official numbers and attributes. */
export const NUMBER = { exact: 0, close: 1, different: 2 } as const;

/** Positions of the fields in a comparison, as in `FIELDS`. */
export const AT = {
  given: 0,
  family: 1,
  generation: 2,
  birth: 3,
  email: 4,
  phone: 5,
  address: 6,
  social: 7,
  identification: 8,
  attribute: 9,
} as const;
/** How many fields are compared. */
export const FIELD_COUNT = 10;
