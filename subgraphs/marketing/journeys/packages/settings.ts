import Ajv, { type ValidateFunction } from 'ajv';
import { CodedError } from '../../../../schema/errors.ts';
import type { PackageSettings } from './journey-package.ts';

/** One setting: a JSON schema of a plain value with its default. */
export interface Setting {
  readonly title: string;
  readonly description: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean';
  readonly default: string | number | boolean;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
}

/** JSON schema of a package's settings. */
export interface SettingsSchema {
  readonly type: 'object';
  readonly additionalProperties: false;
  readonly properties: Readonly<Record<string, Setting>>;
}

/** What becomes of settings as somebody gave them. */
export interface CheckedSettings {
  /** Complete with defaults. Where there are faults, the defaults stand in for what is wrong. */
  readonly settings: PackageSettings;
  /** Every fault, in words, without the values. */
  readonly faults: readonly string[];
}

/** Makes the JSON schema of settings. */
export function settingsSchema(properties: Readonly<Record<string, Setting>>): SettingsSchema {
  return { type: 'object', additionalProperties: false, properties };
}

/** Reads settings from JSON text. Throws BAD_USER_INPUT when it is no JSON object. */
export function parseSettings(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CodedError('BAD_USER_INPUT', '`settings` is not JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CodedError('BAD_USER_INPUT', '`settings` is a JSON object, such as {"percent": 15}.');
  }
  return value as Record<string, unknown>;
}

/** Checks settings against the package's schema and fills in what is missing. */
export function checkSettings(schema: SettingsSchema, given: Readonly<Record<string, unknown>>): CheckedSettings {
  const validate = validatorOf(schema);
  const wrong = new Set<string>();
  const faults: string[] = [];
  if (!validate(given)) {
    for (const { instancePath, keyword, params, message } of validate.errors ?? []) {
      const unknown = (params as { additionalProperty?: string }).additionalProperty;
      if (unknown !== undefined) {
        faults.push(
          `\`${unknown}\`: there is no such setting; there are ${Object.keys(schema.properties).join(', ')}.`,
        );
        continue;
      }
      const name = instancePath.slice(1);
      wrong.add(name);
      faults.push(`\`${name}\`: ${sentenceOf(keyword, schema.properties[name], message)}`);
    }
  }
  const entries = Object.entries(schema.properties).map(([name, setting]) => {
    const value = Object.hasOwn(given, name) && !wrong.has(name) ? given[name] : setting.default;
    return [name, value] as const;
  });
  return { settings: Object.fromEntries(entries) as PackageSettings, faults };
}

function sentenceOf(keyword: string, setting: Setting | undefined, message: string | undefined): string {
  if (keyword === 'pattern') return `it does not have the form asked for. ${setting?.description ?? ''}`.trim();
  if (keyword === 'enum') return `it is one of ${setting?.enum?.join(', ')}.`;
  return `it ${message ?? 'is not acceptable'}.`;
}

const validators = new WeakMap<SettingsSchema, ValidateFunction>();

/** Compiled once for each schema: a schema lives as long as its package. */
function validatorOf(schema: SettingsSchema): ValidateFunction {
  const known = validators.get(schema);
  if (known) return known;
  const validate = new Ajv({ validateSchema: false, allErrors: true, code: { optimize: false } }).compile(schema);
  validators.set(schema, validate);
  return validate;
}
