/** An e-mail as a mail server takes it. */
export interface Mail {
  /** Envelope sender, where bounces go. */
  readonly from: string;
  readonly to: string;
  /** The whole message with its headers, lines ended by CR LF. */
  readonly raw: Buffer;
}

/** Why a message is not to be handed over after all. */
export type MarkRefusal = 'NOT_IN' | 'TAKEN' | 'STALE';

/**
 * Called in the last moment before the message is complete for the provider. Gives undefined when it has been committed that from
 * now on nobody knows whether it was sent; a refusal, or a rejection, when it must not be completed.
 */
export type Mark = () => Promise<MarkRefusal | undefined>;

/** How a hand-over ended. `detail` is for people, without addresses or other data of the message. */
export type HandOver =
  | { readonly kind: 'ACCEPTED' }
  /** Refused for good. `isMarked` tells whether the mark was set before. */
  | {
      readonly kind: 'REFUSED';
      readonly isMarked: boolean;
      readonly isAddressBad: boolean;
      readonly detail: string;
    }
  /** Certainly not sent; later it may be. */
  | { readonly kind: 'NOT_NOW'; readonly isMarked: boolean; readonly detail: string }
  /** Nobody knows. */
  | { readonly kind: 'UNKNOWN'; readonly detail: string }
  /** The mark was refused: certainly not sent by this call. */
  | { readonly kind: 'NOT_MARKED'; readonly refusal: MarkRefusal };

/** Takes messages and brings them to people. */
export interface MessageProvider {
  /** Whether it has taken messages lately, so that it is worth trying. */
  isHealthy(nowMs: number): boolean;
  /** How long after the mark an answer may take at most, milliseconds. */
  readonly answerLimitMs: number;
  /** Hands one message over. Never rejects for what the provider does; rejects when the mark does. */
  handOver(mail: Mail, mark: Mark): Promise<HandOver>;
  close(): Promise<void>;
}
