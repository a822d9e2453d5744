import { buildSubgraphSchema } from '@apollo/subgraph';
import { type ExecutionResult, execute, type GraphQLSchema, parse, subscribe } from 'graphql';
import { CodedError } from '../../schema/errors.ts';
import { buildSubgraphSdl } from '../../schema/sdl.ts';
import type { SubgraphRequest, SubgraphTransport } from '../../schema/subgraph-transport.ts';
import type { CanonicalProfile } from '../../subgraphs/identity/resolution/canonical-profile.ts';

/**
 * A cloud that keeps the contract of `schema/cloud.graphql.template` and nothing else, with what a real one does only now
 * and then: it goes down, it loses its log.
 */
export class MemoryCloud implements SubgraphTransport {
  readonly name: string;
  /** Reads that were answered, in order: `page`, `ids` with how many, `changes`. */
  readonly reads: string[] = [];
  readonly #schema: GraphQLSchema;
  readonly #records = new Map<string, CanonicalProfile>();
  readonly #listeners = new Set<() => void>();
  #log: string[] = [];
  #logName = 1;
  #isDown = false;

  constructor(name: string) {
    this.name = name;
    this.#schema = buildSubgraphSchema([
      {
        typeDefs: parse(buildSubgraphSdl(name)),
        resolvers: {
          Query: { [`${name}SourceRecords`]: (_source: unknown, args: ReadArguments) => this.#read(args) },
          Subscription: {
            [`${name}SourceRecordChanged`]: {
              subscribe: (_source: unknown, args: { since: string }, context: { signal?: AbortSignal }) =>
                this.#changes(args.since, context.signal),
            },
          },
        },
      },
    ]);
  }

  /** Creates or changes records. */
  put(...profiles: CanonicalProfile[]): void {
    for (const profile of profiles) this.#records.set(profile.sourceRecordId, profile);
    this.#ring(profiles.map((profile) => profile.sourceRecordId));
  }

  /** Deletes records. */
  remove(...sourceRecordIds: string[]): void {
    for (const id of sourceRecordIds) this.#records.delete(id);
    this.#ring(sourceRecordIds);
  }

  /** Refuses everything and breaks off what is open, or answers again. */
  setDown(isDown: boolean): void {
    this.#isDown = isDown;
    this.#wake();
  }

  /** Forgets what has changed, as after a restore: cursors from before are no longer known. */
  loseLog(): void {
    this.#log = [];
    this.#logName += 1;
    this.#wake();
  }

  /** Records as they are now. */
  profiles(): CanonicalProfile[] {
    return [...this.#records.values()];
  }

  async execute(request: SubgraphRequest): Promise<ExecutionResult> {
    this.#expectUp();
    return execute({ schema: this.#schema, document: parse(request.query), variableValues: request.variables });
  }

  async *subscribe(request: SubgraphRequest): AsyncGenerator<ExecutionResult> {
    this.#expectUp();
    const results = await subscribe({
      schema: this.#schema,
      document: parse(request.query),
      variableValues: request.variables,
      contextValue: { signal: request.signal },
    });
    if (Symbol.asyncIterator in results) yield* results;
    else yield results;
  }

  async close(): Promise<void> {}

  #read({ after, first, ids }: ReadArguments): object {
    const changesSince = this.#cursor();
    const keys = [...this.#records.keys()].sort();
    const asked = ids ?? keys.filter((key) => key > (after ?? '')).slice(0, first);
    this.reads.push(ids ? `ids ${ids.length}` : 'page');
    const records = asked.flatMap((id) => {
      const record = this.#records.get(id);
      return record ? [{ contactPointAddresses: [], ...record }] : [];
    });
    const endCursor = asked.at(-1) ?? null;
    return {
      records,
      endCursor,
      hasNextPage: !ids && endCursor !== null && endCursor < (keys.at(-1) ?? ''),
      changesSince,
    };
  }

  async *#changes(since: string, signal: AbortSignal | undefined): AsyncGenerator<object> {
    const field = `${this.name}SourceRecordChanged`;
    const [logName, at] = since.split(':');
    if (logName !== String(this.#logName)) throw new CodedError('MALFORMED_ID', 'The cursor is of another log.');
    this.reads.push('changes');
    let position = Number(at);
    let isHead = false;
    while (!signal?.aborted) {
      this.#expectUp();
      if (logName !== String(this.#logName)) throw new CodedError('MALFORMED_ID', 'The cursor is of another log.');
      const ids = [...new Set(this.#log.slice(position))];
      if (ids.length > 0 || !isHead) {
        isHead = ids.length === 0;
        position = this.#log.length;
        yield { [field]: { cursor: this.#cursor(), sourceRecordIds: ids } };
      } else await this.#nextRing(signal);
    }
  }

  #cursor(): string {
    return `${this.#logName}:${this.#log.length}`;
  }

  #ring(ids: string[]): void {
    this.#log.push(...ids);
    this.#wake();
  }

  #wake(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #nextRing(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#listeners.delete(done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      this.#listeners.add(done);
      signal?.addEventListener('abort', done);
    });
  }

  #expectUp(): void {
    if (this.#isDown) throw new CodedError('SUBGRAPH_DOWN', 'The cloud is down.');
  }
}

interface ReadArguments {
  readonly after?: string | null;
  readonly first: number;
  readonly ids?: readonly string[] | null;
}
