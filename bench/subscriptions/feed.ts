import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import type { Subgraph } from '../../subgraphs/subgraph.ts';

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])`;

const FEED_SDL = `${LINK}
  type Query { feed: String }
  scalar Cursor
  type Subscription { moved(topic: String!, since: Cursor): Move! }
  type Move { cursor: Cursor!  at: Float!  item: Item! }
  type Item @key(fields: "id") { id: ID! }`;

const ITEMS_SDL = `${LINK}
  type Query { items: String }
  type Item @key(fields: "id") { id: ID!  name: String! }`;

/** The supergraph of the feed and of what is known of its items. */
export function composeFeed(feedUrl: string): string {
  const services = [
    { name: 'feed', url: feedUrl, typeDefs: parse(FEED_SDL) },
    { name: 'items', url: 'http://items.invalid', typeDefs: parse(ITEMS_SDL) },
  ];
  const { supergraphSdl, errors } = composeServices(services);
  if (!supergraphSdl) throw new Error(errors?.map(String).join(' '));
  return supergraphSdl;
}

/** Milliseconds that all processes of the machine count alike. */
export function machineClock(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** A subgraph that tells what moves, by topic. */
export interface Feed {
  readonly subgraph: Subgraph;
  /** Subscriptions that run. */
  subscribers(): number;
  /** Tells an event to who follows the topic. */
  move(topic: string): void;
}

/** Makes the feed. Events carry the time at which they were told. */
export function createFeed(): Feed {
  const readers = new Map<string, Set<(value: unknown) => void>>();
  let cursor = 0;
  let count = 0;
  async function* follow(topic: string, signal: AbortSignal | undefined): AsyncGenerator<unknown> {
    const waiting: unknown[] = [];
    let wake: (() => void) | undefined;
    const take = (value: unknown): void => {
      waiting.push(value);
      wake?.();
    };
    signal?.addEventListener('abort', () => wake?.());
    const set = readers.get(topic) ?? new Set();
    readers.set(topic, set.add(take));
    count += 1;
    try {
      while (!signal?.aborted) {
        const value = waiting.shift();
        if (value !== undefined) yield { moved: value };
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      set.delete(take);
      count -= 1;
    }
  }
  const resolvers = {
    Subscription: {
      moved: {
        subscribe: (_: unknown, { topic }: { topic: string }, { signal }: { signal?: AbortSignal }) =>
          follow(topic, signal),
      },
    },
  };
  return {
    subgraph: subgraphOf('feed', FEED_SDL, resolvers),
    subscribers: () => count,
    move(topic) {
      cursor += 1;
      const value = { cursor: String(cursor), at: machineClock(), item: { id: topic } };
      for (const take of readers.get(topic) ?? []) take(value);
    },
  };
}

/** The subgraph that knows the items. */
export function createItems(): Subgraph {
  const Item = {
    __resolveReference: ({ id }: { id: string }) => ({ id }),
    name: ({ id }: { id: string }) => `Item ${id}`,
  };
  return subgraphOf('items', ITEMS_SDL, { Item });
}

function subgraphOf(name: string, sdl: string, resolvers: object): Subgraph {
  return {
    name,
    schema: buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: resolvers as never }]),
    createContext: (request) => request,
    checkReadiness: async () => {},
    close: async () => {},
  };
}
