import { splitCredentials } from '../credentials-in-url.ts';
import { reasonOf } from './file.ts';
import { type Every, everyByTimer, SupergraphInvalid, type SupergraphSource } from './source.ts';

const TIMEOUT_MS = 10_000;

/** A supergraph at an http(s) URL, asked every `pollMs` whether it is still the one that it was (ETag). */
export function urlSource(url: string, options: { readonly pollMs: number; readonly every?: Every }): SupergraphSource {
  const { address, authorization } = splitCredentials(url);
  let last: { readonly sdl: string; readonly tag: string | null } | undefined;
  return {
    async read() {
      try {
        const response = await fetch(address, {
          signal: AbortSignal.timeout(TIMEOUT_MS),
          headers: {
            accept: 'application/graphql, text/plain;q=0.9, */*;q=0.8',
            ...(authorization !== undefined && { authorization }),
            ...(last?.tag && { 'if-none-match': last.tag }),
          },
        });
        if (response.status === 304 && last) return last.sdl;
        if (!response.ok) throw new Error(`the server answered ${response.status}.`);
        const sdl = await response.text();
        last = { sdl, tag: response.headers.get('etag') };
        return sdl;
      } catch (error) {
        throw new SupergraphInvalid(`The supergraph cannot be read from ${withoutQuery(address)}: ${reasonOf(error)}`);
      }
    },
    watch: (onChange) => (options.every ?? everyByTimer)(options.pollMs, onChange),
  };
}

/** A query may carry a token. */
function withoutQuery(address: string): string {
  const url = new URL(address);
  return `${url.origin}${url.pathname}`;
}
