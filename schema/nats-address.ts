/** Where a NATS server or cluster is, and with what to log in. */
export interface NatsAddress {
  /** Host and port of each server, without credentials: these may be logged. */
  readonly servers: readonly string[];
  readonly isEncrypted: boolean;
  readonly login: { readonly user: string; readonly pass: string } | { readonly token: string } | null;
}

const DEFAULT_PORT = '4222';

/**
 * Reads `nats://user:password@host:4222`, `nats://token@host`, `tls://…`, several with commas between them; the login of the first
 * that has one serves all. Null when it is none of these: the text is never repeated, since it may be secret.
 */
export function parseNatsUrl(text: string): NatsAddress | null {
  const parts = text.split(',').map((part) => part.trim());
  if (!parts.every((part) => URL.canParse(part))) return null;
  const urls = parts.map((part) => new URL(part));
  const protocols = new Set(urls.map(({ protocol }) => protocol));
  const isEncrypted = protocols.has('tls:');
  const isForm = [...protocols].every((protocol) => protocol === 'nats:' || protocol === 'tls:');
  if (!isForm || protocols.size !== 1 || urls.some((url) => url.hostname === '' || !/^\/?$/.test(url.pathname)))
    return null;
  const withLogin = urls.find(({ username }) => username !== '');
  try {
    return {
      servers: urls.map((url) => `${url.hostname}:${url.port || DEFAULT_PORT}`),
      isEncrypted,
      login: withLogin ? loginOf(withLogin) : null,
    };
  } catch {
    return null;
  }
}

/** Throws URIError when it is badly encoded. */
function loginOf({ username, password }: URL): NatsAddress['login'] {
  const user = decodeURIComponent(username);
  return password === '' ? { token: user } : { user, pass: decodeURIComponent(password) };
}
