import Ajv from 'ajv';
import { faultAt } from '../../../mapping/faults.ts';
import { describeSchemaErrors } from '../../../mapping/schema-errors.ts';
import { findConditionFaults } from './condition-faults.ts';
import definitionSchema from './definition.schema.json';
import { GATE_DEFAULTS, HOLDOUT_PERCENT, type JourneyDefinition } from './definition.ts';
import { findStepFaults } from './step-faults.ts';

/** Compiled by the first check: most starts make none. */
let validate: ReturnType<Ajv['compile']> | undefined;

/** A document that was checked: the definition with its defaults filled in, or everything that is wrong with it. */
export type CheckedDefinition =
  | { readonly definition: JourneyDefinition; readonly faults?: never }
  | { readonly definition?: never; readonly faults: readonly string[] };

/**
 * Checks a journey's document, JSON text: its shape, its steps, and its questions against the API schema (SDL). Every fault at
 * once, each a JSON pointer and a sentence that says what to do.
 */
export function checkDefinition(document: string, apiSchema: () => string): CheckedDefinition {
  let value: unknown;
  try {
    value = JSON.parse(document);
  } catch {
    return { faults: [faultAt([], 'It is not JSON.')] };
  }
  validate ??= new Ajv({
    allErrors: true,
    discriminator: true,
    verbose: true,
    strictRequired: false,
    strictTypes: false,
  }).compile(definitionSchema);
  const shape = validate(value) ? [] : describeSchemaErrors(validate.errors ?? []).faults;
  // What has the wrong shape can't be understood further.
  if (shape.length > 0) return { faults: [...new Set(shape)] };
  const definition = withDefaults(value as WrittenDefinition);
  const faults = [...findStepFaults(definition), ...findConditionFaults(definition, apiSchema)];
  return faults.length > 0 ? { faults } : { definition };
}

type WrittenDefinition = Pick<JourneyDefinition, 'id' | 'name' | 'entry' | 'steps'> &
  Partial<Omit<JourneyDefinition, 'gates'>> & {
    readonly $schema?: string;
    readonly gates?: Partial<JourneyDefinition['gates']>;
  };

const CONVERSION_WINDOW = 'P7D';

/** The definition that a document of the right shape means: what it leaves out has its default. */
function withDefaults({ $schema: _schema, ...written }: WrittenDefinition): JourneyDefinition {
  return {
    ...written,
    reentry: written.reentry ?? 'PER_OBJECT',
    exits: written.exits ?? [],
    gates: { ...GATE_DEFAULTS, ...written.gates },
    holdoutPercent: written.holdoutPercent ?? HOLDOUT_PERCENT,
    conversionWindow: written.conversionWindow ?? CONVERSION_WINDOW,
  };
}

/** Reads a document that was checked when it was saved. */
export function readDefinition(document: string): JourneyDefinition {
  return withDefaults(JSON.parse(document) as WrittenDefinition);
}
