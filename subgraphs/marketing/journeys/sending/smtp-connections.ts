import type SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Clock } from '../../../../schema/clock.ts';
import type { SmtpOptions } from '../../../../schema/smtp-address.ts';

/** A connection to the mail server that is greeted, secured and logged in. */
export interface SmtpConnection {
  readonly session: SMTPConnection;
  messages: number;
  idleSinceMs: number;
}

/** Servers close connections that idle for some minutes; one that idled longer than this is not used again. */
const IDLE_LIMIT_MS = 60_000;

/** A pool of connections: each is used for one message at a time, and for several in a row. */
export class SmtpConnections {
  readonly #options: SmtpOptions;
  readonly #clock: Clock;
  readonly #idle: SmtpConnection[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #open = new Set<SMTPConnection>();
  #taken = 0;
  #isClosed = false;

  constructor(options: SmtpOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** A connection, as soon as there is one. `isFresh` opens another one. Rejects with nodemailer's fault. */
  async take(isFresh = false): Promise<SmtpConnection> {
    while (this.#taken >= this.#options.connections) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#taken += 1;
    try {
      if (this.#isClosed) throw new Error('The connections to the mail server are closed.');
      return (isFresh ? undefined : this.#reuse()) ?? (await this.#connect());
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  /** Gives a connection back after a message was taken, or refused, or after which the connection is of no use any more. */
  async giveBack(connection: SmtpConnection, state: 'TAKEN' | 'REFUSED' | 'BROKEN'): Promise<void> {
    connection.messages += 1;
    const isFull = this.#isClosed || connection.messages >= this.#options.messages;
    if (state === 'BROKEN' || isFull || (state === 'REFUSED' && !(await isReset(connection.session)))) {
      connection.session.close();
    } else {
      connection.idleSinceMs = this.#clock();
      this.#idle.push(connection);
    }
    this.#release();
  }

  /** Closes what is open, also what is in use: a message that was not complete will not be taken. */
  close(): void {
    this.#isClosed = true;
    for (const session of this.#open) session.close();
  }

  #release(): void {
    this.#taken -= 1;
    this.#waiting.shift()?.();
  }

  #reuse(): SmtpConnection | undefined {
    for (let connection = this.#idle.pop(); connection; connection = this.#idle.pop()) {
      const isFit = this.#open.has(connection.session) && this.#clock() - connection.idleSinceMs < IDLE_LIMIT_MS;
      if (isFit) return connection;
      connection.session.close();
    }
    return undefined;
  }

  async #connect(): Promise<SmtpConnection> {
    // Loaded only where mail is sent.
    const { default: Connection } = await import('nodemailer/lib/smtp-connection');
    const { host, port, isSecure, startTls, isVerified, name, connectTimeoutMs, answerTimeoutMs } = this.#options;
    const session = new Connection({
      host,
      port,
      secure: isSecure,
      requireTLS: !isSecure && startTls === 'required',
      ignoreTLS: startTls === 'off',
      tls: { rejectUnauthorized: isVerified, minVersion: 'TLSv1.2' },
      connectionTimeout: connectTimeoutMs,
      greetingTimeout: connectTimeoutMs,
      socketTimeout: answerTimeoutMs,
      ...(name !== undefined && { name }),
      logger: false,
    });
    this.#open.add(session);
    session.once('end', () => this.#open.delete(session));
    try {
      await opened(session);
      const { login } = this.#options;
      if (login) await loggedIn(session, login);
      return { session, messages: 0, idleSinceMs: 0 };
    } catch (error) {
      session.close();
      throw error;
    }
  }
}

function opened(session: SMTPConnection): Promise<void> {
  return new Promise((resolve, reject) => {
    // Stays: an error that nobody listens to would end the process. What it is about tells the send that runs.
    session.on('error', reject);
    session.once('end', () => reject(new Error('The mail server closed the connection.')));
    session.connect((error) => (error ? reject(error) : resolve()));
  });
}

function loggedIn(session: SMTPConnection, { user, password }: { user: string; password: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    session.once('error', reject);
    session.login({ user, credentials: { user, pass: password } }, (error) => (error ? reject(error) : resolve()));
  });
}

/** After a message that was refused, the server is told to forget it. */
function isReset(session: SMTPConnection): Promise<boolean> {
  return new Promise((resolve) => {
    const onEnd = (): void => resolve(false);
    session.once('end', onEnd);
    session.reset((error) => {
      session.off('end', onEnd);
      resolve(!error);
    });
  });
}
