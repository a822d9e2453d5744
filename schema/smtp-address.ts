/** How a mail server is reached. `password` is secret. */
export interface SmtpOptions {
  readonly host: string;
  readonly port: number;
  /** True: TLS from the first byte. */
  readonly isSecure: boolean;
  /** `required`: without STARTTLS nothing is sent. `optional`: where the server offers it. `off`: never. */
  readonly startTls: 'required' | 'optional' | 'off';
  /** False: any certificate is taken. */
  readonly isVerified: boolean;
  readonly login: { readonly user: string; readonly password: string } | undefined;
  /** Connections at a time. */
  readonly connections: number;
  /** Messages of one connection. */
  readonly messages: number;
  /** The name that is said with EHLO; the host's own when undefined. */
  readonly name: string | undefined;
  /** How long to wait for a connection, for the greeting, and for each answer, milliseconds. */
  readonly connectTimeoutMs: number;
  readonly answerTimeoutMs: number;
}

/** The URL of a mail server can't be used. Its message repeats nothing of the URL. */
export class SmtpUrlInvalid extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SmtpUrlInvalid';
  }
}

const PARAMETERS = ['tls', 'verify', 'connections', 'messages', 'name', 'connectTimeout', 'answerTimeout'];

/**
 * Reads `smtp://user:password@host:587?tls=required&connections=5` or `smtps://…`. Throws SmtpUrlInvalid. Without `tls`, STARTTLS
 * is required unless the server is on this machine: credentials and people's addresses do not go over a network in the clear.
 */
export function readSmtpUrl(text: string): SmtpOptions {
  const url = parse(text);
  const query = url.searchParams;
  for (const name of query.keys()) {
    if (!PARAMETERS.includes(name)) throw new SmtpUrlInvalid(`has only the parameters ${PARAMETERS.join(', ')}.`);
  }
  const isSecure = url.protocol === 'smtps:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const isHere = host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host);
  const name = query.get('name') ?? undefined;
  if (name !== undefined && !/^[A-Za-z0-9.:[\]-]{1,255}$/.test(name))
    throw new SmtpUrlInvalid('has no host as `name`.');
  return {
    host,
    port: url.port === '' ? (isSecure ? 465 : 587) : Number(url.port),
    isSecure,
    startTls: oneOf(query, 'tls', ['required', 'optional', 'off'], isHere ? 'optional' : 'required'),
    isVerified: oneOf(query, 'verify', ['on', 'off'], 'on') === 'on',
    login: loginOf(url),
    connections: integer(query, 'connections', 5, 100),
    messages: integer(query, 'messages', 100, 100_000),
    name,
    connectTimeoutMs: integer(query, 'connectTimeout', 10_000, 600_000),
    answerTimeoutMs: integer(query, 'answerTimeout', 120_000, 600_000),
  };
}

function parse(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new SmtpUrlInvalid('is no URL.');
  }
  if (url.protocol !== 'smtp:' && url.protocol !== 'smtps:') throw new SmtpUrlInvalid('begins with smtp: or smtps:.');
  if (url.hostname === '') throw new SmtpUrlInvalid('names no host.');
  if (!['', '/'].includes(url.pathname) || url.hash !== '') throw new SmtpUrlInvalid('has no path.');
  return url;
}

function loginOf(url: URL): SmtpOptions['login'] {
  if (url.username === '' && url.password === '') return undefined;
  if (url.username === '' || url.password === '') throw new SmtpUrlInvalid('has user and password, or neither.');
  try {
    return { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  } catch {
    throw new SmtpUrlInvalid('has a user or password that is not percent-encoded.');
  }
}

function oneOf<Value extends string>(
  query: URLSearchParams,
  name: string,
  values: readonly Value[],
  otherwise: Value,
): Value {
  const given = query.get(name);
  if (given === null) return otherwise;
  const value = values.find((one) => one === given);
  if (value === undefined) throw new SmtpUrlInvalid(`has as \`${name}\` one of ${values.join(', ')}.`);
  return value;
}

function integer(query: URLSearchParams, name: string, otherwise: number, most: number): number {
  const given = query.get(name);
  if (given === null) return otherwise;
  const value = /^\d{1,9}$/.test(given) ? Number(given) : 0;
  if (value < 1 || value > most) throw new SmtpUrlInvalid(`has as \`${name}\` 1 to ${most}.`);
  return value;
}
