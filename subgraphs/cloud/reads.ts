import DataLoader from 'dataloader';
import type { CanonicalRow, HopReader, Page, PageOptions, ReadOptions } from '../../mapping/reader.ts';
import { CodedError } from '../../schema/errors.ts';
import { guardStore, type OnWarning } from './store-failure.ts';

/** What the reads of one operation are made from. */
export interface CloudReadsOptions {
  readonly cloud: string;
  /** Makes the reader that collects the reads of a tick into one statement. */
  readonly openReader: () => HopReader;
  readonly onWarning: OnWarning;
  readonly signal: AbortSignal | undefined;
}

/** Rows of an object by the values of one of its fields. */
export type RowsOptions = ReadOptions & { readonly by: string };

/** One page an owner over the rows whose field has one of the owner's record ids. */
export type OwnedPageOptions = PageOptions & { readonly by: string };

/**
 * The reads of one operation. Loaders are made as they are needed, one for each combination of object, arguments and
 * children, and all of them ask in the same tick, so that the whole hop is one statement. They remember their answers
 * until the operation ends or writes.
 */
export class CloudReads {
  readonly #options: CloudReadsOptions;
  readonly #loaders = new Map<string, DataLoader<never, unknown, string>>();
  #reader: HopReader;

  constructor(options: CloudReadsOptions) {
    this.#options = options;
    this.#reader = options.openReader();
  }

  /** The row with this key, or null. `keyField` is the object's key. */
  async one(options: ReadOptions & { readonly keyField: string }, key: string): Promise<CanonicalRow | null> {
    const { keyField, ...rest } = options;
    const [row] = await this.rows({ ...rest, by: keyField }, [key]);
    return row ?? null;
  }

  /** The rows whose field has one of the values, in the order of the values. */
  async rows(options: RowsOptions, values: readonly string[]): Promise<CanonicalRow[]> {
    const loader = this.#loader<string, CanonicalRow[]>(
      `rows ${JSON.stringify(options)}`,
      (value) => value,
      (asked) => this.#reader.rows({ ...options, values: asked }),
    );
    const groups = await Promise.all(values.map((value) => loader.load(value)));
    return groups.flat();
  }

  /** One page over the rows of all the record ids of one customer. */
  ownedPage(options: OwnedPageOptions, recordIds: readonly string[]): Promise<Page> {
    const loader = this.#loader<readonly string[], Page>(
      `pages ${JSON.stringify(options)}`,
      (ids) => JSON.stringify(ids),
      (groups) => this.#reader.pages({ ...options, groups }),
    );
    return loader.load(recordIds);
  }

  /** One page over the whole object. */
  page(options: PageOptions & { readonly nameSearch?: string }): Promise<Page> {
    const loader = this.#loader<string, Page>(
      `page ${JSON.stringify(options)}`,
      (key) => key,
      async (keys) => {
        const page = await this.#reader.page(options);
        return keys.map(() => page);
      },
    );
    return loader.load('');
  }

  /** Forgets what was read, because a mutation has changed it. */
  forget(): void {
    this.#loaders.clear();
    this.#reader = this.#options.openReader();
  }

  #loader<Key, Value>(
    name: string,
    cacheKeyFn: (key: Key) => string,
    read: (keys: readonly Key[]) => Promise<Value[]>,
  ): DataLoader<Key, Value, string> {
    const known = this.#loaders.get(name);
    // The name says object, arguments and children, so a loader found by it has these very types.
    if (known) return known as unknown as DataLoader<Key, Value, string>;
    const loader = new DataLoader<Key, Value, string>((keys) => this.#guarded(() => read(keys)), { cacheKeyFn });
    this.#loaders.set(name, loader as unknown as DataLoader<never, unknown, string>);
    return loader;
  }

  #guarded<Value>(read: () => Promise<Value[]>): Promise<Value[]> {
    const { cloud, onWarning, signal } = this.#options;
    if (signal?.aborted) return Promise.reject(cancelled());
    return guardStore(cloud, onWarning, () =>
      read().catch((error) => {
        throw signal?.aborted ? cancelled() : error;
      }),
    );
  }
}

function cancelled(): CodedError {
  return new CodedError('SUBGRAPH_TIMEOUT', 'The operation was cancelled.');
}
