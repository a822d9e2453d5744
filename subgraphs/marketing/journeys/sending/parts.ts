import type { Database, Queryable } from '../../../../database/database.ts';
import type { Clock } from '../../../../schema/clock.ts';
import type { UnifiedGraph } from '../../../../schema/unified-graph.ts';
import type { Gate, GateDecision, MessageStepRequest } from '../contract.ts';
import type { Sender } from './compose-mail.ts';
import type { MessageProvider } from './provider.ts';
import type { MessageRenderer } from './templates/message-renderer.ts';
import type { UnsubscribeLinks } from './unsubscribe-links.ts';

/** Writes down what was decided about a message, in the transaction. */
export type WriteDecision = (
  transaction: Queryable,
  decision: {
    readonly instanceId: string;
    readonly step: string;
    readonly decidedAtMs: number;
    readonly decision: GateDecision;
  },
) => Promise<unknown>;

/** Suppresses the address of a subscriber, in the transaction. */
export type SuppressAddress = (
  transaction: Queryable,
  suppressed: { readonly subscriberKey: string; readonly address: string; readonly reason: 'BOUNCED' | 'COMPLAINED' },
) => Promise<unknown>;

/** What message steps are made from. */
export interface SendingParts {
  /** The marketing store, our own. */
  readonly database: Database;
  readonly graph: UnifiedGraph;
  readonly gate: Gate;
  /** Undefined: messages are put into the local outbox, which is the store itself. */
  readonly provider: MessageProvider | undefined;
  readonly renderer: MessageRenderer;
  readonly links: UnsubscribeLinks;
  readonly sender: Sender;
  readonly writeDecision: WriteDecision;
  readonly suppressAddress: SuppressAddress;
  /** Forgets the texts of some messages whose time is over, in the transaction. */
  readonly sweepBodies: (transaction: Queryable, nowMs: number) => Promise<void>;
  /** True: a message that is not let out stays as it is, because somebody decided about it by hand. */
  readonly keepsUnsent?: boolean;
  readonly clock: Clock;
}

/** One run of a message step as its parts see it. */
export interface MessageRun {
  readonly parts: SendingParts;
  readonly request: MessageStepRequest;
  readonly messageId: string;
  /** When the gates were asked, milliseconds. */
  readonly askedAtMs: number;
  readonly decision: GateDecision;
}
