import type { ExecutionResult, GraphQLFormattedError, OperationDefinitionNode } from 'graphql';
import type { Logger } from 'pino';
import type { PrincipalCompletion } from '../authorize/complete-principal.ts';
import { describeError } from '../describe-error.ts';
import type { Executed } from '../execute/executable.ts';
import type { Generation } from '../generation.ts';
import type { Lease } from '../generations.ts';
import type { Caller } from '../operation.ts';
import { execute, executionContext } from '../stages/execute.ts';
import { guard } from '../stages/guard.ts';
import { type Planned, plan } from '../stages/plan.ts';
import { type Answer, respond, textOf } from '../stages/respond.ts';
import type { RequestWatch, Telemetry } from '../telemetry.ts';
import { EventIncomplete, lacksAnswers, type Patience, runPatiently } from './event-patience.ts';
import type { LiveStages, PreparedSubscription } from './live-operation.ts';
import { isSamePrincipal } from './share-key.ts';

/** What live operations pass through. */
export interface LiveStagesParts {
  /** The supergraph of today, kept for as long as an operation runs. */
  readonly lease: () => Lease<Generation>;
  readonly telemetry: Telemetry;
  readonly log: Logger;
  readonly completePrincipal?: PrincipalCompletion | undefined;
  /** For subgraphs that an event needs and that do not answer; without it an event is told at once as far as it came. */
  readonly patience?: Patience | undefined;
}

/**
 * The stages of `pipeline.ts` for whoever follows an operation: guard and plan once, execute and respond for its answer or for each
 * event. Whoever asks tells what `receive` would.
 */
export function createLiveStages(parts: LiveStagesParts): LiveStages {
  const { lease, telemetry, completePrincipal = (principal) => principal } = parts;
  return {
    async prepare(request, caller) {
      const leased = lease();
      const watch = telemetry.begin();
      let operation: OperationDefinitionNode | undefined;
      try {
        const { rules, planning } = leased.generation;
        const guarded = watch.stage('guard', () => guard(request, caller, rules));
        operation = guarded.operation;
        const planned = watch.stage('plan', () => plan(guarded, planning));
        const principal = await completePrincipal(caller.principal, guarded.operation, guarded.document);
        const passing: Passing = { planned, caller: { ...caller, principal }, leased };
        const complete = () => completePrincipal(caller.principal, guarded.operation, guarded.document);
        return operation.operation === 'subscription'
          ? {
              ...prepareSubscription(passing, watch, parts),
              // It lives longer than what was true when it began.
              ...(principal.records && { stillHolds: async () => isSamePrincipal(principal, await complete()) }),
            }
          : { kind: 'request', run: () => run(passing, watch, parts) };
      } catch (error) {
        const { requestId } = caller;
        const answer = answerWith(asError(error), { caller, leased }, watch, parts);
        watch.end({ requestId, operation, answer });
        leased.release();
        return { kind: 'refused', errors: answer.body.errors ?? [] };
      }
    },
    generation() {
      const { generation, release } = lease();
      release();
      return generation;
    },
    refuse: (error, requestId) => refuse(error, requestId, parts.log),
  };
}

/** An operation on its way. */
interface Passing {
  readonly planned: Planned;
  readonly caller: Caller;
  readonly leased: Lease<Generation>;
}

function prepareSubscription(passing: Passing, watch: RequestWatch, parts: LiveStagesParts): PreparedSubscription {
  const { planned, caller, leased } = passing;
  const { planning, fullSchema } = leased.generation;
  const upstream = planned.executable.upstream(executionContext(planned, caller));
  const transport = planning.executor.transports[upstream.subgraph];
  if (!transport) throw new Error(`There is no way to the subgraph \`${upstream.subgraph}\`.`);
  watch.end({ requestId: caller.requestId, operation: planned.operation, answer: BEGUN });
  const hold = new Hold(leased);
  return {
    kind: 'subscription',
    guarded: planned,
    principal: caller.principal,
    upstream,
    transport,
    fullSchema,
    generation: leased.generation,
    answerEvent: (event, signal) => hold.during(answerEvent({ event, signal }, passing, parts)),
    release: () => hold.release(),
  };
}

async function answerEvent(
  given: { readonly event: ExecutionResult; readonly signal: AbortSignal },
  passing: Passing,
  parts: LiveStagesParts,
): Promise<string> {
  const { planned, caller } = passing;
  const { event, signal } = given;
  const watch = parts.telemetry.begin();
  const context = executionContext(planned, { ...caller, signal }, watch);
  let isIncomplete = false;
  const { patience } = parts;
  const work = async (): Promise<Executed> => {
    const run = () => planned.executable.executeEvent(event, context);
    if (!patience) return run();
    const executed = await runPatiently(run, given, patience);
    isIncomplete = lacksAnswers(executed, event);
    return executed;
  };
  const text = await finish(work, { ...passing, isEvent: true }, watch, parts);
  if (isIncomplete) throw new EventIncomplete(text);
  return text;
}

/** Keeps a generation until it was released and the events that were begun in it are answered: a reload may come between. */
class Hold {
  readonly #leased: Lease<Generation>;
  #underWay = 0;
  #isReleased = false;

  constructor(leased: Lease<Generation>) {
    this.#leased = leased;
  }

  async during<T>(work: Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      return await work;
    } finally {
      this.#underWay -= 1;
      this.#letGo();
    }
  }

  release(): void {
    this.#isReleased = true;
    this.#letGo();
  }

  #letGo(): void {
    if (this.#isReleased && this.#underWay === 0) this.#leased.release();
  }
}

/** A subscription is answered by its events. */
const BEGUN: Answer = { body: {}, status: 200, headers: {} };

async function run(passing: Passing, watch: RequestWatch, parts: LiveStagesParts): Promise<string> {
  const { planned, caller, leased } = passing;
  const text = await finish(() => execute(planned, caller, watch), passing, watch, parts);
  leased.release();
  return text;
}

/** execute and respond. Never rejects. */
async function finish(
  work: () => Promise<Executed>,
  passing: Passing & { readonly isEvent?: boolean },
  watch: RequestWatch,
  parts: LiveStagesParts,
): Promise<string> {
  const outcome = await watch.stage('execute', work).catch(asError);
  const answer = answerWith(outcome, passing, watch, parts);
  const { requestId } = passing.caller;
  const { isEvent = false } = passing;
  const { operation } = passing.planned;
  watch.end({ requestId, operation, answer, isEvent, ...('fetches' in outcome && { fetches: outcome.fetches }) });
  return textOf(answer);
}

function answerWith(
  outcome: Executed | Error,
  { caller: { requestId }, leased }: Pick<Passing, 'caller' | 'leased'>,
  watch: RequestWatch,
  { log }: LiveStagesParts,
): Answer {
  const onMasked = maskInto(log, requestId);
  const { passesSubgraphErrors } = leased.generation;
  return watch.stage('respond', () => respond(outcome, { requestId, onMasked, passesSubgraphErrors }));
}

function refuse(error: unknown, requestId: string, log: Logger): readonly GraphQLFormattedError[] {
  return respond(asError(error), { requestId, onMasked: maskInto(log, requestId) }).body.errors ?? [];
}

function maskInto(log: Logger, requestId: string): (error: unknown) => void {
  return (error) => log.error({ requestId, error: describeError(error) }, 'masked error');
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('Something other than an error was thrown.');
}
