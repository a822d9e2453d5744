/** A fault as nodemailer tells it. */
export interface SmtpFault {
  readonly code?: string | undefined;
  /** The last answer of the server, such as `550 5.1.1 …`. It may repeat the address. */
  readonly response?: string | undefined;
  readonly responseCode?: number | undefined;
  /** What was answered, such as `RCPT TO` or `DATA`. */
  readonly command?: string | undefined;
}

/** What an answer means for the message. */
export interface AnswerMeaning {
  /** PASSING: later it may be taken. REFUSED: never. PROVIDER: nothing is wrong with the message, the provider takes none. */
  readonly kind: 'PASSING' | 'REFUSED' | 'PROVIDER';
  /** True: the address itself does not exist or takes no mail, and is not to be tried again. */
  readonly isAddressBad: boolean;
  /** For people: codes only, since servers repeat addresses in their texts. */
  readonly detail: string;
}

/** Enhanced status codes (RFC 3463) of a mailbox or domain that is not there, has moved without a trace, or is closed. */
const BAD_ADDRESS = new Set(['5.1.0', '5.1.1', '5.1.2', '5.1.3', '5.1.6', '5.1.10', '5.2.1', '5.4.4']);
/** Replies (RFC 5321) that say so by themselves, where there is no enhanced code. */
const BAD_ADDRESS_REPLIES = new Set([550, 551, 553]);

/** Reads what a server answered. A fault without an answer is one of the provider or of the way to it. */
export function meaningOf(fault: SmtpFault): AnswerMeaning {
  const reply = fault.responseCode ?? Number(/^\d{3}/.exec(fault.response ?? '')?.[0] ?? 0);
  const enhanced = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(fault.response ?? '')?.[1];
  const isAboutMessage = fault.code === 'EENVELOPE' || fault.code === 'EMESSAGE';
  const command = fault.command ?? 'connection';
  const detail = reply
    ? `${command} was answered ${[reply, enhanced].filter(Boolean).join(' ')}`
    : `${command} failed with ${fault.code ?? 'no answer'}`;
  if (!isAboutMessage || reply === 421) return { kind: 'PROVIDER', isAddressBad: false, detail };
  // Nodemailer's own check, such as of a message that is larger than the server takes.
  if (!reply) return { kind: 'REFUSED', isAddressBad: false, detail };
  if (reply < 500) return { kind: 'PASSING', isAddressBad: false, detail };
  // The sender is refused, not the receiver: the next message would be as well.
  if (command === 'MAIL FROM') return { kind: 'PROVIDER', isAddressBad: false, detail };
  const isAddressBad = command === 'RCPT TO' && (enhanced ? BAD_ADDRESS.has(enhanced) : BAD_ADDRESS_REPLIES.has(reply));
  return { kind: 'REFUSED', isAddressBad, detail };
}
