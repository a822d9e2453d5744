import { createHash } from 'node:crypto';
import { CodedError } from '../../schema/errors.ts';
import type { OperationRequest } from '../operation.ts';

/** How documents are kept that clients name instead of sending them. */
export interface PersistedOperationsOptions {
  /** Registered operations: document by id. */
  readonly registered?: ReadonlyMap<string, string>;
  /** True: nothing else runs. */
  readonly onlyRegistered?: boolean;
  /** Documents kept that clients registered by a request. */
  readonly capacity?: number;
  /** Characters of all of them together. */
  readonly capacityCharacters?: number;
}

/** The document that a request asks for, and what to do once it has been found good. */
export interface Asked {
  readonly query: string;
  /** Remembers the document for the next request that only names it. */
  readonly remember: (() => void) | undefined;
}

const CAPACITY = 5000;
const CAPACITY_CHARACTERS = 16 * 1024 * 1024;

/**
 * Documents that clients name: registered ones, from a manifest, and those that clients bring along once with their hash
 * (automatic persisted queries). The latter are kept only after the guard let them through, the ones used last and
 * within a bound, so that nobody fills the memory with them.
 */
export class PersistedOperations {
  readonly #registered: ReadonlyMap<string, string>;
  readonly #registeredDocuments: ReadonlySet<string>;
  readonly #onlyRegistered: boolean;
  readonly #capacity: number;
  readonly #capacityCharacters: number;
  readonly #remembered = new Map<string, string>();
  #characters = 0;

  constructor(options: PersistedOperationsOptions = {}) {
    this.#registered = options.registered ?? new Map();
    this.#registeredDocuments = new Set(this.#registered.values());
    this.#onlyRegistered = options.onlyRegistered ?? false;
    this.#capacity = options.capacity ?? CAPACITY;
    this.#capacityCharacters = options.capacityCharacters ?? CAPACITY_CHARACTERS;
  }

  /** Documents kept that clients registered. */
  get size(): number {
    return this.#remembered.size;
  }

  /**
   * Finds the document of a request. Throws CodedError PERSISTED_QUERY_NOT_FOUND, PERSISTED_QUERY_NOT_SUPPORTED,
   * PERSISTED_QUERY_MISMATCH or OPERATION_NOT_REGISTERED; BAD_REQUEST when it names and brings none.
   */
  find({ query, documentId: id }: OperationRequest): Asked {
    const registered = id === undefined ? undefined : this.#registered.get(id);
    if (registered !== undefined && (query === '' || query === registered)) {
      return { query: registered, remember: undefined };
    }
    if (this.#onlyRegistered) return this.#findRegistered(query);
    if (id === undefined) {
      if (query === '') throw new CodedError('BAD_REQUEST', '`query` is missing or no string.');
      return { query, remember: undefined };
    }
    return query === '' ? { query: this.#recall(id), remember: undefined } : this.#bring(id, query);
  }

  #findRegistered(query: string): Asked {
    if (query === '') throw new CodedError('PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported');
    if (this.#registeredDocuments.has(query)) return { query, remember: undefined };
    throw new CodedError('OPERATION_NOT_REGISTERED', 'Only registered operations run here.');
  }

  /** The message is the one that clients of automatic persisted queries look for. */
  #recall(id: string): string {
    const query = this.#remembered.get(id);
    if (query === undefined) throw new CodedError('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound');
    this.#remembered.delete(id);
    this.#remembered.set(id, query);
    return query;
  }

  #bring(id: string, query: string): Asked {
    if (this.#remembered.get(id) === query) return { query, remember: undefined };
    if (createHash('sha256').update(query).digest('hex') !== id.toLowerCase()) {
      throw new CodedError('PERSISTED_QUERY_MISMATCH', 'The hash is not the SHA-256 of the document.');
    }
    return { query, remember: () => this.#keep(id, query) };
  }

  #keep(id: string, query: string): void {
    if (this.#remembered.has(id)) return;
    this.#remembered.set(id, query);
    this.#characters += query.length;
    for (const [oldest, document] of this.#remembered) {
      if (this.#remembered.size <= this.#capacity && this.#characters <= this.#capacityCharacters) break;
      this.#remembered.delete(oldest);
      this.#characters -= document.length;
    }
  }
}
