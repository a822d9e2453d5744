import { type JsonSource, jsonSource } from './json-source.ts';

/** What of a token tells whether it was revoked. */
export interface RevocableToken {
  readonly subject: string;
  /** The claim `jti`. */
  readonly tokenId: string | undefined;
}

/** What is revoked at the moment. */
export interface Revocations {
  isRevoked(token: RevocableToken): boolean;
  close(): void;
}

/** How a list of revocations is followed. */
export interface RevocationListOptions {
  /** Path or URL of `{"tokenIds": ["…"], "subjects": ["…"]}`. */
  readonly place: string;
  /** Between two readings: 500 ms when not given. */
  readonly pollMs?: number;
  /** Told once when the list can't be read any more, or is none; the one read last holds on. */
  readonly onFailure: (error: unknown) => void;
}

const POLL_MS = 500;

interface RevocationList {
  readonly tokenIds: ReadonlySet<string>;
  readonly subjects: ReadonlySet<string>;
}

/** Follows a list of revocations. Rejects when it can't be read at first: without it nobody knows who is still welcome. */
export async function followRevocations(options: RevocationListOptions): Promise<Revocations> {
  const source = jsonSource(options.place);
  let list = await readList(source);
  let isReading = false;
  let isFailing = false;
  const timer = setInterval(() => {
    if (isReading) return;
    isReading = true;
    readList(source)
      .then(
        (next) => {
          list = next ?? list;
          isFailing = false;
        },
        (error: unknown) => {
          if (!isFailing) options.onFailure(error);
          isFailing = true;
        },
      )
      .finally(() => {
        isReading = false;
      });
  }, options.pollMs ?? POLL_MS).unref();
  return {
    isRevoked: ({ subject, tokenId }) =>
      list !== undefined && (list.subjects.has(subject) || (tokenId !== undefined && list.tokenIds.has(tokenId))),
    close: () => clearInterval(timer),
  };
}

async function readList(source: JsonSource): Promise<RevocationList | undefined> {
  const document = await source.read();
  if (document === undefined) return undefined;
  const { tokenIds = [], subjects = [] } = Object(document) as Record<string, unknown>;
  if (!isTexts(tokenIds) || !isTexts(subjects)) {
    throw new Error('The list of revocations is not `{"tokenIds": ["…"], "subjects": ["…"]}`.');
  }
  return { tokenIds: new Set(tokenIds), subjects: new Set(subjects) };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}
