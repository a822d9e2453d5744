import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../schema/clock.ts';
import { CodedError } from '../../schema/errors.ts';
import { type JsonSource, jsonSource } from './json-source.ts';

/** Where keys come from and how often they are read. */
export interface KeySetOptions {
  /** Path or URL of a JSON Web Key Set. */
  readonly place: string;
  /** Milliseconds. */
  readonly clock: Clock;
  /** Between two readings because of a key nobody knows: 2 s when not given. */
  readonly cooldownMs?: number;
  /** After this time the keys are read again behind the requests: 5 min when not given. */
  readonly refreshMs?: number;
  /** Told when the keys can't be read; those known stay. */
  readonly onFailure: (error: unknown) => void;
  /** Told when other keys took their place: what was verified by the former may not be valid any more. */
  readonly onChange: () => void;
}

const COOLDOWN_MS = 2000;
const REFRESH_MS = 300_000;

/**
 * The public keys of whoever issues tokens. A token of a key that is not known makes them be read again, so that a rotation costs
 * no request; after each such reading there is a pause, so that nobody makes us ask for ever. When they can't be read, those
 * read last stay.
 */
export class KeySet {
  readonly #options: KeySetOptions;
  readonly #source: JsonSource;
  #keyFor: JWTVerifyGetKey | undefined;
  #content = '';
  #readAt = Number.NEGATIVE_INFINITY;
  /** When they were last read because of a key nobody knew. */
  #searchedAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(options: KeySetOptions) {
    this.#options = options;
    this.#source = jsonSource(options.place);
  }

  /** Gives the key of a token. Rejects with an error of jose, or with CodedError AUTHENTICATION_UNAVAILABLE. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    if (!this.#keyFor) await this.#read();
    else this.refreshWhenOld();
    try {
      return await this.#known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const now = this.#options.clock();
      if (!this.#reading && now - this.#searchedAt < (this.#options.cooldownMs ?? COOLDOWN_MS)) throw error;
      this.#searchedAt = now;
      await this.#read();
      return this.#known(header, token);
    }
  };

  /** Reads the keys again, behind whoever asks, when it is long ago: also one that was withdrawn has to be noticed. */
  refreshWhenOld(): void {
    if (this.#options.clock() - this.#readAt > (this.#options.refreshMs ?? REFRESH_MS)) void this.#read();
  }

  #known: JWTVerifyGetKey = (header, token) => {
    if (this.#keyFor) return this.#keyFor(header, token);
    throw new CodedError('AUTHENTICATION_UNAVAILABLE', 'Tokens can not be checked for now.');
  };

  /** Those who need the keys at once share one reading. */
  #read(): Promise<void> {
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readOnce(): Promise<void> {
    this.#readAt = this.#options.clock();
    try {
      const document = await this.#source.read();
      if (document === undefined) return;
      const keyFor = createLocalJWKSet(document as JSONWebKeySet);
      const content = JSON.stringify(document);
      const isOther = this.#keyFor !== undefined && content !== this.#content;
      this.#keyFor = keyFor;
      this.#content = content;
      if (isOther) this.#options.onChange();
    } catch (error) {
      this.#options.onFailure(error);
    }
  }
}
