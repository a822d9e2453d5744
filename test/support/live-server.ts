import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type DocumentNode, type GraphQLFormattedError, getOperationAST, graphql, parse, validate } from 'graphql';
import type { Authenticated, Authenticator, Credentials } from '../../gateway/auth/authenticator.ts';
import { Metrics } from '../../gateway/metrics.ts';
import { Refused } from '../../gateway/operation.ts';
import { receive } from '../../gateway/stages/receive.ts';
import { acceptsEventStream } from '../../gateway/subscribe/event-streams.ts';
import { createLive, type Live, type LiveParts } from '../../gateway/subscribe/live.ts';
import type { LiveStages, PreparedOperation, PreparedSubscription } from '../../gateway/subscribe/live-operation.ts';
import { CodedError } from '../../schema/errors.ts';
import type { Principal } from '../../schema/principal.ts';
import type { EventLog } from './event-log.ts';

/** A principal for tests, by name. */
export function principalNamed(subject: string): Principal {
  return { subject, roles: ['agent'], scopes: [] };
}

/** Takes `connection_init`'s `token` or the header `authorization` for the name of who asks; `wrong` is refused. Can end tokens. */
export class TokenDesk implements Authenticator {
  readonly #endings = new Map<string, Set<AbortController>>();
  /** Holders of tokens that have not been released. */
  held = 0;
  /** Resolved before anybody is authenticated. */
  gate: Promise<void> = Promise.resolve();

  async authenticate({ headers, connectionParams }: Credentials): Promise<Authenticated> {
    await this.gate;
    const token = String(connectionParams?.['token'] ?? headers.authorization ?? 'somebody');
    if (token === 'wrong') throw new CodedError('UNAUTHENTICATED', 'The token is not valid.');
    if (token === 'unknowable')
      throw new CodedError('AUTHENTICATION_UNAVAILABLE', 'Tokens can not be checked for now.');
    const ending = new AbortController();
    const set = this.#endings.get(token) ?? new Set();
    this.#endings.set(token, set.add(ending));
    this.held += 1;
    let isReleased = false;
    return {
      principal: principalNamed(token.split('/')[0] ?? token),
      ended: ending.signal,
      release: () => {
        if (isReleased) throw new Error('Released twice.');
        isReleased = true;
        this.held -= 1;
        set.delete(ending);
      },
    };
  }

  /** Revokes a token. */
  end(token: string): void {
    for (const ending of [...(this.#endings.get(token) ?? [])]) ending.abort();
  }
}

/** Stages that take operations for what they are: all of the log's own, and nothing behind its events. */
export class DirectStages implements LiveStages {
  readonly #log: EventLog;
  /** The generation of today; another object is another generation. */
  today: { readonly refuses?: string } = {};
  /** Generations held by subscriptions. */
  held = 0;
  /** Events worked on so far. */
  answered = 0;
  /** Waited for before an event is answered. */
  beforeEvent: (event: unknown) => Promise<void> = async () => {};
  /** Changes what the subgraph is subscribed with. */
  rewrite: (query: string) => string = (query) => query;

  constructor(log: EventLog) {
    this.#log = log;
  }

  generation(): object {
    return this.today;
  }

  async prepare(...given: Parameters<DirectStages['attempt']>): Promise<PreparedOperation> {
    try {
      return await this.attempt(...given);
    } catch (error) {
      return { kind: 'refused', errors: this.refuse(error) };
    }
  }

  async attempt(
    request: { query: string; operationName?: string; variables?: Readonly<Record<string, unknown>> },
    { principal }: { principal: Principal },
  ): Promise<PreparedOperation> {
    const document = this.#check(request.query);
    const operation = getOperationAST(document, request.operationName);
    if (!operation) throw new Refused([new CodedError('OPERATION_RESOLUTION_FAILURE', 'Which operation?')]);
    const { query } = request;
    const variables = request.variables ?? {};
    if (operation.operation !== 'subscription') {
      const rootValue = {
        size: () => this.#log.events.length,
        append: ({ value }: { value: string }) => this.#append(value),
      };
      return {
        kind: 'request',
        run: async () =>
          JSON.stringify(
            await graphql({ schema: this.#log.schema, source: query, rootValue, variableValues: variables }),
          ),
      };
    }
    if (this.today.refuses && query.includes(this.today.refuses)) {
      throw new Refused([new CodedError('GRAPHQL_VALIDATION_FAILED', 'The field is gone.')]);
    }
    this.held += 1;
    let isReleased = false;
    const prepared: PreparedSubscription = {
      kind: 'subscription',
      guarded: { planKey: query, document, operation, variables },
      principal,
      upstream: { subgraph: 'log', query: this.rewrite(query), variables },
      transport: this.transport,
      fullSchema: this.#log.schema,
      generation: this.today,
      answerEvent: async (event) => {
        this.answered += 1;
        await this.beforeEvent(event);
        return JSON.stringify(event);
      },
      release: () => {
        if (isReleased) throw new Error('Released twice.');
        isReleased = true;
        this.held -= 1;
      },
    };
    return prepared;
  }

  refuse(error: unknown): readonly GraphQLFormattedError[] {
    if (error instanceof Refused) return error.errors.map((each) => each.toJSON());
    if (error instanceof CodedError) return [error.toJSON()];
    return [{ message: String(error), extensions: { code: 'INTERNAL_SERVER_ERROR' } }];
  }

  get transport() {
    this.#transport ??= this.#log.transport();
    return this.#transport;
  }

  #transport: ReturnType<EventLog['transport']> | undefined;

  #append(value: string): number {
    this.#log.append(value);
    return this.#log.events.length;
  }

  #check(query: string): DocumentNode {
    let document: DocumentNode;
    try {
      document = parse(query);
    } catch {
      throw new Refused([new CodedError('GRAPHQL_PARSE_FAILED', 'This is no GraphQL.')]);
    }
    if (validate(this.#log.schema, document).length === 0) return document;
    throw new Refused([new CodedError('GRAPHQL_VALIDATION_FAILED', 'There is no such field.')]);
  }
}

/** Live operations over the log on a real port. */
export interface LiveServer {
  readonly live: Live;
  readonly desk: TokenDesk;
  readonly stages: DirectStages;
  readonly metrics: Metrics;
  readonly socketUrl: string;
  readonly url: string;
  /** Losses of the subgraph that were told. */
  readonly losses: unknown[];
  close(): Promise<void>;
}

/** Starts one on a free port. */
export async function startLiveServer(
  log: EventLog,
  options: Partial<Pick<LiveParts, 'limits' | 'after' | 'random' | 'clock' | 'isOriginAllowed'>> = {},
): Promise<LiveServer> {
  const stages = new DirectStages(log);
  const desk = new TokenDesk();
  const metrics = new Metrics();
  const losses: unknown[] = [];
  let id = 0;
  const newId = () => `request-${++id}`;
  const live = createLive({
    stages: {
      prepare: (request, caller) => stages.prepare(request, caller),
      generation: () => stages.generation(),
      refuse: (error) => stages.refuse(error),
    },
    receive: (message) =>
      receive(message, { authenticator: desk, allowedOrigins: new Set(), limits: { bodyBytes: 256 * 1024 } }),
    authenticator: desk,
    isOriginAllowed: () => true,
    newId,
    metrics,
    clock: () => performance.now(),
    onLoss: (_subgraph, reason) => losses.push(reason),
    ...options,
  });
  const server = createServer((request, response) => {
    if (acceptsEventStream(request.headers.accept)) void live.serveEventStream(request, response, newId());
    else response.writeHead(404).end();
  });
  server.on('upgrade', live.upgrade);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    live,
    desk,
    stages,
    metrics,
    losses,
    socketUrl: `ws://127.0.0.1:${port}/graphql`,
    url: `http://127.0.0.1:${port}/graphql`,
    async close() {
      live.close();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await live.drain(0);
      await closed;
    },
  };
}
