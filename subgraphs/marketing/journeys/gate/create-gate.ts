import type { UnifiedGraph } from '../../../../schema/unified-graph.ts';
import type { Gate, GateRequest } from '../contract.ts';
import { durationMs } from '../duration.ts';
import { type AskLive, createAskTogether } from './ask-together.ts';
import { decide } from './decide.ts';
import { gateQuestion } from './gate-query.ts';
import { type LiveView, readLiveView } from './live-view.ts';

/** What the gate is made from. */
export interface GateOptions {
  readonly graph: UnifiedGraph;
  /** IANA zone of people of whom nobody knows where they live. */
  readonly defaultZone: string;
  /** An answer that takes longer counts as none, milliseconds. */
  readonly timeoutMs?: number;
}

/** How long a gate waits for its answer unless it is said otherwise, milliseconds. */
export const TIMEOUT_MS = 10_000;

/**
 * Makes the gate before each message: one federated query of the live clouds at the instant of sending, then pure functions.
 * What was committed in a cloud before the question is always seen: nothing is remembered from one question to the next.
 * Gates that are asked at the same time share the query.
 */
export function createGate({ graph, defaultZone, timeoutMs = TIMEOUT_MS }: GateOptions): Gate {
  const askLive = createAskTogether(graph, timeoutMs);
  return {
    async ask(request) {
      return decide(request, await readGateView(askLive, request), defaultZone);
    },
  };
}

/** Reads what the gates need, with one query. Never rejects: who does not answer is silent. */
export async function readGateView(
  askLive: AskLive,
  { instance, definition, step, nowMs }: GateRequest,
): Promise<LiveView> {
  const question = gateQuestion(instance, {
    purpose: step.purpose,
    discountsFromMs: nowMs - durationMs(definition.gates.discountEvery),
    messages: definition.gates.frequencyCap.messages,
  });
  return readLiveView(await askLive(question));
}
