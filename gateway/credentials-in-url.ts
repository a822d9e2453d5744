/** An address that may be logged and asked, and the header for the credentials that stood in it. */
export interface AddressWithCredentials {
  readonly address: string;
  /** Value of `authorization`; undefined when there were none. */
  readonly authorization: string | undefined;
}

/** `fetch` takes no credentials in a URL, and repeats them when it says so: they go into the header that they stand for. Throws URIError. */
export function splitCredentials(given: string): AddressWithCredentials {
  const url = new URL(given);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = username === '' ? undefined : `Basic ${Buffer.from(pair).toString('base64')}`;
  return { address: url.href, authorization };
}
