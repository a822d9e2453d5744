import { GraphQLError } from 'graphql';
import type { FetchOutcome } from '../../schema/subgraph-transport.ts';
import { CompletionState } from './completion-state.ts';
import type { Executed } from './executable.ts';
import { type Complete, Completed } from './leaves.ts';
import type { MergeShape } from './merge.ts';
import type { RawObject } from './raw-object.ts';
import type { Run } from './run.ts';
import type { ResponsePath } from './walk.ts';

/** How the answer of an operation is made from what was fetched, for one outcome of its conditions. */
export interface Completion {
  readonly complete: Complete;
  /** Whether the client asked for what the path leads to. */
  readonly reaches: (path: ResponsePath, data: RawObject) => boolean;
}

/** What came of a run, completed when it is first looked at. */
export class Outcome implements Executed {
  readonly #run: Run;
  readonly #completion: Completion;
  /** What the client selected, to end error paths where its answer does. */
  readonly #selected: MergeShape;
  #completed: { readonly bytes: Buffer; readonly errors: readonly GraphQLError[] } | undefined;
  #data: Record<string, unknown> | null | undefined;

  constructor(run: Run, completion: Completion, selected: MergeShape) {
    this.#run = run;
    this.#completion = completion;
    this.#selected = selected;
  }

  bytes(): Buffer {
    return this.#finish().bytes;
  }

  data(): Record<string, unknown> | null {
    if (this.#data === undefined) this.#data = dataOf(this.bytes());
    return this.#data;
  }

  get errors(): readonly GraphQLError[] {
    return this.#finish().errors;
  }

  get fetches(): Readonly<Record<string, FetchOutcome>> {
    return this.#run.outcomes.soFar();
  }

  #finish(): { readonly bytes: Buffer; readonly errors: readonly GraphQLError[] } {
    if (this.#completed) return this.#completed;
    const { data, errors, context, parts } = this.#run;
    const { out } = parts;
    const known = errors.length === 0 ? errors : this.#presentable(data, errors);
    const state = new CompletionState(out, context.variables, known);
    state.depth = -1;
    out.begin();
    out.raw(BEFORE_DATA);
    const at = out.position;
    if (this.#completion.complete(data, state) !== Completed.Written) {
      out.position = at;
      out.null();
    }
    out.raw(AFTER_DATA);
    this.#completed = { bytes: out.end(), errors: state.found.length === 0 ? known : [...known, ...state.found] };
    return this.#completed;
  }

  /** Errors as a client may read them: their paths end where the answer does, and none is told twice. */
  #presentable(data: RawObject, errors: readonly GraphQLError[]): GraphQLError[] {
    const told = new Set<string>();
    return errors.flatMap((error) => {
      const { message, extensions, originalError } = error;
      const path = error.path && pathWithin(error.path, this.#selected);
      if (path && path === error.path && !this.#completion.reaches(path, data)) return [];
      const key = JSON.stringify([path, message, extensions['code'], extensions['subgraph']]);
      if (told.has(key)) return [];
      told.add(key);
      return path === error.path ? [error] : [new GraphQLError(message, { path, extensions, originalError })];
    });
  }
}

const BEFORE_DATA = Buffer.from('{"data":');
const AFTER_DATA = Buffer.from('}');

/** The data in the bytes of an answer, as objects of the caller's own. */
export function dataOf(bytes: Buffer): Record<string, unknown> | null {
  return (JSON.parse(bytes.toString()) as { data: Record<string, unknown> | null }).data;
}

/** A fetch also reads fields that nobody selected, for another hop. Undefined when nothing of a path is part of the answer. */
function pathWithin(path: ResponsePath, selected: MergeShape): ResponsePath | undefined {
  let at: MergeShape | undefined = selected;
  for (const [index, segment] of path.entries()) {
    if (typeof segment === 'number') continue;
    const field: MergeShape['fields'][number] | undefined = at?.fields.find(({ name }) => name === segment);
    if (!field) return index === 0 ? undefined : path.slice(0, index);
    at = field.below;
  }
  return path;
}
