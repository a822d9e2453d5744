import { readFileSync } from 'node:fs';
import {
  createMatchRuleset,
  loadDefaultMatchRuleset,
  type MatchRuleset,
} from '../subgraphs/identity/resolution/rules/match-ruleset.ts';
import type { MatchModel } from '../subgraphs/identity/resolution/score/model.ts';
import { WrongUsage } from './failure.ts';

/** The documents an engine runs by. */
export interface EngineOptions {
  readonly ruleset: MatchRuleset;
  /** Undefined: a model is fitted to the input. */
  readonly model: MatchModel | undefined;
}

/** The rules of a file, those that come with the project without one. Throws RulesetInvalid, or WrongUsage when it is not JSON. */
export function readRuleset(file: string | undefined): MatchRuleset {
  return file === undefined ? loadDefaultMatchRuleset() : createMatchRuleset(readJson(file));
}

/** The model of a file: one that a report of `c360 resolve` holds, or the report itself. Throws WrongUsage when it is none. */
export function readModel(file: string | undefined): MatchModel | undefined {
  if (file === undefined) return undefined;
  const document = readJson(file) as { readonly model?: MatchModel } & Partial<MatchModel>;
  const model = document.model ?? document;
  if (typeof model.version !== 'string' || model.fields === undefined) throw new WrongUsage(`${file} holds no model.`);
  return model as MatchModel;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new WrongUsage(`${file} cannot be read as JSON: ${error instanceof Error ? error.message : error}`);
  }
}
