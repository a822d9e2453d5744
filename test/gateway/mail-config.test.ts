import { readConfig } from '../../gateway/config.ts';
import { ConfigInvalid } from '../../gateway/variable-reader.ts';
import { parseMailbox } from '../../schema/mail-address.ts';
import { readSmtpUrl } from '../../schema/smtp-address.ts';

const COMPLETE = {
  SMTP_URL: 'smtp://shop:p%40ss@mail.example.com:2525?connections=2&name=shop.example.com',
  MAIL_FROM: 'The Shop <shop@example.com>',
  MAIL_BOUNCE_ADDRESS: 'bounces@example.com',
  PUBLIC_URL: 'https://shop.example.com/c360',
  UNSUBSCRIBE_KEY: `${'a'.repeat(32)},${'b'.repeat(32)}`,
};

function faultsOf(environment: Record<string, string>): string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigInvalid)) throw error;
    return error.faults.map(({ name, message }) => `${name} ${message}`);
  }
}

it('reads how mail is sent', () => {
  expect(readConfig(COMPLETE).mail).toEqual({
    smtp: {
      host: 'mail.example.com',
      port: 2525,
      isSecure: false,
      startTls: 'required',
      isVerified: true,
      login: { user: 'shop', password: 'p@ss' },
      connections: 2,
      messages: 100,
      name: 'shop.example.com',
      connectTimeoutMs: 10_000,
      answerTimeoutMs: 120_000,
    },
    from: { name: 'The Shop', address: 'shop@example.com' },
    bounceAddress: 'bounces@example.com',
    publicUrl: 'https://shop.example.com/c360',
    unsubscribeKeys: ['a'.repeat(32), 'b'.repeat(32)],
  });
});

it('sends nothing anywhere without being told to', () => {
  expect(readConfig({}).mail).toEqual({
    from: { name: 'Customer 360', address: 'journeys@customer-360.invalid' },
    unsubscribeKeys: [],
  });
});

it('asks who sends, and where people unsubscribe, as soon as mail leaves', () => {
  expect(faultsOf({ SMTP_URL: 'smtp://localhost' })).toEqual([
    'MAIL_FROM is missing: with SMTP_URL it says who sends.',
    'PUBLIC_URL is missing: with SMTP_URL it says where people come to unsubscribe.',
  ]);
});

it.each([
  ['MAIL_FROM', 'shop'],
  ['MAIL_FROM', 'a@example.com, b@example.com'],
  ['MAIL_REPLY_TO', 'The Shop <shop@example.com>'],
  ['PUBLIC_URL', 'http://shop.example.com'],
  ['PUBLIC_URL', 'https://shop.example.com/?x'],
  ['PUBLIC_URL', 'ftp://shop.example.com'],
  ['UNSUBSCRIBE_KEY', 'short'],
])('refuses %s %j', (name, value) => {
  expect(faultsOf({ ...COMPLETE, [name]: value }).map((fault) => fault.split(' ')[0])).toContain(name);
});

it.each([
  'http://secret:word@mail.example.com',
  'smtp://secret@mail.example.com',
  'smtp://secret:word@',
  'smtp://secret:word@mail.example.com/x',
  'smtp://secret:word@mail.example.com?tls=maybe',
  'smtp://secret:word@mail.example.com?pool=true',
  'smtp://secret:%zz@mail.example.com',
  'smtp://secret:word@mail.example.com?connections=0',
  'smtp://secret:word@mail.example.com?name=a%0d%0ab',
])('refuses a mail server by %s and repeats nothing of it', (url) => {
  const faults = faultsOf({ ...COMPLETE, SMTP_URL: url });
  expect(faults).toEqual([expect.stringMatching(/^SMTP_URL can't be used: it /)]);
  expect(faults.join()).not.toMatch(/secret|:word|mail\.example|%zz/);
});

it('requires TLS of every mail server that is not on this machine', () => {
  expect(readSmtpUrl('smtp://mail.example.com')).toMatchObject({ port: 587, startTls: 'required', login: undefined });
  expect(readSmtpUrl('smtps://mail.example.com')).toMatchObject({ port: 465, isSecure: true });
  expect(readSmtpUrl('smtp://[::1]:25')).toMatchObject({ host: '::1', port: 25, startTls: 'optional' });
  expect(readSmtpUrl('smtp://relay.internal?tls=off')).toMatchObject({ startTls: 'off' });
});

it.each([
  ['shop@example.com', { name: '', address: 'shop@example.com' }],
  ['"The Shop" <shop@example.com>', { name: 'The Shop', address: 'shop@example.com' }],
  ['<shop@example.com>', { name: '', address: 'shop@example.com' }],
  ['A\r\nBcc: x <shop@example.com>', undefined],
  ['shop@', undefined],
])('reads who sends from %j', (text, mailbox) => {
  expect(parseMailbox(text)).toEqual(mailbox);
});
