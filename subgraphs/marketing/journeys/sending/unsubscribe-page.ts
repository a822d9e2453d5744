import type { IncomingMessage, ServerResponse } from 'node:http';
import { UNSUBSCRIBE_PATH, type UnsubscribeLinks } from './unsubscribe-links.ts';

/** What a page of the gateway is made of: where its paths begin, and who answers them. */
export interface UnsubscribePage {
  readonly prefix: string;
  /** Answers any request below the prefix. Never rejects. */
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/** Withdraws the consent that a message rested on. Rejects when that can't be done now. */
export type Unsubscribe = (messageId: string) => Promise<'DONE' | 'UNKNOWN'>;

/** Mail providers send a line of 26 bytes; what is longer is none of theirs. */
const LONGEST_BODY = 16_384;
const ANSWERED = { 'cache-control': 'no-store', 'x-robots-tag': 'noindex' } as const;
const POLICY = "default-src 'none'; form-action 'self'; frame-ancestors 'none'";

/**
 * Makes the page where people unsubscribe. A POST does it, as mail programs send it after one click (RFC 8058), whatever is in its
 * body; a GET, which link scanners make by themselves, shows a button and changes nothing. Nobody has to sign in: who has the link
 * has the mail, and all that the link can do is to end what it came with.
 */
export function createUnsubscribePage({
  links,
  unsubscribe,
  onFailure,
}: {
  readonly links: UnsubscribeLinks;
  readonly unsubscribe: Unsubscribe;
  readonly onFailure: (error: unknown) => void;
}): UnsubscribePage {
  return {
    prefix: UNSUBSCRIBE_PATH,
    async serve(request, response) {
      const token = (request.url ?? '').split('?')[0]?.slice(UNSUBSCRIBE_PATH.length) ?? '';
      const messageId = links.read(token);
      if (request.method === 'POST' && !(await isBodySmall(request))) {
        return answer(request, response, 413, 'That was too much', '<p>A request to unsubscribe is one line.</p>');
      }
      if (messageId === undefined) return unknown(request, response);
      if (request.method === 'GET' || request.method === 'HEAD') return ask(request, response);
      if (request.method !== 'POST') {
        response.setHeader('allow', 'GET, HEAD, POST');
        return answer(request, response, 405, 'Not this way', '<p>Open the link in your mail program or browser.</p>');
      }
      try {
        if ((await unsubscribe(messageId)) === 'UNKNOWN') return unknown(request, response);
        answer(request, response, 200, 'You are unsubscribed', '<p>You will get no more of these e-mails.</p>');
      } catch (error) {
        onFailure(error);
        response.setHeader('retry-after', '60');
        const text = '<p>It can’t be done at this moment. Please try again in a minute.</p>';
        answer(request, response, 503, 'Not yet unsubscribed', text);
      }
    },
  };
}

function ask(request: IncomingMessage, response: ServerResponse): void {
  const text = '<p>One click, and you get no more of these e-mails.</p>';
  // Without an action a form goes to the page's own address.
  const form = '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">';
  answer(request, response, 200, 'Unsubscribe', `${text}${form}<button>Unsubscribe</button></form>`);
}

function unknown(request: IncomingMessage, response: ServerResponse): void {
  answer(request, response, 404, 'Unknown link', '<p>Please take the link of the e-mail as it is.</p>');
}

function answer(request: IncomingMessage, response: ServerResponse, status: number, title: string, body: string): void {
  const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title></head>
<body><main><h1>${title}</h1>${body}</main></body></html>
`;
  response.writeHead(status, {
    ...ANSWERED,
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': POLICY,
    'content-length': Buffer.byteLength(page),
    // What was not read of a body would be taken for the next request.
    ...(status === 413 && { connection: 'close' }),
  });
  response.end(request.method === 'HEAD' ? undefined : page);
}

async function isBodySmall(request: IncomingMessage): Promise<boolean> {
  let length = 0;
  try {
    for await (const chunk of request) {
      length += (chunk as Buffer).length;
      if (length > LONGEST_BODY) return false;
    }
    return true;
  } catch {
    // Gone before the end: there is nobody to be answered.
    return false;
  }
}
