import { createResolutionEngine } from '../resolution/create-engine.ts';
import type { ResolutionEngine } from '../resolution/engine.ts';
import { createDefaultModel } from '../resolution/score/default-model.ts';
import type { EngineDocuments } from './engine-state.ts';

/** Makes the engine without records, by the documents in effect. */
export function createEngine({ ruleset, model }: EngineDocuments): ResolutionEngine {
  return createResolutionEngine({ ruleset, model: model ?? createDefaultModel() });
}
