import { appendFileSync } from 'node:fs';
import { SMTPServer } from 'smtp-server';

/** A mail that was taken, as a line of the mailbox. */
export interface TakenLine {
  readonly to: string;
  /** The header `Message-ID`, the same for one idempotency key. */
  readonly messageId: string;
  /** The header `Subject`, as it came. */
  readonly subject: string;
  /** When its end had come, milliseconds. */
  readonly atMs: number;
}

/**
 * A mail server in a process of its own, to be killed with the others: what it takes stands in a file before it is answered.
 *   node dist/bench/journeys/mailbox.js PORT FILE
 */
function run(port: number, file: string): void {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const head = Buffer.concat(chunks).toString('latin1').split('\r\n\r\n')[0] ?? '';
        const messageId = /^Message-ID:\s*<([^>]+)>/im.exec(head)?.[1] ?? '';
        const subject = /^Subject:\s*(.*)$/im.exec(head)?.[1] ?? '';
        for (const { address } of session.envelope.rcptTo) {
          const line: TakenLine = { to: address, messageId, subject, atMs: Date.now() };
          appendFileSync(file, `${JSON.stringify(line)}\n`);
        }
        callback();
      });
    },
  });
  server.on('error', () => {});
  server.listen(port, '127.0.0.1', () => process.stdout.write('ready\n'));
}

const [port = '0', file = ''] = process.argv.slice(2);
run(Number(port), file);
