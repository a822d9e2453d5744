import type { ExecutionResult } from 'graphql';
import type { UnifiedGraph } from '../../../../schema/unified-graph.ts';
import { answerAbout, type GateQuestion, gateOperation, howManyOf, togetherKeyOf } from './gate-query.ts';
import { brokenWay } from './live-conditions.ts';

/** Asks the live graph for one gate. Never rejects: an answer without data is one, too. */
export type AskLive = (question: GateQuestion) => Promise<ExecutionResult>;

/** Operations under way at a time: while they are, questions gather for the next one. */
const OPERATIONS = 2;

interface Waiting {
  readonly question: GateQuestion;
  readonly answer: (result: ExecutionResult) => void;
}

/**
 * Asks for gates that are asked at the same time with one operation, several people at once, so that each cloud is asked once for all of
 * them. Every question is asked after it came. What was asked together counts only when nothing at all is wrong with the answer:
 * else each is asked alone, so that nobody's message depends on somebody else's records.
 */
export function createAskTogether(graph: UnifiedGraph, timeoutMs: number): AskLive {
  const waiting = new Map<string, Waiting[]>();
  let underWay = 0;
  const next = (): void => {
    while (underWay < OPERATIONS) {
      const [found] = waiting;
      if (!found) return;
      const [key, all] = found;
      const asked = all.splice(0, howManyOf(all.length));
      // Whoever waits under another key is next.
      waiting.delete(key);
      if (all.length > 0) waiting.set(key, all);
      underWay += 1;
      void answerAll(graph, asked, timeoutMs).finally(() => {
        underWay -= 1;
        next();
      });
    }
  };
  return (question) =>
    new Promise((answer) => {
      const key = togetherKeyOf(question);
      const others = waiting.get(key);
      if (others) others.push({ question, answer });
      else waiting.set(key, [{ question, answer }]);
      // What comes in the same turn is asked together.
      setImmediate(next);
    });
}

async function answerAll(graph: UnifiedGraph, asked: readonly Waiting[], timeoutMs: number): Promise<void> {
  const count = asked.length;
  const signal = AbortSignal.timeout(timeoutMs);
  const result = await graph
    .execute({ ...gateOperation(asked.map(({ question }) => question)), signal })
    .catch(brokenWay);
  if (count === 1) return asked[0]?.answer(result);
  const { data, errors = [] } = result;
  if (data && errors.length === 0) {
    for (const [number, { question, answer }] of asked.entries()) {
      answer({ data: answerAbout(data, question, { number, count }) });
    }
    return;
  }
  // Who has waited that long for nothing has had the time of one question.
  if (signal.aborted) for (const { answer } of asked) answer(brokenWay());
  else await Promise.all(asked.map((each) => answerAll(graph, [each], timeoutMs)));
}
