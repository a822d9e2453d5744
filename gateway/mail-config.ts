import { isMailAddress, type Mailbox, parseMailbox } from '../schema/mail-address.ts';
import { readSmtpUrl, type SmtpOptions, SmtpUrlInvalid } from '../schema/smtp-address.ts';
import type { VariableReader } from './variable-reader.ts';

/** How mail of journeys is sent. */
export interface MailConfig {
  /** The mail server; undefined: messages are put into the local outbox. Carries a password. */
  readonly smtp?: SmtpOptions;
  readonly from: Mailbox;
  readonly replyTo?: string;
  /** Where bounces go; the sender's address when undefined. */
  readonly bounceAddress?: string;
  /** Where people reach this server; undefined: where it listens. */
  readonly publicUrl?: string;
  /** Keys of unsubscribe links: the first signs, all are accepted. Empty: one that the store keeps. Secret. */
  readonly unsubscribeKeys: readonly string[];
}

const KEY_BYTES = 32;
/** Nobody's domain (RFC 2606): what is only put into the local outbox leaves from there. */
const NOBODY: Mailbox = { name: 'Customer 360', address: 'journeys@customer-360.invalid' };

/** Reads what mail needs. With SMTP_URL, who sends and where people unsubscribe has to be said. */
export function readMail(reader: VariableReader): MailConfig {
  const smtp = readSmtp(reader);
  const from = readFrom(reader);
  const publicUrl = readPublicUrl(reader);
  if (smtp && !from) reader.fault('MAIL_FROM', 'is missing: with SMTP_URL it says who sends.');
  if (smtp && !publicUrl) {
    reader.fault('PUBLIC_URL', 'is missing: with SMTP_URL it says where people come to unsubscribe.');
  }
  const replyTo = readAddress(reader, 'MAIL_REPLY_TO');
  const bounceAddress = readAddress(reader, 'MAIL_BOUNCE_ADDRESS');
  return {
    from: from ?? NOBODY,
    unsubscribeKeys: readKeys(reader),
    ...(smtp && { smtp }),
    ...(replyTo && { replyTo }),
    ...(bounceAddress && { bounceAddress }),
    ...(publicUrl && { publicUrl }),
  };
}

function readSmtp(reader: VariableReader): SmtpOptions | undefined {
  const given = reader.text('SMTP_URL');
  if (given === undefined) return undefined;
  try {
    return readSmtpUrl(given);
  } catch (error) {
    if (!(error instanceof SmtpUrlInvalid)) throw error;
    reader.fault('SMTP_URL', `can't be used: it ${error.message}`);
    return undefined;
  }
}

function readFrom(reader: VariableReader): Mailbox | undefined {
  const given = reader.text('MAIL_FROM');
  const from = given === undefined ? undefined : parseMailbox(given);
  if (given !== undefined && !from) reader.fault('MAIL_FROM', 'must be like `The Shop <shop@example.com>`.');
  return from;
}

function readAddress(reader: VariableReader, name: 'MAIL_REPLY_TO' | 'MAIL_BOUNCE_ADDRESS'): string | undefined {
  const given = reader.text(name);
  if (given !== undefined && !isMailAddress(given)) reader.fault(name, 'must be one address, without a name.');
  return given;
}

/** A mail program unsubscribes over HTTPS only (RFC 8058); on this machine one may try it without. */
function readPublicUrl(reader: VariableReader): string | undefined {
  const given = reader.url('PUBLIC_URL', ['https:', 'http:']);
  if (given === undefined || !URL.canParse(given)) return given;
  const { protocol, hostname, username, search, hash } = new URL(given);
  const isHere = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
  if (protocol === 'http:' && !isHere) reader.fault('PUBLIC_URL', 'must begin with https://.');
  if (username !== '' || search !== '' || hash !== '')
    reader.fault('PUBLIC_URL', 'must be an address and a path only.');
  return given;
}

function readKeys(reader: VariableReader): string[] {
  const keys = (reader.text('UNSUBSCRIBE_KEY') ?? '').split(',').filter((key) => key !== '');
  if (keys.some((key) => Buffer.byteLength(key) < KEY_BYTES)) {
    reader.fault('UNSUBSCRIBE_KEY', `must have at least ${KEY_BYTES} bytes in each key.`);
  }
  return keys;
}
