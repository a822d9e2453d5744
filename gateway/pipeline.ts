import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OperationDefinitionNode } from 'graphql';
import type { Logger } from 'pino';
import type { PrincipalCompletion } from './authorize/complete-principal.ts';
import { describeError } from './describe-error.ts';
import type { Executed } from './execute/executable.ts';
import type { Generation } from './generation.ts';
import type { Lease } from './generations.ts';
import type { Asked, Caller, HttpCaller, OperationRequest } from './operation.ts';
import { type PlanView, planViewFor } from './plan-view.ts';
import { execute } from './stages/execute.ts';
import { guard } from './stages/guard.ts';
import { plan } from './stages/plan.ts';
import { type ReceiveParts, receive } from './stages/receive.ts';
import { type Answer, type MediaType, respond, send } from './stages/respond.ts';
import type { RequestWatch, Telemetry } from './telemetry.ts';

/** What every request passes through. */
export interface PipelineParts {
  /** The supergraph of today; a request keeps the one it began with. */
  readonly lease: () => Lease<Generation>;
  readonly telemetry: Telemetry;
  readonly log: Logger;
  readonly door: ReceiveParts;
  readonly completePrincipal?: PrincipalCompletion | undefined;
}

/** The way of a request, for clients over HTTP and for callers in this process. */
export interface Pipeline {
  /** Answers an HTTP request. Never rejects. */
  serve(message: IncomingMessage, response: ServerResponse, mediaType: MediaType, caller: HttpCaller): Promise<void>;
  /** Answers a caller in this process: the same stages, without HTTP. */
  ask(request: OperationRequest, caller: Caller): Promise<Answer['body']>;
}

/** Makes the way of a request: receive → guard → plan → execute → respond. Subscriptions go it too: subscribe/live-stages.ts. */
export function createPipeline(parts: PipelineParts): Pipeline {
  const { lease, telemetry, log, door, completePrincipal = (principal) => principal } = parts;
  return {
    async serve(message, response, mediaType, caller) {
      const answer = await answerTo(caller, async (watch) => {
        const { request, readOnly, authenticated } = await watch.stage('receive', () => receive(message, door));
        authenticated.release();
        return { request, caller: { ...caller, readOnly, principal: authenticated.principal } };
      });
      if (!response.destroyed) send(response, answer, mediaType);
    },
    async ask(request, caller) {
      return (await answerTo(caller, async () => ({ request, caller }))).body;
    },
  };

  async function answerTo(asking: HttpCaller, ask: (watch: RequestWatch) => Promise<Asked>): Promise<Answer> {
    const [watch, { generation: today, release }] = [telemetry.begin(asking), lease()];
    const { requestId } = asking;
    const onMasked = (error: unknown) =>
      asking.signal?.aborted || log.error({ requestId, error: describeError(error) }, 'masked error');
    let operation: OperationDefinitionNode | undefined;
    let outcome: Executed | Error;
    let view: (() => PlanView) | undefined;
    try {
      const { request, caller } = await ask(watch);
      const guarded = watch.stage('guard', () => guard(request, caller, today.rules));
      operation = guarded.operation;
      const planned = watch.stage('plan', () => plan(guarded, today.planning));
      view = planViewFor(caller, planned.plan, watch);
      const principal = await completePrincipal(caller.principal, guarded.operation, guarded.document);
      outcome = await watch.stage('execute', () => execute(planned, { ...caller, principal }, watch));
    } catch (error) {
      outcome = error instanceof Error ? error : new Error('Something other than an error was thrown.');
    } finally {
      release();
    }
    const answer = watch.stage('respond', () =>
      respond(outcome, { requestId, onMasked, passesSubgraphErrors: today.passesSubgraphErrors, view }),
    );
    watch.end({ requestId, operation, answer, ...('fetches' in outcome && { fetches: outcome.fetches }) });
    return answer;
  }
}
