import { CodedError } from '../../schema/errors.ts';
import type { IdentityContext } from './context.ts';
import { connectionOf, type PageArguments, pageSize, readCursor, readNumberCursor, writeCursor } from './cursors.ts';
import { simulateRuleset } from './durable/simulate.ts';
import { showExplanation } from './explanation.ts';
import type { MatchExplanation } from './resolution/explanation.ts';
import type { ResolutionService } from './resolution-service.ts';
import type { OtherDocumentKind } from './stewardship/documents.ts';
import { MANUAL } from './stewardship/found.ts';
import { readRuleset, rulesetInEffect } from './stewardship/rulesets.ts';
import { decisionKey, type MatchDecision, recordOfKey } from './store/decision.ts';
import type { StoredDocument } from './store/document.ts';
import type { IdentityRepository, SourceRecordKey } from './store/repository.ts';
import type { MatchReview } from './store/review.ts';
import { guardStore, type OnWarning } from './store-guard.ts';

/** What questions about matching need. */
export interface MatchQueryOptions {
  readonly repository: IdentityRepository;
  readonly resolution: ResolutionService;
  readonly onWarning: OnWarning;
}

interface PairArguments {
  readonly left: SourceRecordKey;
  readonly right: SourceRecordKey;
}

interface SimulationArguments {
  readonly draft: string;
  readonly sampleSize?: number | null;
  readonly examples?: number | null;
}

const PINNED = 'A person has given one of the two to its customer.';
const EXAMPLES_LIMIT = 20;
/** An engine of its own takes about a tenth of a millisecond for each record, during which the process does nothing else. */
const SAMPLE_SIZE = 10_000;
const LARGEST_SHOWN = 10;
const RECORDS_SHOWN = 20;
const IDS_SHOWN = 100;

/** Questions about why records match, what waits, what was decided, and under which rules. */
export function createMatchQueries({ repository, resolution, onWarning }: MatchQueryOptions) {
  const guard = <T>(work: Promise<T>): Promise<T> => guardStore(work, onWarning);
  const explain = async (pair: PairArguments, context: IdentityContext) => {
    const explanation = await guard(resolution.explain(pair.left, pair.right));
    if (!explanation) return null;
    return showExplanation(await guard(asStored(explanation, pair, repository, context)), context.principal);
  };
  const queries = {
    explainMatch: (_source: unknown, args: PairArguments, context: IdentityContext) => explain(args, context),
    matchReviews: async (_source: unknown, args: PageArguments) => {
      const after = args.after ? reviewPlace(args.after) : undefined;
      const reviews = await guard(repository.reviews.list({ ...(after && { after }), first: pageSize(args) + 1 }));
      return connectionOf(reviews, args, cursorOfReview, showReview);
    },
    matchDecisions: async (_source: unknown, args: PageArguments & { readonly record?: SourceRecordKey | null }) => {
      const decisions = await guard(pageOfDecisions(repository, args));
      return connectionOf(decisions, args, (each) => writeCursor('decisions', decisionKey(each)), showDecision);
    },
    identityResolutionRulesets: async (_source: unknown, args: PageArguments) => {
      const before = args.after ? { before: readNumberCursor('rulesets', args.after) } : {};
      const documents = await guard(repository.documents.list('RULESET', { ...before, first: pageSize(args) + 1 }));
      return connectionOf(documents, args, ({ version }) => writeCursor('rulesets', version), showRuleset);
    },
    activeIdentityResolutionRuleset: async () => showRuleset(await guard(rulesetInEffect(repository))),
    identityDocuments: async (_source: unknown, args: PageArguments & { readonly kind: OtherDocumentKind }) => {
      const before = args.after ? { before: readNumberCursor(args.kind, args.after) } : {};
      const documents = await guard(repository.documents.list(args.kind, { ...before, first: pageSize(args) + 1 }));
      return connectionOf(documents, args, ({ version }) => writeCursor(args.kind, version), showDocument);
    },
    simulateRuleset: async (_source: unknown, args: SimulationArguments, { principal }: IdentityContext) => {
      const examples = args.examples ?? 5;
      checkRange('examples', examples, 0, EXAMPLES_LIMIT);
      if (typeof args.sampleSize === 'number') checkRange('sampleSize', args.sampleSize, 1, Number.MAX_SAFE_INTEGER);
      const options = { sampleSize: args.sampleSize ?? SAMPLE_SIZE, examples, largest: LARGEST_SHOWN };
      const ruleset = readRuleset(args.draft);
      const simulation = await guard(simulateRuleset(repository, resolution.createEngine, ruleset, options));
      return {
        ...simulation,
        affectedCustomer360Ids: simulation.affected.slice(0, IDS_SHOWN),
        affectedCount: simulation.affected.length,
        largestClusters: simulation.largest.map(({ records }) => {
          return { size: records.length, records: records.slice(0, RECORDS_SHOWN).map(recordOfKey) };
        }),
        examples: simulation.examples.map((example) => showExplanation(example, principal)),
      };
    },
  };
  const MatchReview = {
    explanation: (review: PairArguments, _args: unknown, context: IdentityContext) => explain(review, context),
  };
  const IdentityResolutionRuleset = {
    warnings: ({ isActive }: { readonly isActive: boolean }) => (isActive ? resolution.warnings() : null),
  };
  return { queries, MatchReview, IdentityResolutionRuleset };
}

/** A version of the rules as the graph shows it. */
export function showRuleset({ version, text, isActive, createdAt, createdBy, reason }: StoredDocument) {
  return { version, document: text, isActive, createdDate: createdAt || null, createdBy, reason };
}

/** A version of a document as the graph shows it. */
export function showDocument({ kind, text, createdAt, ...document }: StoredDocument) {
  return { kind, document: text, createdDate: createdAt, ...document };
}

/** An explanation with what the engine leaves to the store: whose the records are, where a person has put one of them by hand. */
async function asStored(
  explanation: MatchExplanation,
  { left, right }: PairArguments,
  repository: IdentityRepository,
  { loaders }: IdentityContext,
): Promise<MatchExplanation> {
  const [one, other] = await Promise.all([loaders.byRecord.load(left), loaders.byRecord.load(right)]);
  const sameCluster = one !== null && one.customer360Id === other?.customer360Id;
  if (sameCluster === explanation.sameCluster) return explanation;
  const decisions = await repository.decisions.about([left, right]);
  if (!decisions.some(({ verdict }) => verdict.kind === 'PIN')) return { ...explanation, sameCluster };
  const pin = { from: explanation.left, to: explanation.right, rule: MANUAL, bits: 0 };
  return { ...explanation, sameCluster, guard: explanation.guard ?? PINNED, chain: sameCluster ? [pin] : [] };
}

async function pageOfDecisions(
  repository: IdentityRepository,
  args: PageArguments & { readonly record?: SourceRecordKey | null },
): Promise<MatchDecision[]> {
  const first = pageSize(args) + 1;
  const [place] = args.after ? readCursor('decisions', args.after) : [];
  const after = place === undefined ? undefined : String(place);
  if (!args.record) return repository.decisions.list({ ...(after === undefined ? {} : { after }), first });
  const about = await repository.decisions.about([args.record]);
  return about.filter((each) => after === undefined || decisionKey(each) > after).slice(0, first);
}

function showReview({ createdAt, ...review }: MatchReview) {
  return { ...review, createdDate: createdAt };
}

function showDecision({ verdict, ...decision }: MatchDecision) {
  if (verdict.kind === 'PIN') {
    const { record, customer360Id } = verdict;
    return { ...decision, verdict: 'PINNED', left: record, right: null, customer360Id };
  }
  return { ...decision, verdict: verdict.kind, left: verdict.left, right: verdict.right, customer360Id: null };
}

function cursorOfReview({ expectedValue, reviewId }: MatchReview): string {
  return writeCursor('reviews', expectedValue, reviewId);
}

function reviewPlace(cursor: string): { expectedValue: number; reviewId: string } {
  const [expectedValue, reviewId] = readCursor('reviews', cursor);
  if (typeof expectedValue !== 'number' || typeof reviewId !== 'string') {
    throw new CodedError('MALFORMED_ID', 'The cursor is none of this list.');
  }
  return { expectedValue, reviewId };
}

function checkRange(argument: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new CodedError('BAD_USER_INPUT', `\`${argument}\` is ${least} to ${most}, not ${value}.`);
}
