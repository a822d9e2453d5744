import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';

/** The page on which people try queries. Everything it needs comes from this server. */
export interface Playground {
  /** Writes the page. */
  servePage(response: ServerResponse): void;
  /** Writes a file of the page; false when the path is not one of them. */
  serveAsset(path: string, request: IncomingMessage, response: ServerResponse): boolean;
}

const FOLDER = join(PACKAGE_ROOT, 'gateway', 'playground');
const PREFIX = '/playground/';

/** Nothing from elsewhere, nothing inline but styles, which the editor sets as it goes. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const SCRIPT = 'text/javascript; charset=utf-8';

/** The only files that are served: name in the URL → where it is and what it is. */
const ASSETS: Readonly<Record<string, { readonly type: string; readonly read: () => Buffer }>> = {
  'react.js': { type: SCRIPT, read: () => readPackageFile('react', 'umd/react.production.min.js') },
  'react-dom.js': { type: SCRIPT, read: () => readPackageFile('react-dom', 'umd/react-dom.production.min.js') },
  'graphiql.js': { type: SCRIPT, read: () => readPackageFile('graphiql', 'graphiql.min.js') },
  'graphiql.css': { type: 'text/css; charset=utf-8', read: () => readPackageFile('graphiql', 'graphiql.min.css') },
  'plan.js': { type: SCRIPT, read: () => readFileSync(join(FOLDER, 'plan.js')) },
  'start.js': { type: SCRIPT, read: () => readFileSync(join(FOLDER, 'start.js')) },
  'page.css': { type: 'text/css; charset=utf-8', read: () => readFileSync(join(FOLDER, 'page.css')) },
  'stories.json': {
    type: 'application/json; charset=utf-8',
    read: () => Buffer.from(JSON.stringify(readStories())),
  },
};

/** A query to begin with. */
export interface Story {
  /** Name of the file, which says what it is about. */
  readonly name: string;
  readonly query: string;
}

/** Makes the page. With `stories`, it opens with the queries of this package's own graph, else with an empty tab. */
export function createPlayground(options: { readonly stories: boolean }): Playground {
  const loaded = new Map<string, { readonly body: Buffer; readonly tag: string }>();
  const page = readFileSync(join(FOLDER, 'index.html'));
  return {
    servePage(response) {
      response.writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': CONTENT_SECURITY_POLICY,
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      });
      response.end(page);
    },
    serveAsset(path, request, response) {
      const name = path.startsWith(PREFIX) ? path.slice(PREFIX.length) : '';
      const asset = Object.hasOwn(ASSETS, name) ? ASSETS[name] : undefined;
      if (!asset) return false;
      const isEmpty = name === 'stories.json' && !options.stories;
      const file = loaded.get(name) ?? tagged(isEmpty ? Buffer.from('[]') : asset.read());
      loaded.set(name, file);
      const headers = { etag: file.tag, 'cache-control': 'no-cache', 'content-type': asset.type };
      if (request.headers['if-none-match'] === file.tag) {
        response.writeHead(304, headers).end();
      } else {
        response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : file.body);
      }
      return true;
    },
  };
}

/** The queries to begin with, in the order of their file names. */
export function readStories(): Story[] {
  const folder = join(FOLDER, 'stories');
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.graphql'))
    .sort();
  return files.map((file) => ({
    name: file.replace(/^\d+-|\.graphql$/g, ''),
    query: readFileSync(join(folder, file), 'utf8'),
  }));
}

function readPackageFile(name: string, file: string): Buffer {
  return readFileSync(join(dirname(require.resolve(`${name}/package.json`)), file));
}

function tagged(body: Buffer): { body: Buffer; tag: string } {
  return { body, tag: `"${createHash('sha256').update(body).digest('base64url')}"` };
}
