import type { Clock } from '../../../../schema/clock.ts';
import type { SmtpOptions } from '../../../../schema/smtp-address.ts';
import { HeldMessage } from './held-message.ts';
import type { HandOver, Mail, Mark, MessageProvider } from './provider.ts';
import { ProviderHealth } from './provider-health.ts';
import { type AnswerMeaning, meaningOf, type SmtpFault } from './smtp-answers.ts';
import { type SmtpConnection, SmtpConnections } from './smtp-connections.ts';

/** Beyond the wait for the last answer: closing, and writing down what came of it. */
const SETTLING_MS = 30_000;

/**
 * A mail server that is spoken to by SMTP. A message is complete for a server with the dot on a line of its own that follows the
 * last byte, and only then does the server take it; here the dot is held back until the mark is committed. So whoever is killed
 * before the mark has certainly sent nothing, and whoever is killed after it may have.
 */
export function createSmtpProvider(options: SmtpOptions, clock: Clock): MessageProvider {
  const connections = new SmtpConnections(options, clock);
  const health = new ProviderHealth();
  return {
    isHealthy: (nowMs) => health.isHealthy(nowMs),
    answerLimitMs: options.answerTimeoutMs + SETTLING_MS,
    async handOver(mail, mark) {
      const { result, isProviderWell, markFault } = await handOver(connections, mail, mark);
      if (isProviderWell) health.succeeded();
      else health.failed(clock());
      if (markFault !== undefined) throw markFault;
      return result;
    },
    async close() {
      connections.close();
    },
  };
}

interface Outcome {
  readonly result: HandOver;
  readonly isProviderWell: boolean;
  /** Why the mark could not be set, when it threw. */
  readonly markFault?: unknown;
}

/** What came of one connection: undefined meaning for a message that was taken. */
interface Attempt {
  readonly message: HeldMessage;
  readonly meaning: AnswerMeaning | undefined;
  /** True when the server answered with a code. */
  readonly isAnswered: boolean;
}

async function handOver(connections: SmtpConnections, mail: Mail, mark: Mark): Promise<Outcome> {
  let connection: SmtpConnection;
  let attempt: Attempt;
  let isFresh = false;
  do {
    try {
      connection = await connections.take(isFresh);
    } catch (error) {
      const { detail } = meaningOf(error as SmtpFault);
      return { result: { kind: 'NOT_NOW', isMarked: false, detail }, isProviderWell: false };
    }
    isFresh = connection.messages === 0;
    attempt = await tryOver(connection, mail, mark);
    void connections.giveBack(connection, stateAfter(attempt));
    // A reused connection on which the server had hung up before it heard of the message: a new one may do.
  } while (!isFresh && attempt.meaning?.kind === 'PROVIDER' && !attempt.message.isAsked);
  return outcomeOf(attempt);
}

function stateAfter({ message, meaning }: Attempt): 'TAKEN' | 'REFUSED' | 'BROKEN' {
  if (!meaning) return message.isEnded ? 'TAKEN' : 'BROKEN';
  const isInStep = meaning.kind !== 'PROVIDER' && (message.isEnded || !message.isAsked);
  return isInStep ? 'REFUSED' : 'BROKEN';
}

function outcomeOf({ message, meaning, isAnswered }: Attempt): Outcome {
  const { isMarked, isEnded, isAsked, markFault, refusal } = message;
  if (markFault !== undefined) {
    return { result: notNow(false, 'the mark could not be set'), isProviderWell: true, markFault };
  }
  if (refusal) return { result: { kind: 'NOT_MARKED', refusal }, isProviderWell: true };
  if (!meaning) {
    return isEnded
      ? { result: { kind: 'ACCEPTED' }, isProviderWell: true }
      : { result: notNow(isMarked, 'the server answered before the message was complete'), isProviderWell: false };
  }
  const { kind, isAddressBad, detail } = meaning;
  if (kind === 'REFUSED') return { result: { kind, isMarked, isAddressBad, detail }, isProviderWell: true };
  if (kind === 'PASSING') return { result: notNow(isMarked, detail), isProviderWell: true };
  // Whoever answers with a code has not taken it, and whoever has not got the end can't have.
  if (isAnswered || !isEnded || !isAsked) return { result: notNow(isMarked, detail), isProviderWell: false };
  return { result: { kind: 'UNKNOWN', detail }, isProviderWell: false };
}

function notNow(isMarked: boolean, detail: string): HandOver {
  return { kind: 'NOT_NOW', isMarked, detail };
}

async function tryOver({ session }: SmtpConnection, { from, to, raw }: Mail, mark: Mark): Promise<Attempt> {
  const message = new HeldMessage(raw, mark);
  const fault = await new Promise<SmtpFault | undefined>((resolve) => {
    message.onHeldForGood(() => {
      // Without its end the message is none. The connection is of no use any more.
      session.close();
      resolve({ code: 'EHELD' });
    });
    session.send({ from, to, size: raw.length }, message, (error) => resolve(error ?? undefined));
  });
  await message.abandon();
  return { message, meaning: fault && meaningOf(fault), isAnswered: fault?.responseCode !== undefined };
}
