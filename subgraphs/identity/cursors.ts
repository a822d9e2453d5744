import { CodedError } from '../../schema/errors.ts';

/** Pagination arguments as the schema gives them. */
export interface PageArguments {
  readonly first?: number | null;
  readonly after?: string | null;
}

/** A page as a connection shows it. */
export interface Connection<Node> {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

const PAGE = { default: 20, most: 100 } as const;

/** How many to show. Throws BAD_USER_INPUT unless it is 1 to 100. */
export function pageSize({ first }: PageArguments): number {
  const size = first ?? PAGE.default;
  if (size < 1 || size > PAGE.most)
    throw new CodedError('BAD_USER_INPUT', `\`first\` is 1 to ${PAGE.most}, not ${size}.`);
  return size;
}

/** Makes a page of what was read with one more than asked for. `cursorOf` names the place of an item. */
export function connectionOf<Item, Node>(
  items: readonly Item[],
  args: PageArguments,
  cursorOf: (item: Item) => string,
  nodeOf: (item: Item) => Node,
): Connection<Node> {
  const size = pageSize(args);
  const edges = items.slice(0, size).map((item) => ({ cursor: cursorOf(item), node: nodeOf(item) }));
  return {
    edges,
    pageInfo: {
      hasNextPage: items.length > size,
      hasPreviousPage: typeof args.after === 'string',
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

/** A cursor of a list: its name and a place in it, opaque to clients. */
export function writeCursor(list: string, ...place: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([list, ...place])).toString('base64url');
}

/** The place that a cursor of the list names. Throws MALFORMED_ID for anything else. */
export function readCursor(list: string, cursor: string): readonly (string | number)[] {
  const malformed = new CodedError('MALFORMED_ID', 'The cursor is none of this list.');
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (!Array.isArray(parts) || parts[0] !== list || parts.length < 2) throw malformed;
    const isPlace = (part: unknown) => (typeof part === 'string' ? !part.includes('\u0000') : Number.isFinite(part));
    if (!parts.every(isPlace)) throw malformed;
    return parts.slice(1);
  } catch {
    throw malformed;
  }
}

/** The place of a list that is numbered. Throws MALFORMED_ID. */
export function readNumberCursor(list: string, cursor: string): number {
  const [place] = readCursor(list, cursor);
  if (!Number.isSafeInteger(place) || Number(place) < 0) {
    throw new CodedError('MALFORMED_ID', 'The cursor is none of this list.');
  }
  return Number(place);
}
