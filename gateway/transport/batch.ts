import { type ExecutionResult, GraphQLError } from 'graphql';
import type { Clock } from '../../schema/clock.ts';
import { CodedError } from '../../schema/errors.ts';
import type { EntitySlot, SubgraphRequest, SubgraphTransport } from '../../schema/subgraph-transport.ts';
import { CallWatch } from '../deadline.ts';
import { InvalidAnswer } from './answer.ts';
import { Member, Party } from './party.ts';
import { principalHeader } from './principal-header.ts';
import { WireFault } from './wire/head.ts';

/** How entity fetches of different client requests are joined. */
export interface BatchOptions {
  /** How long one request may take in all, as the transport below has it. */
  readonly timeoutMs: number;
  /** Representations of a joined fetch; 500 when not given. */
  readonly maximum?: number;
  readonly clock: Clock;
}

const MAXIMUM = 500;

/**
 * Joins entity fetches that come up in the same turn of the event loop, for the same document, principal and other variables, into
 * one request, and takes its answer apart again. Each caller's signal and deadline hold for it alone. When the joined answer
 * can't be taken apart without a doubt, each is asked for alone.
 */
export function batchEntities(transport: SubgraphTransport, options: BatchOptions): SubgraphTransport {
  const { timeoutMs, clock, maximum = MAXIMUM } = options;
  const watch = new CallWatch(clock);
  const open = new Map<string, Batch>();
  return {
    execute(request) {
      const representations = representationsOf(request);
      if (!request.entities || !representations || request.signal?.aborted) return transport.execute(request);
      const key = keyOf(request, request.entities);
      let batch = open.get(key);
      if (!batch || batch.size + representations.length > maximum) {
        const opened = new Batch(transport, request.entities, watch);
        batch = opened;
        open.set(key, opened);
        setImmediate(() => {
          if (open.get(key) === opened) open.delete(key);
          opened.send();
        });
      }
      return batch.join(request, representations, Math.min(request.deadline ?? Infinity, clock() + timeoutMs));
    },
    subscribe: (request) => transport.subscribe(request),
    close: () => transport.close(),
  };
}

/** Everything that is forwarded but the representations. */
function keyOf({ query, operationName, variables, fetches, principal }: SubgraphRequest, slot: EntitySlot): string {
  const others = { ...variables, [slot.variable]: null };
  return JSON.stringify([query, operationName ?? null, others, fetches ?? null, slot, principalHeader(principal)]);
}

function representationsOf({ query, entities, variables }: SubgraphRequest): readonly unknown[] | undefined {
  const value = entities && variables?.[entities.variable];
  return Array.isArray(value) && value.length > 0 && !query.includes('mutation') ? value : undefined;
}

/** A request of the batch and which of the representations are its own. */
interface Part {
  readonly request: SubgraphRequest;
  readonly representations: readonly unknown[];
  readonly from: number;
}

class Batch {
  size = 0;
  readonly #transport: SubgraphTransport;
  readonly #slot: EntitySlot;
  readonly #party: Party<ExecutionResult>;
  readonly #parts = new Map<Member<ExecutionResult>, Part>();
  readonly #ending = new AbortController();
  #deadline = 0;

  constructor(transport: SubgraphTransport, slot: EntitySlot, watch: CallWatch) {
    this.#transport = transport;
    this.#slot = slot;
    this.#party = new Party(watch, () => this.#ending.abort(timeout()));
  }

  async join(
    request: SubgraphRequest,
    representations: readonly unknown[],
    deadline: number,
  ): Promise<ExecutionResult> {
    const member = new Member<ExecutionResult>({ deadline, signal: request.signal });
    this.#party.add(member);
    this.#parts.set(member, { request, representations, from: this.size });
    this.#deadline = Math.max(this.#deadline, deadline);
    this.size += representations.length;
    try {
      return await member.promise;
    } catch (error) {
      throw error instanceof CodedError || request.signal?.aborted ? error : timeout();
    }
  }

  send(): void {
    if (this.#party.size === 0) return;
    const [only] = this.#parts.values();
    if (this.#parts.size === 1 && only) {
      const answer = this.#transport.execute(only.request);
      this.#party.end((member) => member.resolve(answer));
      return;
    }
    this.#transport.execute(this.#joined(this.#ending.signal)).then(
      (answer) => this.#party.end((member) => this.#hand(member, answer)),
      (error) => this.#party.end((member) => (isOfTheWhole(error) ? this.#alone(member) : member.reject(error))),
    );
  }

  #joined(signal: AbortSignal): SubgraphRequest {
    const parts = [...this.#parts.values()];
    const representations = parts.flatMap((part) => part.representations);
    const [first] = parts;
    if (!first) throw new Error('A batch has a part.');
    const variables = { ...first.request.variables, [this.#slot.variable]: representations };
    return { ...first.request, variables, signal, deadline: this.#deadline };
  }

  #hand(member: Member<ExecutionResult>, answer: ExecutionResult): void {
    const part = this.#parts.get(member);
    const own = part && partOf(answer, part, this.size, this.#slot.responseName);
    if (own) member.resolve(own);
    else this.#alone(member);
  }

  #alone(member: Member<ExecutionResult>): void {
    const part = this.#parts.get(member);
    if (part) member.resolve(this.#transport.execute(part.request));
  }
}

/** The entities and errors of one part; undefined when it can't be said whose the answer's are. */
function partOf(answer: ExecutionResult, part: Part, size: number, responseName: string): ExecutionResult | undefined {
  const entities = answer.data?.[responseName];
  if (!Array.isArray(entities) || entities.length !== size || Object.keys(answer.data ?? {}).length !== 1)
    return undefined;
  const to = part.from + part.representations.length;
  const errors: GraphQLError[] = [];
  for (const error of answer.errors ?? []) {
    const [name, index, ...rest] = error.path ?? [];
    if (name !== responseName || typeof index !== 'number') return undefined;
    if (index < part.from || index >= to) continue;
    const path = [name, index - part.from, ...rest];
    errors.push(new GraphQLError(error.message, { path, extensions: error.extensions }));
  }
  const data = { [responseName]: entities.slice(part.from, to) };
  return errors.length > 0 ? { data, errors } : { data };
}

/** True when a smaller request may fare better: the subgraph answered, but nothing that can be used. */
function isOfTheWhole(error: unknown): boolean {
  return error instanceof CodedError && (error.cause instanceof WireFault || error.cause instanceof InvalidAnswer);
}

function timeout(): CodedError {
  return new CodedError('SUBGRAPH_TIMEOUT', 'The subgraph did not answer in time.');
}
