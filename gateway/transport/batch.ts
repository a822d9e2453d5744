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

/** A request of the batch with its representations, and where each of them stands in what is sent, as soon as that is known. */
interface Part {
  readonly request: SubgraphRequest;
  readonly representations: readonly unknown[];
  slots: readonly number[];
}

class Batch {
  readonly #representations: unknown[] = [];
  readonly #slots = new Map<string, number>();
  readonly #transport: SubgraphTransport;
  readonly #slot: EntitySlot;
  readonly #party: Party<ExecutionResult>;
  readonly #parts = new Map<Member<ExecutionResult>, Part>();
  readonly #ending = new AbortController();
  /** The first part, until another comes. */
  #first: Part | undefined;
  #deadline = 0;

  constructor(transport: SubgraphTransport, slot: EntitySlot, watch: CallWatch) {
    this.#transport = transport;
    this.#slot = slot;
    this.#party = new Party(watch, () => this.#ending.abort(timeout()));
  }

  /** Different representations so far; all of the first part, as long as it is the only one. */
  get size(): number {
    return this.#first?.representations.length ?? this.#representations.length;
  }

  async join(
    request: SubgraphRequest,
    representations: readonly unknown[],
    deadline: number,
  ): Promise<ExecutionResult> {
    const member = new Member<ExecutionResult>({ deadline, signal: request.signal });
    this.#party.add(member);
    const part: Part = { request, representations, slots: [] };
    // Most are alone: their representations need not be compared.
    if (this.#parts.size === 0) this.#first = part;
    else this.#place(part);
    this.#parts.set(member, part);
    this.#deadline = Math.max(this.#deadline, deadline);
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

  #place(part: Part): void {
    if (this.#first) {
      const { representations } = this.#first;
      this.#first.slots = representations.map((each) => this.#slotOf(each));
      this.#first = undefined;
    }
    part.slots = part.representations.map((each) => this.#slotOf(each));
  }

  /** Equal ones are sent once: many events in a row are about the same person. */
  #slotOf(representation: unknown): number {
    const text = JSON.stringify(representation);
    const slot = this.#slots.get(text) ?? this.#representations.push(representation) - 1;
    this.#slots.set(text, slot);
    return slot;
  }

  #joined(signal: AbortSignal): SubgraphRequest {
    const [first] = this.#parts.values();
    if (!first) throw new Error('A batch has a part.');
    const variables = { ...first.request.variables, [this.#slot.variable]: this.#representations };
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
  const errors: GraphQLError[] = [];
  for (const error of answer.errors ?? []) {
    const [name, index, ...rest] = error.path ?? [];
    if (name !== responseName || typeof index !== 'number') return undefined;
    for (const [own, slot] of part.slots.entries()) {
      if (slot !== index) continue;
      errors.push(new GraphQLError(error.message, { path: [name, own, ...rest], extensions: error.extensions }));
    }
  }
  errors.sort((one, other) => Number(one.path?.[1]) - Number(other.path?.[1]));
  // Whoever merges an entity may keep and change it, so that each has their own.
  const data = { [responseName]: part.slots.map((slot) => copyOf(entities[slot])) };
  return errors.length > 0 ? { data, errors } : { data };
}

/** A copy of what JSON can say. */
function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  const copy: Record<string, unknown> = Object.create(null);
  for (const [name, each] of Object.entries(value)) copy[name] = copyOf(each);
  return copy;
}

/** True when a smaller request may fare better: the subgraph answered, but nothing that can be used. */
function isOfTheWhole(error: unknown): boolean {
  return error instanceof CodedError && (error.cause instanceof WireFault || error.cause instanceof InvalidAnswer);
}

function timeout(): CodedError {
  return new CodedError('SUBGRAPH_TIMEOUT', 'The subgraph did not answer in time.');
}
