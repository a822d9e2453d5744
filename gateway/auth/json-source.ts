import { readFile, stat } from 'node:fs/promises';
import { splitCredentials } from '../credentials-in-url.ts';

/** Reads a JSON document again and again. */
export interface JsonSource {
  /** The document, or undefined when it is the one that was read last. Rejects when it can't be read or is no JSON. */
  read(): Promise<unknown>;
}

const TIMEOUT_MS = 5000;
const SIZE_LIMIT = 1024 * 1024;

/** Reads from a path, or from an http(s) URL with its ETag: at most 1 MiB, within 5 s, without following redirects. */
export function jsonSource(place: string): JsonSource {
  return /^https?:\/\//.test(place) ? urlSource(place) : fileSource(place);
}

function fileSource(path: string): JsonSource {
  let version: string | undefined;
  return {
    async read() {
      const { mtimeMs, size, ino } = await stat(path);
      const found = `${ino}:${size}:${mtimeMs}`;
      if (found === version) return undefined;
      if (size > SIZE_LIMIT) throw new Error('The document is too large.');
      const document: unknown = JSON.parse(await readFile(path, 'utf8'));
      version = found;
      return document;
    },
  };
}

function urlSource(url: string): JsonSource {
  const { address, authorization } = splitCredentials(url);
  let etag: string | null = null;
  return {
    async read() {
      const response = await fetch(address, {
        headers: {
          accept: 'application/json',
          ...(authorization !== undefined && { authorization }),
          ...(etag !== null && { 'if-none-match': etag }),
        },
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (response.status === 304) {
        await response.body?.cancel();
        return undefined;
      }
      if (response.status !== 200) {
        await response.body?.cancel();
        throw new Error(`The document was answered with status ${response.status}.`);
      }
      const document: unknown = JSON.parse(await readText(response));
      etag = response.headers.get('etag');
      return document;
    },
  };
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > SIZE_LIMIT) throw new Error('The document is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
