import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OperationDefinitionNode } from 'graphql';
import type { Logger } from 'pino';
import { describeError } from './describe-error.ts';
import type { Executed } from './execute/executor.ts';
import type { Generation } from './generation.ts';
import type { Caller, OperationRequest } from './operation.ts';
import { execute } from './stages/execute.ts';
import { guard } from './stages/guard.ts';
import { plan } from './stages/plan.ts';
import { receive } from './stages/receive.ts';
import { type Answer, type MediaType, respond, send } from './stages/respond.ts';
import type { RequestWatch, Telemetry } from './telemetry.ts';

/** What every request passes through. */
export interface PipelineParts {
  /** The supergraph of today; a request keeps the one it began with. */
  readonly generation: () => Generation;
  readonly telemetry: Telemetry;
  readonly log: Logger;
}

/** The way of a request, for clients over HTTP and for callers in this process. */
export interface Pipeline {
  /** Answers an HTTP request. Never rejects. */
  serve(message: IncomingMessage, response: ServerResponse, mediaType: MediaType, caller: Caller): Promise<void>;
  /** Answers a caller in this process: the same stages, without HTTP. */
  ask(request: OperationRequest, caller: Caller): Promise<Answer['body']>;
}

/** Makes the way of a request: receive → guard → plan → execute → respond. */
export function createPipeline({ generation, telemetry, log }: PipelineParts): Pipeline {
  return {
    async serve(message, response, mediaType, caller) {
      const answer = await answerTo(caller, async (watch) => {
        const { request, readOnly } = await watch.stage('receive', () => receive(message));
        return { request, caller: { ...caller, readOnly } };
      });
      if (!response.destroyed) send(response, answer, mediaType);
    },
    async ask(request, caller) {
      return (await answerTo(caller, async () => ({ request, caller }))).body;
    },
  };

  type Asked = { readonly request: OperationRequest; readonly caller: Caller };

  async function answerTo({ requestId }: Caller, ask: (watch: RequestWatch) => Promise<Asked>): Promise<Answer> {
    const watch = telemetry.begin();
    const onMasked = (error: unknown) => log.error({ requestId, error: describeError(error) }, 'masked error');
    let operation: OperationDefinitionNode | undefined;
    let outcome: Executed | Error;
    try {
      const { request, caller } = await ask(watch);
      const { rules, planner, executor } = generation();
      const guarded = watch.stage('guard', () => guard(request, caller, rules));
      operation = guarded.operation;
      const planned = watch.stage('plan', () => plan(guarded, planner));
      outcome = await watch.stage('execute', () => execute(planned, caller, executor));
    } catch (error) {
      outcome = error instanceof Error ? error : new Error('Something other than an error was thrown.');
    }
    const answer = watch.stage('respond', () => respond(outcome, { requestId, onMasked }));
    watch.end({ requestId, operation, answer, ...('fetches' in outcome && { fetches: outcome.fetches }) });
    return answer;
  }
}
