import type { Prepared } from './message-store.ts';
import type { Mail } from './provider.ts';

/** Who sends. */
export interface Sender {
  /** Address in `From:`, where replies go unless `replyTo` says otherwise. */
  readonly address: string;
  /** Name in `From:`, empty for none. */
  readonly name: string;
  readonly replyTo: string | undefined;
  /** Envelope sender, where bounces go; the address without it. */
  readonly bounceAddress: string | undefined;
}

/** What a mail is composed from. */
export interface MailParts {
  readonly sender: Sender;
  readonly prepared: Prepared;
  readonly preparedAt: Date;
  /** Where one click unsubscribes; null for a message that nobody can unsubscribe from. */
  readonly unsubscribeUrl: string | null;
}

/** The `Message-ID` of a message: the same whoever composes it. `sender` gives the domain. */
export function headerMessageIdOf(messageId: string, sender: Sender): string {
  return `<${messageId}@${sender.address.slice(sender.address.lastIndexOf('@') + 1)}>`;
}

/**
 * Composes an e-mail of a plain and an HTML part, byte by byte the same however often it is composed. The subject is one line
 * (`cleanSubject`), the address one address (`isAddress`).
 */
export async function composeMail({ sender, prepared, preparedAt, unsubscribeUrl }: MailParts): Promise<Mail> {
  // Loaded only where mail is sent.
  const { default: MailComposer } = await import('nodemailer/lib/mail-composer');
  const mail = new MailComposer({
    from: { name: sender.name, address: sender.address },
    to: { name: '', address: prepared.address },
    ...(sender.replyTo !== undefined && { replyTo: { name: '', address: sender.replyTo } }),
    subject: prepared.subject,
    messageId: prepared.headerMessageId,
    date: preparedAt,
    text: prepared.text,
    html: prepared.html,
    // Boundaries are derived from it.
    baseBoundary: prepared.headerMessageId.slice(1, 33),
    headers: unsubscribeUrl === null ? [] : unsubscribeHeaders(unsubscribeUrl),
    envelope: { from: sender.bounceAddress ?? sender.address, to: [prepared.address] },
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile();
  const { from, to } = mail.getEnvelope();
  // All of it is ASCII by now; parts that needed no encoding keep the line ends of their templates.
  const text = (await mail.build()).toString('latin1').replace(/\r?\n/g, '\r\n');
  return { from: from || sender.address, to: to[0] ?? prepared.address, raw: Buffer.from(text, 'latin1') };
}

/** RFC 8058: a mail program unsubscribes with one POST, nobody has to open a page. */
function unsubscribeHeaders(url: string): { key: string; value: { prepared: true; value: string } }[] {
  return [
    { key: 'List-Unsubscribe', value: { prepared: true, value: `<${url}>` } },
    { key: 'List-Unsubscribe-Post', value: { prepared: true, value: 'List-Unsubscribe=One-Click' } },
  ];
}
