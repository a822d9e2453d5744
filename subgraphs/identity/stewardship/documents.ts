import { CodedError } from '../../../schema/errors.ts';
import type { Principal } from '../../../schema/principal.ts';
import { type CreateEngine, loadEngineState } from '../durable/engine-state.ts';
import { inSlices } from '../durable/in-slices.ts';
import { createDefaultModel } from '../resolution/score/default-model.ts';
import { FIELDS, type MatchModel } from '../resolution/score/model.ts';
import type { StoredDocument } from '../store/document.ts';
import { createSurvivorship, SurvivorshipInvalid } from '../survivorship-document.ts';
import { once, type StewardInput, type StewardParts } from './once.ts';

/** Documents beside the rules. */
export type OtherDocumentKind = 'MODEL' | 'SURVIVORSHIP';

/** A document to put in effect. */
export interface DocumentInput extends StewardInput {
  readonly kind: OtherDocumentKind;
  readonly document: string;
}

/** A version to put in effect again. */
export interface RollBackInput extends StewardInput {
  readonly kind: OtherDocumentKind;
  readonly version?: number | null;
}

const DOCUMENT_LENGTH = 1_000_000;

/** Puts a model or a survivorship document in effect as a new version. Throws BAD_USER_INPUT with what is wrong with it. */
export function activateDocument(
  parts: StewardParts,
  principal: Principal,
  input: DocumentInput,
  clouds: readonly string[],
): Promise<{ kind: string }> {
  return once(parts, principal, 'activateIdentityDocument', input, async () => {
    checkDocument(input, clouds);
    return {
      operations: [{ kind: 'activate', documentKind: input.kind, text: input.document }],
      result: { kind: input.kind },
    };
  });
}

/**
 * Fits a model to the records that the store has, with an engine of its own, and puts it in effect as a new version. What people
 * have decided about pairs counts as certain: so decisions train the model.
 */
export function fitModel(
  parts: StewardParts,
  principal: Principal,
  input: StewardInput,
  createEngine: CreateEngine,
): Promise<{ kind: string }> {
  return once(parts, principal, 'fitIdentityModel', input, async () => {
    const { engine } = await loadEngineState(parts.repository, createEngine);
    const text = JSON.stringify(await inSlices(engine.fitting()));
    return { operations: [{ kind: 'activate', documentKind: 'MODEL', text }], result: { kind: 'MODEL' } };
  });
}

/** Puts an earlier version in effect again. Throws NOT_FOUND without one. */
export function rollBackDocument(
  parts: StewardParts,
  principal: Principal,
  input: RollBackInput,
): Promise<{ kind: string }> {
  return once(parts, principal, 'rollBackIdentityDocument', input, async () => {
    const { documents } = parts.repository;
    const version = input.version ?? ((await documents.active(input.kind))?.version ?? 0) - 1;
    if (version < 1 || !(await documents.version(input.kind, version))) {
      throw new CodedError('NOT_FOUND', 'There is no such version of the document.');
    }
    return {
      operations: [{ kind: 'reactivate', documentKind: input.kind, version }],
      result: { kind: input.kind },
    };
  });
}

/** The version in effect. Throws NOT_FOUND while it is the one that comes with the project. */
export async function documentInEffect(parts: StewardParts, kind: OtherDocumentKind): Promise<StoredDocument> {
  const active = await parts.repository.documents.active(kind);
  if (!active) throw new CodedError('NOT_FOUND', 'The document that comes with the project is in effect.');
  return active;
}

function checkDocument({ kind, document }: DocumentInput, clouds: readonly string[]): void {
  if (document.length > DOCUMENT_LENGTH) throw new CodedError('BAD_USER_INPUT', 'The document is too long.');
  let parsed: unknown;
  try {
    parsed = JSON.parse(document);
  } catch {
    throw new CodedError('BAD_USER_INPUT', 'The document is no JSON.');
  }
  if (kind === 'MODEL') {
    checkModel(parsed);
    return;
  }
  try {
    createSurvivorship(parsed, clouds);
  } catch (error) {
    if (error instanceof SurvivorshipInvalid) throw new CodedError('BAD_USER_INPUT', error.message);
    throw error;
  }
}

/** A model has the fields and levels of the project's own, with probabilities. */
function checkModel(parsed: unknown): void {
  const model = parsed as Partial<MatchModel> | null;
  const own = createDefaultModel();
  const isProbability = (value: unknown): boolean => typeof value === 'number' && value > 0 && value < 1;
  const isWhole =
    typeof model?.version === 'string' &&
    [model.recordCount, model.matchesPerRecord, model.householdsPerRecord, model.threshold, model.iterations].every(
      Number.isFinite,
    ) &&
    FIELDS.every((field) => {
      const levels = model.fields?.[field];
      return (
        Array.isArray(levels) &&
        levels.length === own.fields[field].length &&
        levels.every(
          ({ level, match, household, chance }, index) =>
            level === own.fields[field][index]?.level && [match, household, chance].every(isProbability),
        )
      );
    });
  if (!isWhole) throw new CodedError('BAD_USER_INPUT', 'The model does not have the fields and levels of this engine.');
}
