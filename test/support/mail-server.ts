import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** An e-mail that a mail server has taken. */
export interface TakenMail {
  readonly from: string;
  readonly to: readonly string[];
  /** The message as it came. */
  readonly raw: string;
}

/** At which point of a message a mail server is to misbehave. */
export type MailPhase = 'CONNECT' | 'MAIL' | 'RCPT' | 'DATA' | 'END';

/** What it does there: answers with a code, hangs up, says nothing, or takes the message and then hangs up without an answer. */
export type Misbehaviour =
  | { readonly kind: 'ANSWER'; readonly code: number; readonly text: string }
  | { readonly kind: 'HANG_UP' }
  | { readonly kind: 'SILENCE' }
  | { readonly kind: 'TAKE_AND_HANG_UP' };

/** A moment of a message as the server sees it. HELD: it has all but the end. ENDED: the end too. TAKEN: kept, not answered. */
export type MailMoment = 'CONNECTED' | 'MAIL' | 'RCPT' | 'BEGUN' | 'HELD' | 'ENDED' | 'TAKEN' | 'ANSWERED';

/** A real mail server that keeps what it takes. */
export interface MailServer {
  readonly port: number;
  readonly taken: TakenMail[];
  /** Connections that were opened. */
  readonly connections: () => number;
  /** Messages of which the server has seen any byte. */
  readonly begun: () => number;
  /** From now on, until it is called with undefined. */
  misbehave(phase: MailPhase, how: Misbehaviour | undefined): void;
  /** Calls back once, when the moment has come for the n-th time from now on. Undefined takes back what was said. */
  atMoment(moment: MailMoment | undefined, time: number, callback: () => void): void;
  /** Cuts every connection. */
  hangUp(): void;
  close(): Promise<void>;
}

/** Starts a mail server on this machine. */
export async function startMailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const taken: TakenMail[] = [];
  const wrong = new Map<MailPhase, Misbehaviour>();
  let connections = 0;
  let begun = 0;
  const awaited: { moment: MailMoment; left: number; callback: () => void }[] = [];
  const pass = (moment: MailMoment): void => {
    for (const one of awaited.filter((each) => each.moment === moment)) {
      one.left -= 1;
      if (one.left > 0) continue;
      awaited.splice(awaited.indexOf(one), 1);
      one.callback();
    }
  };
  const sockets = new Map<string, { destroy(): void }>();
  const at = (phase: MailPhase, sessionId: string, callback: (error?: Error | null) => void): void => {
    const how = wrong.get(phase);
    if (!how) callback();
    else if (how.kind === 'ANSWER') callback(Object.assign(new Error(how.text), { responseCode: how.code }));
    else if (how.kind !== 'SILENCE') sockets.get(sessionId)?.destroy();
  };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    ...options,
    onConnect(session, callback) {
      connections += 1;
      pass('CONNECTED');
      for (const connection of server.connections as Set<{ id: string; _socket: { destroy(): void } }>) {
        sockets.set(connection.id, connection._socket);
      }
      at('CONNECT', session.id, callback);
    },
    onMailFrom: (_address, session, callback) => {
      pass('MAIL');
      at('MAIL', session.id, callback);
    },
    onRcptTo: (_address, session, callback) => {
      pass('RCPT');
      at('RCPT', session.id, callback);
    },
    onData(stream, session, callback) {
      begun += 1;
      pass('BEGUN');
      const chunks: Buffer[] = [];
      if (wrong.get('DATA')?.kind === 'HANG_UP') sockets.get(session.id)?.destroy();
      stream.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        pass('HELD');
      });
      stream.on('end', () => {
        pass('ENDED');
        const how = wrong.get('END');
        const mail = {
          from: session.envelope.mailFrom ? session.envelope.mailFrom.address : '',
          to: session.envelope.rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString('utf8'),
        };
        if (!how || how.kind === 'TAKE_AND_HANG_UP') taken.push(mail);
        pass('TAKEN');
        at('END', session.id, (error) => {
          callback(error);
          pass('ANSWERED');
        });
      });
    },
  });
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    taken,
    connections: () => connections,
    begun: () => begun,
    misbehave(phase, how) {
      if (how) wrong.set(phase, how);
      else wrong.delete(phase);
    },
    atMoment(moment, time, callback) {
      if (moment) awaited.push({ moment, left: time, callback });
      else awaited.length = 0;
    },
    hangUp() {
      for (const socket of sockets.values()) socket.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets.values()) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
