import { CodedError } from '../../../schema/errors.ts';
import type { Principal } from '../../../schema/principal.ts';
import {
  createMatchRuleset,
  loadDefaultMatchRuleset,
  type MatchRuleset,
  RulesetInvalid,
} from '../resolution/rules/match-ruleset.ts';
import type { StoredDocument } from '../store/document.ts';
import type { IdentityRepository } from '../store/repository.ts';
import { once, type StewardInput, type StewardParts } from './once.ts';

const DOCUMENT_LENGTH = 1_000_000;

/** Reads rules that a caller gives as JSON text. Throws BAD_USER_INPUT with every fault. */
export function readRuleset(text: string): MatchRuleset {
  if (text.length > DOCUMENT_LENGTH) throw new CodedError('BAD_USER_INPUT', 'The rules are too long.');
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new CodedError('BAD_USER_INPUT', 'The rules are no JSON.');
  }
  try {
    return createMatchRuleset(document);
  } catch (error) {
    if (error instanceof RulesetInvalid) throw new CodedError('BAD_USER_INPUT', error.message);
    throw error;
  }
}

/**
 * Puts rules in effect as a new version, in one step; the customers are worked out anew under them, all at once or not at
 * all. Throws BAD_USER_INPUT with every fault.
 */
export function activateRuleset(
  parts: StewardParts,
  principal: Principal,
  input: StewardInput & { readonly document: string },
): Promise<{ kind: string }> {
  return once(parts, principal, 'activateRuleset', input, async () => {
    readRuleset(input.document);
    return {
      operations: [{ kind: 'activate', documentKind: 'RULESET', text: input.document }],
      result: { kind: 'RULESET' },
    };
  });
}

/** Puts an earlier version in effect again. Throws NOT_FOUND, CONFLICT when there is none before the one in effect. */
export function rollBackRuleset(
  parts: StewardParts,
  principal: Principal,
  input: StewardInput & { readonly version?: number | null },
): Promise<{ kind: string }> {
  return once(parts, principal, 'rollBackRuleset', input, async () => {
    const { documents } = parts.repository;
    const active = await documents.active('RULESET');
    if (!active) throw new CodedError('CONFLICT', 'The rules that come with the project are in effect.');
    const version = input.version ?? active.version - 1;
    const target = version === 0 ? null : await documents.version('RULESET', version);
    if (version !== 0 && !target) throw new CodedError('NOT_FOUND', 'There is no such version of the rules.');
    const text = JSON.stringify(loadDefaultMatchRuleset().document);
    return {
      operations: [
        // Before the first version the project's own rules were in effect: they become one of their own.
        target
          ? { kind: 'reactivate', documentKind: 'RULESET', version }
          : { kind: 'activate', documentKind: 'RULESET', text },
      ],
      result: { kind: 'RULESET' },
    };
  });
}

/** The rules in effect; version 0 are those that come with the project. */
export async function rulesetInEffect(repository: IdentityRepository): Promise<StoredDocument> {
  return (await repository.documents.active('RULESET')) ?? defaultRuleset();
}

function defaultRuleset(): StoredDocument {
  const text = JSON.stringify(loadDefaultMatchRuleset().document);
  const unmade = { createdAt: '', createdBy: null, reason: null };
  return { kind: 'RULESET', version: 0, text, ...unmade, isActive: true };
}
