/** How large an operation may be. Every number is the most that is allowed. */
export interface Limits {
  /** Bytes of a request's body. */
  readonly bodyBytes: number;
  /** Tokens of a document; the parser stops there. */
  readonly tokens: number;
  /** Levels of fields: every list below a list multiplies what is fetched. Introspection does not count. */
  readonly depth: number;
  /** Aliases of an operation, in its fragments as often as they are spread. */
  readonly aliases: number;
  /** Fields at the top of an operation; each look at the whole schema counts as ten. */
  readonly rootFields: number;
  /** Directives of an operation, in its fragments as often as they are spread. */
  readonly directives: number;
  /** Fields of a document, in its fragments as often as they are spread. */
  readonly fields: number;
  /** Pairs of fields with one place in the answer, which validation compares. */
  readonly overlaps: number;
}

/** What holds unless the configuration says otherwise. */
export const DEFAULT_LIMITS: Limits = {
  bodyBytes: 256 * 1024,
  tokens: 2000,
  depth: 12,
  aliases: 30,
  rootFields: 20,
  directives: 50,
  fields: 2000,
  overlaps: 5000,
};
