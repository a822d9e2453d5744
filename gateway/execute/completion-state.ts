import type { GraphQLError } from 'graphql';
import { InvalidValue } from './invalid-value.ts';
import type { JsonWriter } from './json-writer.ts';
import type { ResponsePath } from './walk.ts';

/** What is known while one answer is completed. */
export class CompletionState {
  /** The way to the value that is completed, up to and with `path[depth]`. */
  readonly path: (string | number)[] = [];
  depth = 0;
  /** Where the answer is written to. */
  readonly out: JsonWriter;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Errors that were found, beside those of the fetches. */
  readonly found: InvalidValue[] = [];
  readonly #known: readonly GraphQLError[];
  #explained: { readonly within: ReadonlySet<string>; readonly at: ReadonlySet<string> } | undefined;

  constructor(out: JsonWriter, variables: Readonly<Record<string, unknown>>, known: readonly GraphQLError[]) {
    this.out = out;
    this.variables = variables;
    this.#known = known;
  }

  /** Notes that the value here is not one of its type. */
  invalid(message: string): void {
    this.found.push(new InvalidValue(message, this.path.slice(0, this.depth + 1)));
  }

  /** Notes that there is a null here where none may be, unless an error already says why. */
  nullAt(place: string, value: unknown): void {
    if (!this.#isExplained(value)) this.invalid(`Cannot return null for non-nullable field ${place}.`);
  }

  /** A null is explained by an error at it or below it; a value that is not there also by one above: a fetch that failed. */
  #isExplained(value: unknown): boolean {
    if (this.#known.length === 0) return false;
    this.#explained ??= explanationsOf(this.#known);
    const here: ResponsePath = this.path.slice(0, this.depth + 1);
    const { within, at } = this.#explained;
    if (within.has(textOf(here))) return true;
    return value === undefined && here.some((_, index) => at.has(textOf(here.slice(0, index))));
  }
}

function explanationsOf(errors: readonly GraphQLError[]): { within: Set<string>; at: Set<string> } {
  const within = new Set<string>();
  const at = new Set<string>();
  for (const { path = [] } of errors) {
    at.add(textOf(path));
    for (let length = path.length; length > 0; length--) within.add(textOf(path.slice(0, length)));
  }
  return { within, at };
}

/** Names hold no slash. */
function textOf(path: ResponsePath): string {
  return path.join('/');
}
