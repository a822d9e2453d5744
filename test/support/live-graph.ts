import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { createInProcessTransport } from '../../gateway/transport/in-process.ts';
import type { SubgraphTransport } from '../../schema/subgraph-transport.ts';
import { executeSubgraph, subscribeSubgraph } from '../../subgraphs/execute.ts';
import type { Subgraph, SubgraphContextRequest } from '../../subgraphs/subgraph.ts';
import type { EventLog } from './event-log.ts';

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@external", "@inaccessible"])`;

/** `news` tells of stories, `archive` knows more of them. */
export const LIVE_SDL = {
  news: `${LINK}
    scalar Cursor
    type Query { latest: String }
    type Subscription {
      storyChanged(topic: String, since: Cursor): StoryChange!
      tick: Int!
    }
    type StoryChange { cursor: Cursor!  secret: String @inaccessible  story: Story! }
    type Story @key(fields: "id") { id: ID! }`,
  archive: `${LINK}
    type Query { stories: Int! }
    type Story @key(fields: "id") { id: ID!  title: String  readers: Int! }`,
} as const;

/** Name of a subgraph of the live graph. */
export type LiveName = keyof typeof LIVE_SDL;

/** The supergraph SDL. `change` may change a subgraph's SDL before. */
export function composeLive(
  urls: Partial<Record<LiveName, string>> = {},
  change: (sdl: string, name: LiveName) => string = (sdl) => sdl,
): string {
  const names = Object.keys(LIVE_SDL) as LiveName[];
  const services = names.map((name) => ({
    name,
    url: urls[name] ?? `http://${name}.invalid`,
    typeDefs: parse(change(LIVE_SDL[name], name)),
  }));
  const { supergraphSdl, errors } = composeServices(services);
  if (!supergraphSdl) throw new Error(errors?.join('\n'));
  return supergraphSdl;
}

/** The subgraph `news` over a log; the value of an event is the id of its story. */
export function newsSubgraph(log: EventLog): Subgraph {
  const resolvers = {
    Query: { latest: () => log.events.at(-1)?.value },
    Subscription: {
      storyChanged: {
        subscribe: (_: unknown, { topic, since }: Record<string, string>, { signal }: SubgraphContextRequest) =>
          log.read(
            {
              topic,
              since,
              toValue: ({ value }, place) => ({ storyChanged: { cursor: String(place), story: { id: value } } }),
            },
            signal,
          ),
      },
      tick: {
        subscribe: (_: unknown, _arguments: unknown, { signal }: SubgraphContextRequest) =>
          log.read({ toValue: (_event, place) => ({ tick: place }) }, signal),
      },
    },
  };
  return subgraphOf('news', resolvers);
}

/** The subgraph `archive`. Counts what it is asked for. */
export function archiveSubgraph(asked: string[]): Subgraph {
  return subgraphOf('archive', {
    Query: { stories: () => asked.length },
    Story: {
      __resolveReference: ({ id }: { id: string }) => {
        asked.push(id);
        return { id };
      },
      title: ({ id }: { id: string }) => {
        if (id === 'lost') throw new Error('The page is torn.');
        return `Story ${id}`;
      },
      readers: () => 7,
    },
  });
}

function subgraphOf(name: LiveName, resolvers: object): Subgraph {
  return {
    name,
    schema: buildSubgraphSchema([{ typeDefs: parse(LIVE_SDL[name]), resolvers: resolvers as never }]),
    createContext: (request) => request,
    checkReadiness: async () => {},
    close: async () => {},
  };
}

/** The way to a subgraph in this process. */
export function localTransport(subgraph: Subgraph): SubgraphTransport {
  return createInProcessTransport({
    execute: (request) => executeSubgraph(subgraph, request),
    subscribe: (request) => subscribeSubgraph(subgraph, request),
  });
}
