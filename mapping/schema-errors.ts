import type { ErrorObject } from 'ajv';
import { faultAt, pointerTo } from './faults.ts';
import { suggest } from './nearest.ts';

/** Keywords that only say that another error was found. */
const ECHOES = new Set(['if', 'oneOf', 'anyOf']);

/** What the schema finds wrong, and where. */
export interface SchemaFaults {
  /** One for each error of the schema, in words. Values of the document are not repeated: it may hold a password. */
  readonly faults: readonly string[];
  /** JSON pointers to the places whose shape is wrong, so that what stands there means nothing. */
  readonly malformed: readonly string[];
}

/** Puts the errors of the schema in words. */
export function describeSchemaErrors(errors: readonly ErrorObject[]): SchemaFaults {
  const real = errors.filter((error) => !ECHOES.has(error.keyword));
  return {
    faults: real.map((error) => faultAt(pathOf(error), sentenceOf(error))),
    malformed: real.map((error) => pointerTo(pathOf(error))),
  };
}

function pathOf(error: ErrorObject): string[] {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const { additionalProperty, missingProperty } = error.params as Readonly<Record<string, string | undefined>>;
  const last = additionalProperty ?? missingProperty;
  return last === undefined ? path : [...path, last];
}

function sentenceOf(error: ErrorObject): string {
  const parameters = error.params as Readonly<Record<string, unknown>>;
  switch (error.keyword) {
    case 'additionalProperties': {
      const known = Object.keys((error.parentSchema as { properties?: object } | undefined)?.properties ?? {});
      const name = String(parameters['additionalProperty']);
      return `There is no such property here.${suggest(name, known)}`;
    }
    case 'required':
      return 'It is missing.';
    case 'type':
      return `It has to be ${typeNames(parameters['type'])}.`;
    case 'enum':
      return `It has to be one of ${(parameters['allowedValues'] as readonly unknown[]).join(', ')}.`;
    case 'discriminator':
      return kindSentence(error);
    case 'pattern':
      return patternSentence(error);
    case 'minLength':
    case 'minItems':
    case 'minProperties':
      return 'It must not be empty.';
    case 'minimum':
      return `It has to be at least ${parameters['limit']}.`;
    case 'exclusiveMinimum':
      return `It has to be more than ${parameters['limit']}.`;
    default:
      return `It ${error.message ?? 'is not valid'}.`;
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: 'an object, such as { "column": "…" }',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
};

function typeNames(types: unknown): string {
  const names = Array.isArray(types) ? types : [types];
  return names.map((name) => TYPE_NAMES[String(name)] ?? String(name)).join(' or ');
}

function kindSentence(error: ErrorObject): string {
  const branches =
    (error.parentSchema as { oneOf?: readonly { properties?: { kind?: { const?: string } } }[] }).oneOf ?? [];
  const kinds = branches.flatMap((branch) => branch.properties?.kind?.const ?? []);
  const given = (error.params as Readonly<Record<string, unknown>>)['tagValue'];
  return `\`kind\` has to be one of ${kinds.join(', ')}.${typeof given === 'string' ? suggest(given, kinds) : ''}`;
}

function patternSentence(error: ErrorObject): string {
  const title = (error.parentSchema as { title?: string } | undefined)?.title;
  if (title === 'Table') return 'A table is named with its schema, such as `public.Invoice`.';
  return title === 'Alias'
    ? 'An alias has no point in it.'
    : 'It has small letters, digits and `_`, and begins with a letter.';
}
