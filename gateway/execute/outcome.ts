import { GraphQLError } from 'graphql';
import type { FetchOutcome } from '../../schema/subgraph-transport.ts';
import { CompletionState } from './completion-state.ts';
import type { Executed } from './executable.ts';
import { type Complete, Completed } from './leaves.ts';
import type { MergeShape } from './merge.ts';
import type { Run } from './run.ts';
import type { ResponsePath } from './walk.ts';

/** What came of a run, completed when it is first looked at. */
export class Outcome implements Executed {
  readonly #run: Run;
  readonly #complete: Complete;
  /** What the client selected, to end error paths where its answer does. */
  readonly #selected: MergeShape;
  #completed: { readonly bytes: Buffer; readonly errors: readonly GraphQLError[] } | undefined;
  #data: Record<string, unknown> | null | undefined;

  constructor(run: Run, complete: Complete, selected: MergeShape) {
    this.#run = run;
    this.#complete = complete;
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
    const known = errors.length === 0 ? errors : presentable(errors, this.#selected);
    const state = new CompletionState(out, context.variables, known);
    state.depth = -1;
    out.begin();
    out.raw(BEFORE_DATA);
    const at = out.position;
    if (this.#complete(data, state) !== Completed.Written) {
      out.position = at;
      out.null();
    }
    out.raw(AFTER_DATA);
    this.#completed = { bytes: out.end(), errors: state.found.length === 0 ? known : [...known, ...state.found] };
    return this.#completed;
  }
}

const BEFORE_DATA = Buffer.from('{"data":');
const AFTER_DATA = Buffer.from('}');

/** The data in the bytes of an answer, as objects of the caller's own. */
export function dataOf(bytes: Buffer): Record<string, unknown> | null {
  return (JSON.parse(bytes.toString()) as { data: Record<string, unknown> | null }).data;
}

/** Errors as a client may read them: their paths end where the answer does, and none is told twice. */
function presentable(errors: readonly GraphQLError[], selected: MergeShape): GraphQLError[] {
  const told = new Set<string>();
  return errors.flatMap((error) => {
    const { message, extensions, originalError } = error;
    const path = error.path && pathWithin(error.path, selected);
    const key = JSON.stringify([path, message, extensions['code'], extensions['subgraph']]);
    if (told.has(key)) return [];
    told.add(key);
    return path === error.path ? [error] : [new GraphQLError(message, { path, extensions, originalError })];
  });
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
