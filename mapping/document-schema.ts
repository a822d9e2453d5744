import { Kind, parse } from 'graphql';
import { CLOUDS } from '../schema/clouds.ts';
import { buildSubgraphSdl } from '../schema/sdl.ts';
import { CANONICAL_OBJECTS, type CanonicalField, type CanonicalObject } from './canonical.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The JSON schema of mapping documents, from the canonical model and the descriptions of the GraphQL schema.
 * `mapping/document.schema.json` is this, committed: editors and forms show its titles and descriptions.
 */
export function buildDocumentSchema(): JsonSchema {
  const describe = readDescriptions();
  const objects = Object.entries(CANONICAL_OBJECTS).map(([name, canonical]) => [
    name,
    objectSchema(name, canonical, describe),
  ]);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Mapping document',
    description: 'Says what the tables of one cloud mean. docs/mapping.md explains it with examples.',
    ...strictObject(
      {
        $schema: { type: 'string', title: 'Schema', description: 'Path of this schema, for editors.' },
        cloud: {
          type: 'string',
          pattern: '^[a-z][a-z0-9_]*$',
          title: 'Cloud',
          description: 'Name of the cloud, such as `commerce`.',
        },
        title: { type: 'string', title: 'Title', description: 'What system this is, for people.' },
        database: {
          type: 'string',
          title: 'Database',
          description:
            "`postgresql://host:port/database`, without user and password. The cloud's `*_DATABASE_URL` wins.",
        },
        defaultCountry: {
          type: 'string',
          title: 'Default country',
          description: 'ISO 3166 code used where a telephone number has no country of its own.',
        },
        changes: CHANGES,
        objects: {
          title: 'Objects',
          description:
            'Where each object of the canonical model is read from. What is left out, the cloud does not have.',
          ...strictObject(Object.fromEntries(objects), ['SourceProfile']),
        },
      },
      ['cloud', 'changes', 'objects'],
    ),
    $defs: DEFINITIONS,
  };
}

const LINE_WIDTH = 120;

/** The text of `mapping/document.schema.json`, as the formatter leaves it. */
export function printDocumentSchema(): string {
  return `${print(buildDocumentSchema(), '', 0)}\n`;
}

/** `used` is how much of the line is taken before the value. */
function print(value: unknown, indent: string, used: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (!Array.isArray(value)) {
    const entries = Object.entries(value).map(([key, part]) => {
      const start = `${inner}${JSON.stringify(key)}: `;
      return `${start}${print(part, inner, start.length)}`;
    });
    return `{\n${entries.join(',\n')}\n${indent}}`;
  }
  const line = `[${value.map((part) => JSON.stringify(part)).join(', ')}]`;
  if (value.every((part) => typeof part !== 'object') && used + line.length < LINE_WIDTH) return line;
  return `[\n${value.map((part) => `${inner}${print(part, inner, inner.length)}`).join(',\n')}\n${indent}]`;
}

type Describe = (type: string, field?: string) => string | undefined;

/** Descriptions of the clouds' types and fields, which have the names of the canonical model. */
function readDescriptions(): Describe {
  const descriptions = new Map<string, string>();
  for (const { name } of CLOUDS) {
    for (const definition of parse(buildSubgraphSdl(name)).definitions) {
      if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) continue;
      const type = definition.name.value;
      if (definition.description) descriptions.set(type, definition.description.value);
      for (const field of definition.fields ?? []) {
        if (field.description) descriptions.set(`${type}.${field.name.value}`, field.description.value);
      }
    }
  }
  return (type, field) => descriptions.get(field === undefined ? type : `${type}.${field}`);
}

function objectSchema(name: string, canonical: CanonicalObject, describe: Describe): JsonSchema {
  const { key, fields, lists = {} } = canonical;
  const mapped = Object.entries(fields).filter(([field]) => field !== key);
  const required = mapped.filter(([, field]) => field.required).map(([field]) => field);
  const fieldSchemas = mapped.map(([field, definition]) => [
    field,
    labelled(field, describe(name, field), fieldSchema(definition)),
  ]);
  const listSchemas = Object.entries(lists).map(([list, { parts }]) => [
    list,
    labelled(list, describe(name, list), {
      type: 'array',
      items: compositeSchema(TYPE_OF_LIST[list], parts, describe),
    }),
  ]);
  return {
    title: words(name),
    ...described(describe(name)),
    ...strictObject(
      {
        table: TABLE,
        objectName: OBJECT_NAME,
        key: {
          ...COLUMN,
          title: 'Key column',
          description: `Column of the primary key, or of another unique key. It fills \`${key}\`.`,
        },
        joins: JOINS,
        fields: {
          title: 'Fields',
          ...strictObject(Object.fromEntries([...fieldSchemas, ...listSchemas]), required),
        },
      },
      ['table', 'key', 'fields'],
    ),
  };
}

const TYPE_OF_LIST: Readonly<Record<string, string>> = {
  contactPointEmails: 'ContactPointEmail',
  contactPointPhones: 'ContactPointPhone',
  contactPointAddresses: 'ContactPointAddress',
  contactPointSocials: 'ContactPointSocial',
  partyIdentifications: 'PartyIdentification',
};

function fieldSchema({ kind }: CanonicalField): JsonSchema {
  return { $ref: kind === 'money' ? '#/$defs/money' : '#/$defs/value' };
}

function compositeSchema(
  type: string | undefined,
  parts: Readonly<Record<string, CanonicalField>>,
  describe: Describe,
): JsonSchema {
  const required = Object.entries(parts).filter(([, part]) => part.required);
  const properties = Object.entries(parts).map(([part, definition]) => [
    part,
    labelled(part, type && describe(type, part), fieldSchema(definition)),
  ]);
  return strictObject(
    Object.fromEntries(properties),
    required.map(([part]) => part),
  );
}

function labelled(name: string, description: string | undefined, schema: JsonSchema): JsonSchema {
  return { title: words(name), ...described(description), ...schema };
}

function described(description: string | undefined): JsonSchema {
  return description === undefined ? {} : { description };
}

/** `orderedDate` → `Ordered date`. */
function words(name: string): string {
  const spaced = name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, ' ').toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

function strictObject(properties: JsonSchema, required: readonly string[] = []): JsonSchema {
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}), additionalProperties: false };
}

const COLUMN: JsonSchema = { type: 'string', minLength: 1 };
const TABLE: JsonSchema = {
  type: 'string',
  pattern: '^[^.]+\\..+$',
  title: 'Table',
  description: 'Table or view with its schema, in the exact spelling of the database, such as `public.Invoice`.',
};
const VALUE: JsonSchema = { $ref: '#/$defs/value' };
const FIXED: JsonSchema = { type: ['string', 'number', 'boolean'] };
const PATH: JsonSchema = { type: 'array', items: { type: 'string' }, minItems: 1 };
const OBJECT_NAME: JsonSchema = {
  title: 'Object name',
  description: "What the system calls such a record, such as `account`. Without it the table's name.",
  if: { type: 'string' },
  // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON schema
  then: { type: 'string', minLength: 1 },
  else: VALUE,
};

const CHANGES: JsonSchema = {
  title: 'Changes',
  description: 'How changes of the records are noticed.',
  type: 'object',
  required: ['kind'],
  discriminator: { propertyName: 'kind' },
  oneOf: [
    {
      title: 'Outbox',
      description: "The cloud's own tables write what changed into an outbox.",
      ...strictObject(
        {
          kind: { const: 'outbox' },
          schema: { ...COLUMN, title: 'Schema', description: "The outbox table's schema." },
        },
        ['kind', 'schema'],
      ),
    },
    {
      title: 'Polling',
      description: 'The records are read and compared with what they were.',
      ...strictObject(
        {
          kind: { const: 'poll' },
          everyMs: { type: 'integer', minimum: 100, title: 'Interval', description: 'Milliseconds between two reads.' },
        },
        ['kind', 'everyMs'],
      ),
    },
  ],
};

const JOINS: JsonSchema = {
  title: 'Joins',
  description: 'Other tables with at most one row for each row of this one. Their columns are named `alias.column`.',
  type: 'array',
  items: strictObject(
    {
      table: TABLE,
      as: { type: 'string', pattern: '^[^.]+$', title: 'Alias', description: 'What the joined table is called here.' },
      column: {
        ...COLUMN,
        title: 'Column',
        description:
          'Column of this table, or `alias.column` of an earlier join, that holds the key of the joined row.',
      },
      key: { ...COLUMN, title: 'Key', description: 'Unique column of the joined table.' },
    },
    ['table', 'as', 'column', 'key'],
  ),
};

function transformSchema(
  kind: string,
  description: string,
  properties: JsonSchema = {},
  required: readonly string[] = [],
): JsonSchema {
  return {
    title: words(kind),
    description,
    ...strictObject({ kind: { const: kind }, ...properties }, ['kind', ...required]),
  };
}

const TRANSFORMS: readonly JsonSchema[] = [
  transformSchema('trim', 'Takes white space off both ends; nothing left is no value.'),
  transformSchema('lowercase', 'Writes it in small letters.'),
  transformSchema('uppercase', 'Writes it in capitals.'),
  transformSchema('phone', 'Writes a telephone number in E.164, or gives nothing when it is no valid number.', {
    country: { type: 'string', title: 'Country', description: 'ISO 3166 code, where the row has none.' },
    countryColumn: {
      ...COLUMN,
      title: 'Country column',
      description: 'Column of an ISO 3166 code or an English name.',
    },
    countryPath: { ...PATH, title: 'Country path', description: 'Path to the country where the column is JSON.' },
  }),
  transformSchema(
    'date',
    'Reads a calendar day written in one format.',
    { format: { type: 'string', title: 'Format', description: 'Such as `DD.MM.YYYY`, `MM/DD/YYYY` or `YYYYMMDD`.' } },
    ['format'],
  ),
  transformSchema(
    'splitName',
    'Takes one part out of a full name: `First Last`, `Last, First`, with titles and suffixes.',
    { part: { enum: ['salutation', 'firstName', 'middleName', 'lastName'], title: 'Part' } },
    ['part'],
  ),
  transformSchema(
    'divide',
    'Divides an amount, such as cents by 100.',
    { by: { type: 'number', exclusiveMinimum: 0, title: 'Divisor' } },
    ['by'],
  ),
  transformSchema(
    'multiply',
    'Multiplies an amount by another column of the row, such as a quantity.',
    { column: { ...COLUMN, title: 'Column' } },
    ['column'],
  ),
  transformSchema(
    'values',
    "Translates the system's codes.",
    {
      map: {
        title: 'Codes',
        description: "The system's code and what it means.",
        type: 'object',
        minProperties: 1,
        additionalProperties: FIXED,
      },
      otherwise: { ...FIXED, title: 'Otherwise', description: 'Given for empty values and codes that are not listed.' },
    },
    ['map'],
  ),
];

const DEFINITIONS: JsonSchema = {
  value: {
    title: 'Value',
    description: 'Exactly one of a column, a constant or several values joined; then transforms in their order.',
    ...strictObject({
      column: { ...COLUMN, title: 'Column', description: 'Column of the table, or `alias.column` of a join.' },
      path: { ...PATH, title: 'Path', description: 'Path into a JSON column, such as ["Social", "instagram"].' },
      constant: { ...FIXED, title: 'Constant', description: 'The same value for every row.' },
      concatenate: {
        title: 'Concatenate',
        description: 'Several values joined; empty ones are left out.',
        ...strictObject(
          {
            values: { type: 'array', minItems: 1, items: VALUE, title: 'Values' },
            separator: { type: 'string', title: 'Separator' },
          },
          ['values', 'separator'],
        ),
      },
      transforms: { type: 'array', items: { $ref: '#/$defs/transform' }, title: 'Transforms' },
    }),
  },
  money: {
    title: 'Money',
    description: 'An amount in one currency.',
    ...strictObject(
      {
        amount: { title: 'Amount', description: "In the currency's main unit.", ...VALUE },
        currencyCode: { title: 'Currency', description: 'ISO 4217 code, such as EUR.', ...VALUE },
      },
      ['amount', 'currencyCode'],
    ),
  },
  transform: {
    title: 'Transform',
    type: 'object',
    required: ['kind'],
    discriminator: { propertyName: 'kind' },
    oneOf: TRANSFORMS,
  },
};
