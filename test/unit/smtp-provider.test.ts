import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { SMTPServerOptions } from 'smtp-server';
import { readSmtpUrl, type SmtpOptions } from '../../schema/smtp-address.ts';
import { composeMail } from '../../subgraphs/marketing/journeys/sending/compose-mail.ts';
import type { Mark, MessageProvider } from '../../subgraphs/marketing/journeys/sending/provider.ts';
import { createSmtpProvider } from '../../subgraphs/marketing/journeys/sending/smtp-provider.ts';
import { createAuthority } from '../support/certificates.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';
import { SENDER } from '../support/message-driver.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(options: Parameters<typeof startMailServer>[0] = {}): Promise<MailServer> {
  const server = await startMailServer(options);
  closing.push(() => server.close());
  return server;
}

function providerFor(options: Partial<SmtpOptions> & { readonly port: number }, clock = Date.now): MessageProvider {
  const url = `smtp://127.0.0.1:${options.port}?connectTimeout=2000&answerTimeout=2000`;
  const provider = createSmtpProvider({ ...readSmtpUrl(url), ...options }, clock);
  closing.push(() => provider.close());
  return provider;
}

const mailOf = (text = 'Hello'): ReturnType<typeof composeMail> =>
  composeMail({
    sender: SENDER,
    preparedAt: new Date(0),
    unsubscribeUrl: null,
    prepared: {
      subscriberKey: 'M1',
      consentId: 'N1',
      address: 'bob@example.com',
      headerMessageId: '<0123@example.com>',
      subject: 'Grüße 👋',
      html: `<p>${text}</p>`,
      text,
      discountCode: null,
    },
  });
const marked: Mark = async () => undefined;

it('composes the same bytes however often, with what is not ASCII encoded', async () => {
  const [one, other] = [await mailOf(), await mailOf()];
  expect(one).toEqual(other);
  const text = one.raw.toString('latin1');
  expect(text).toMatch(/^Subject: =\?UTF-8\?[QB]\?/m);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: mail is ASCII with CR LF
  expect(text).not.toMatch(/[^\x00-\x7f]|[^\r]\n/);
  expect(text).toMatch(/^Date: Thu, 01 Jan 1970 00:00:00 \+0000\r$/m);
  expect(text).not.toMatch(/^X-Mailer/im);
});

it('carries a message whole, with lines of dots and without an end of its own', async () => {
  const server = await serve();
  const lines = '.\n..\n.a\n\n.\n';
  const mail = await mailOf(lines);
  expect(await providerFor({ port: server.port }).handOver(mail, marked)).toEqual({ kind: 'ACCEPTED' });
  expect(server.taken[0]?.raw).toBe(mail.raw.toString('utf8'));
});

it('lets the end go after the mark only', async () => {
  const server = await serve();
  const order: string[] = [];
  server.atMoment('HELD', 1, () => order.push('held'));
  server.atMoment('ENDED', 1, () => order.push('ended'));
  const held = new Promise<void>((resolve) => server.atMoment('HELD', 1, resolve));
  await providerFor({ port: server.port }).handOver(await mailOf(), async () => {
    await held;
    order.push('marked');
    return undefined;
  });
  expect(order).toEqual(['held', 'marked', 'ended']);
});

it('uses connections again, no more than allowed at a time, and not after their last message', async () => {
  const server = await serve();
  const provider = providerFor({ port: server.port, connections: 2, messages: 4 });
  const mail = await mailOf();
  await Promise.all(Array.from({ length: 12 }, () => provider.handOver(mail, marked)));
  expect(server.taken).toHaveLength(12);
  expect(server.connections()).toBeGreaterThanOrEqual(3);
  expect(server.connections()).toBeLessThanOrEqual(5);
});

it('opens another connection when the server has hung up meanwhile, without anybody noticing', async () => {
  const server = await serve();
  const provider = providerFor({ port: server.port });
  const mail = await mailOf();
  let marks = 0;
  const counted: Mark = async () => {
    marks += 1;
    return undefined;
  };
  expect(await provider.handOver(mail, counted)).toEqual({ kind: 'ACCEPTED' });
  const first = server.connections();
  server.hangUp();
  expect(await provider.handOver(mail, counted)).toEqual({ kind: 'ACCEPTED' });
  expect(server.connections()).toBe(first + 1);
  expect([marks, server.taken.length]).toEqual([2, 2]);
});

it('does not complete a message when the mark fails, and says so', async () => {
  const server = await serve();
  const provider = providerFor({ port: server.port });
  await expect(
    provider.handOver(await mailOf(), async () => {
      throw new Error('The store is gone.');
    }),
  ).rejects.toThrow('The store is gone.');
  expect(server.taken).toEqual([]);
  expect(await provider.handOver(await mailOf(), marked)).toEqual({ kind: 'ACCEPTED' });
});

it('knows that a message was not taken when the connection breaks while the mark is set', async () => {
  const server = await serve();
  const provider = providerFor({ port: server.port });
  const gone = new Promise<void>((resolve) => server.atMoment('HELD', 1, resolve));
  const result = await provider.handOver(await mailOf(), async () => {
    await gone;
    server.hangUp();
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    return undefined;
  });
  expect(server.taken).toEqual([]);
  // When the end was let go before the break was noticed, nobody knows.
  expect(['NOT_NOW', 'UNKNOWN']).toContain(result.kind);
});

/** A server that says what it likes: each line of the client is answered with the next text. */
async function serveScript(answers: readonly string[]): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    const left = [...answers];
    socket.write(left.shift() ?? '');
    socket.on('data', () => {
      const next = left.shift();
      if (next) socket.write(next);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

it.each([
  ['250 2.0.0 Taken already', 'the server answered before the message was complete'],
  ['554 5.7.1 No', 'DATA was answered 554 5.7.1'],
])('never ends a message that is answered too early with %s', async (answer, detail) => {
  const port = await serveScript([
    '220 here\r\n',
    '250 here\r\n',
    '250 ok\r\n',
    '250 ok\r\n',
    `354 go on\r\n${answer}\r\n`,
  ]);
  const result = await providerFor({ port }).handOver(await mailOf(), async () => {
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    return undefined;
  });
  expect(result).toMatchObject({ detail });
  expect(['NOT_NOW', 'REFUSED']).toContain(result.kind);
});

describe('with TLS and a login', () => {
  const LOGIN = { user: 'shop', password: 'p@ss:word/%' };
  const options = (): SMTPServerOptions => {
    const { key, certificate } = createAuthority('nobody').certify({ addresses: ['127.0.0.1'] });
    return {
      key,
      cert: certificate,
      authOptional: false,
      disabledCommands: [],
      onAuth(auth, _session, callback) {
        const isRight = auth.username === LOGIN.user && auth.password === LOGIN.password;
        if (isRight) callback(null, { user: LOGIN.user });
        else callback(Object.assign(new Error('5.7.8 Wrong'), { responseCode: 535 }));
      },
    };
  };

  it('sends after STARTTLS', async () => {
    const server = await serve(options());
    const provider = providerFor({ port: server.port, startTls: 'required', isVerified: false, login: LOGIN });
    expect(await provider.handOver(await mailOf(), marked)).toEqual({ kind: 'ACCEPTED' });
  });

  it('sends nothing to a server whose certificate is not to be trusted', async () => {
    const server = await serve(options());
    const provider = providerFor({ port: server.port, startTls: 'required', login: LOGIN });
    expect(await provider.handOver(await mailOf(), marked)).toMatchObject({ kind: 'NOT_NOW' });
    expect(server.taken).toEqual([]);
  });

  it('says no word in the clear where TLS is required', async () => {
    const server = await serve();
    const provider = providerFor({ port: server.port, startTls: 'required', login: LOGIN });
    expect(await provider.handOver(await mailOf(), marked)).toMatchObject({ kind: 'NOT_NOW' });
    expect(server.taken).toEqual([]);
  });

  it('does not take a wrong password for a fault of the message, and repeats it nowhere', async () => {
    const server = await serve(options());
    const login = { ...LOGIN, password: 'secret' };
    const provider = providerFor({ port: server.port, isVerified: false, login });
    const result = await provider.handOver(await mailOf(), marked);
    expect(result).toMatchObject({ kind: 'NOT_NOW', isMarked: false });
    expect(JSON.stringify(result)).not.toContain('secret');
  });
});
