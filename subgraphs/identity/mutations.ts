import { CLOUDS } from '../../schema/clouds.ts';
import { parseCustomer360Id } from '../../schema/customer360-id.ts';
import { CodedError } from '../../schema/errors.ts';
import type { MergeCustomersInput, PinRecordInput, UnmergeCustomersInput } from '../../schema/generated/identity.ts';
import type { IdentityContext } from './context.ts';
import { type CustomerSource, foundCustomer } from './customer.ts';
import { showMerge, showProof } from './history-queries.ts';
import type { LiveSurvivorship } from './live-survivorship.ts';
import { showDocument, showRuleset } from './match-queries.ts';
import type { ResolutionService } from './resolution-service.ts';
import {
  activateDocument,
  type DocumentInput,
  documentInEffect,
  fitModel,
  type OtherDocumentKind,
  type RollBackInput,
  rollBackDocument,
} from './stewardship/documents.ts';
import { eraseCustomer } from './stewardship/erase.ts';
import { laterMerges, mergeCustomers, unmergeCustomers } from './stewardship/merges.ts';
import type { StewardInput, StewardParts } from './stewardship/once.ts';
import { activateRuleset, rollBackRuleset, rulesetInEffect } from './stewardship/rulesets.ts';
import {
  decideReview,
  forbidMatch,
  type PairInput,
  pinRecord,
  type ReviewInput,
  recordsOfDecision,
  revokeDecision,
} from './stewardship/verdicts.ts';
import { guardStore, type OnWarning } from './store-guard.ts';

/** What changes by hand need. */
export interface MutationOptions {
  readonly steward: StewardParts;
  readonly resolution: ResolutionService;
  readonly survivorship: LiveSurvivorship;
  readonly onWarning: OnWarning;
}

const SHOWN = 100;

type Input<I> = { readonly input: I };

/** Everything of identity that is changed by hand. */
export function createMutations({ steward, resolution, survivorship, onWarning }: MutationOptions) {
  const customer = async (customer360Id: string, { loaders }: IdentityContext): Promise<CustomerSource> => {
    const identity = await loaders.byId.load(customer360Id);
    if (!identity) throw new CodedError('NOT_FOUND', 'Identity knows no customer with this id.');
    return foundCustomer(identity, survivorship);
  };
  const customersOfDecision = async (decisionId: string, { loaders }: IdentityContext): Promise<CustomerSource[]> => {
    const records = (await recordsOfDecision(steward, decisionId)).slice(0, SHOWN);
    const found = await Promise.all(records.map((record) => loaders.byRecord.load(record)));
    const distinct = new Map(
      found.flatMap((identity) => (identity ? [[identity.customer360Id, identity] as const] : [])),
    );
    return [...distinct.values()].map((identity) => foundCustomer(identity, survivorship));
  };
  const mergeOf = async (mergeEventId: string) => {
    const merge = await steward.repository.history.merge(mergeEventId);
    if (!merge) throw new CodedError('NOT_FOUND', 'Identity knows no merge with this id.');
    return showMerge(merge);
  };
  const decided = async ({ decisionId }: { readonly decisionId: string }, context: IdentityContext) => {
    return { decisionId, customers: await customersOfDecision(decisionId, context) };
  };
  const inEffect = async () => ({ ruleset: showRuleset(await rulesetInEffect(steward.repository)) });
  const clouds = CLOUDS.map(({ name }) => name);
  const documentPayload = async (kind: OtherDocumentKind) => {
    await survivorship.refresh();
    return { document: showDocument(await documentInEffect(steward, kind)) };
  };
  const mutation =
    <I, Payload>(run: (input: I, context: IdentityContext) => Promise<Payload>) =>
    (_source: unknown, { input }: Input<I>, context: IdentityContext): Promise<Payload> =>
      guardStore(run(input, context), onWarning).finally(() => context.loaders.forget());
  return {
    mergeCustomers: mutation(async (input: MergeCustomersInput, context) => {
      const { mergeEventId, customer360Id } = await mergeCustomers(steward, context.principal, withIds(input));
      context.loaders.forget();
      return { mergeEvent: await mergeOf(mergeEventId), customer: await customer(customer360Id, context) };
    }),
    unmergeCustomers: mutation(async (input: UnmergeCustomersInput, context) => {
      const result = await unmergeCustomers(steward, context.principal, input);
      context.loaders.forget();
      const later = await laterMerges(steward, result.mergeEventId);
      return {
        mergeEvent: await mergeOf(result.mergeEventId),
        customer: await customer(result.customer360Id, context),
        unmergedCustomer: await customer(result.unmergedCustomer360Id, context),
        laterMerges: later.slice(0, SHOWN).map(showMerge),
      };
    }),
    pinRecord: mutation(async (input: PinRecordInput, context) => {
      const { decisionId, customer360Id } = await pinRecord(steward, context.principal, withIds(input));
      context.loaders.forget();
      return { decisionId, customer: await customer(customer360Id, context) };
    }),
    forbidMatch: mutation(async (input: PairInput, context) => {
      const result = await forbidMatch(steward, context.principal, input);
      context.loaders.forget();
      return decided(result, context);
    }),
    revokeMatchDecision: mutation(async (input: StewardInput & { readonly decisionId: string }, context) => {
      const result = await revokeDecision(steward, context.principal, input);
      context.loaders.forget();
      return decided(result, context);
    }),
    decideMatchReview: mutation(async (input: ReviewInput, context) => {
      const result = await decideReview(steward, context.principal, input);
      context.loaders.forget();
      return decided(result, context);
    }),
    activateRuleset: mutation(async (input: StewardInput & { readonly document: string }, context) => {
      await activateRuleset(steward, context.principal, input);
      return inEffect();
    }),
    rollBackRuleset: mutation(async (input: StewardInput & { readonly version?: number | null }, context) => {
      await rollBackRuleset(steward, context.principal, input);
      return inEffect();
    }),
    activateIdentityDocument: mutation(async (input: DocumentInput, context) => {
      await activateDocument(steward, context.principal, input, clouds);
      return documentPayload(input.kind);
    }),
    fitIdentityModel: mutation(async (input: StewardInput, context) => {
      await fitModel(steward, context.principal, input, resolution.createEngine);
      return documentPayload('MODEL');
    }),
    rollBackIdentityDocument: mutation(async (input: RollBackInput, context) => {
      await rollBackDocument(steward, context.principal, input);
      return documentPayload(input.kind);
    }),
    eraseCustomer: mutation(async (input: StewardInput & { readonly customer360Id: string }, context) => {
      const { customer360Id } = await eraseCustomer(steward, context.principal, withIds(input));
      const proof = await steward.repository.erasure.proof(customer360Id);
      if (!proof) throw new CodedError('NOT_FOUND', 'Identity knows no erasure of this customer.');
      return { proof: showProof(proof) };
    }),
  };
}

/** Throws MALFORMED_ID for an id that is none. */
function withIds<I extends { readonly customer360Id?: string | null; readonly otherCustomer360Id?: string }>(
  input: I,
): I {
  if (typeof input.customer360Id === 'string') parseCustomer360Id(input.customer360Id);
  if (input.otherCustomer360Id !== undefined) parseCustomer360Id(input.otherCustomer360Id);
  return input;
}
