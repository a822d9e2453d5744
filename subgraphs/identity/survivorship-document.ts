import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import { fold } from './resolution/fold.ts';
import type { FieldRule, OrderingRule } from './survivorship.ts';

/** Fields of which one value is taken. */
export const SINGLE_FIELDS = ['salutation', 'firstName', 'middleName', 'lastName', 'birthDate'] as const;

/** Fields of which all values are kept and ranked. */
export const RANKED_FIELDS = [
  'contactPointEmails',
  'contactPointPhones',
  'contactPointAddresses',
  'contactPointSocials',
  'partyIdentifications',
] as const;

/** See SINGLE_FIELDS. */
export type SingleField = (typeof SINGLE_FIELDS)[number];

/** See RANKED_FIELDS. */
export type RankedField = (typeof RANKED_FIELDS)[number];

/** A field whose value is reconciled. */
export type ReconciledField = SingleField | RankedField;

/** Every reconciled field, in the order in which provenance lists them. */
export const RECONCILED_FIELDS: readonly ReconciledField[] = [...SINGLE_FIELDS, ...RANKED_FIELDS];

/** A checked survivorship document, ready to be asked. */
export interface Survivorship {
  ruleOf(field: ReconciledField): FieldRule;
  /** True for a text that says nothing, such as `n/a`, `unknown` or `-`. */
  isPlaceholder(field: ReconciledField, text: string): boolean;
}

/** A survivorship document that can't be used; `faults` names everything that is wrong with it. */
export class SurvivorshipInvalid extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The survivorship document is not valid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.name = 'SurvivorshipInvalid';
    this.faults = faults;
  }
}

/** Reads a document, by default the project's own, for the clouds of the graph. Throws SurvivorshipInvalid with every fault. */
export function loadSurvivorship(
  clouds: readonly string[],
  file = join(PACKAGE_ROOT, 'subgraphs/identity/survivorship.json'),
): Survivorship {
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new SurvivorshipInvalid([`${file} can't be read as JSON: ${error instanceof Error ? error.message : error}`]);
  }
  return createSurvivorship(document, clouds);
}

/** Checks a document and makes it ready. `clouds` are the sources it may name. Throws SurvivorshipInvalid with every fault. */
export function createSurvivorship(document: unknown, clouds: readonly string[]): Survivorship {
  const faults = findFaults(document, clouds);
  if (faults.length > 0) throw new SurvivorshipInvalid(faults);
  const { sourcePriority, fields, placeholders } = document as SurvivorshipDocument;
  const rules = new Map(
    RECONCILED_FIELDS.map((field) => [
      field,
      { rule: fields[field].rule, sources: fields[field].sources ?? sourcePriority },
    ]),
  );
  const isListed = new Map(
    RECONCILED_FIELDS.map((field) => [field, compilePlaceholders(placeholders?.any, placeholders?.[field])]),
  );
  return {
    ruleOf: (field) => rules.get(field) ?? { rule: 'MOST_RECENT', sources: sourcePriority },
    isPlaceholder: (field, text) => {
      const folded = fold(text);
      return !hasLetterOrDigit(folded) || (isListed.get(field)?.(folded) ?? false);
    },
  };
}

interface SurvivorshipDocument {
  readonly name: string;
  readonly version: number;
  readonly sourcePriority: readonly string[];
  readonly fields: Readonly<
    Record<ReconciledField, { readonly rule: OrderingRule; readonly sources?: readonly string[] }>
  >;
  readonly placeholders?: Readonly<Partial<Record<ReconciledField | 'any', Placeholders>>>;
}

/** Folded texts, and regular expressions over them. */
interface Placeholders {
  readonly exact?: readonly string[];
  readonly patterns?: readonly string[];
}

function compilePlaceholders(...lists: readonly (Placeholders | undefined)[]): (folded: string) => boolean {
  const exact = new Set(lists.flatMap((list) => list?.exact?.map(fold) ?? []));
  const patterns = lists.flatMap((list) => list?.patterns?.map((pattern) => new RegExp(pattern, 'u')) ?? []);
  return (folded) => exact.has(folded) || patterns.some((pattern) => pattern.test(folded));
}

function hasLetterOrDigit(folded: string): boolean {
  return /[a-z0-9]/.test(folded) || /[\p{L}\p{N}]/u.test(folded);
}

const RULES: readonly string[] = ['MOST_RECENT', 'MOST_FREQUENT', 'SOURCE_PRIORITY'] satisfies OrderingRule[];

function findFaults(document: unknown, clouds: readonly string[]): string[] {
  if (!isObject(document)) return ['/ is an object'];
  const { name, version, sourcePriority, fields, placeholders } = document;
  return [
    ...unknownKeys('', document, ['name', 'version', 'sourcePriority', 'fields', 'placeholders']),
    ...(typeof name === 'string' && name !== '' ? [] : ['/name is a text']),
    ...(Number.isInteger(version) && Number(version) > 0 ? [] : ['/version is a whole number from 1']),
    ...sourceFaults('/sourcePriority', sourcePriority, clouds),
    ...(isObject(fields)
      ? fieldFaults(fields, clouds)
      : ['/fields is an object with a rule for every reconciled field']),
    ...(placeholders === undefined ? [] : placeholderFaults(placeholders)),
  ];
}

function fieldFaults(fields: Readonly<Record<string, unknown>>, clouds: readonly string[]): string[] {
  const faults = unknownKeys('/fields', fields, RECONCILED_FIELDS);
  for (const field of RECONCILED_FIELDS) {
    const rule = fields[field];
    if (!isObject(rule)) {
      faults.push(`/fields/${field} is missing`);
      continue;
    }
    faults.push(...unknownKeys(`/fields/${field}`, rule, ['rule', 'sources']));
    if (!RULES.includes(String(rule['rule']))) faults.push(`/fields/${field}/rule is one of ${RULES.join(', ')}`);
    if (rule['sources'] !== undefined)
      faults.push(...sourceFaults(`/fields/${field}/sources`, rule['sources'], clouds));
  }
  return faults;
}

function sourceFaults(path: string, sources: unknown, clouds: readonly string[]): string[] {
  if (!isTexts(sources)) return [`${path} is a list of sources`];
  return sources.flatMap((source, index) => {
    if (!clouds.includes(source)) return [`${path}/${index} names ${source}, which is not one of ${clouds.join(', ')}`];
    return sources.indexOf(source) < index ? [`${path}/${index} names ${source} again`] : [];
  });
}

function placeholderFaults(placeholders: unknown): string[] {
  if (!isObject(placeholders)) return ['/placeholders is an object by field, `any` for all fields'];
  const faults = unknownKeys('/placeholders', placeholders, ['any', ...RECONCILED_FIELDS]);
  for (const [field, given] of Object.entries(placeholders)) {
    const path = `/placeholders/${field}`;
    if (!isObject(given)) {
      faults.push(`${path} is an object`);
      continue;
    }
    const { exact = [], patterns = [] } = given;
    faults.push(...unknownKeys(path, given, ['exact', 'patterns']));
    if (!isTexts(exact)) faults.push(`${path}/exact is a list of texts`);
    if (!isTexts(patterns)) faults.push(`${path}/patterns is a list of texts`);
    else
      faults.push(
        ...patterns.flatMap((pattern, index) =>
          isPattern(pattern) ? [] : [`${path}/patterns/${index} is not a regular expression`],
        ),
      );
  }
  return faults;
}

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

function unknownKeys(path: string, object: object, known: readonly string[]): string[] {
  return Object.keys(object).flatMap((key) => (known.includes(key) ? [] : [`${path}/${key} is not known here`]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
