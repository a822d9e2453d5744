import { createGateway } from '../../gateway/gateway.ts';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import type { SubgraphTransport } from '../../schema/subgraph-transport.ts';
import { EventLog } from '../support/event-log.ts';
import { archiveSubgraph, composeLive, localTransport, newsSubgraph } from '../support/live-graph.ts';

const CALLER = { principal: LOCAL_ADMINISTRATOR, requestId: 'r' };
const start = (log: EventLog, archive: SubgraphTransport) =>
  createGateway({
    supergraphSdl: composeLive(),
    transportTo: ({ name }) => (name === 'news' ? localTransport(newsSubgraph(log)) : { ...archive }),
  });

it('the way that the rest of an event is on stays open when a reload takes it out of the supergraph', async () => {
  const log = new EventLog();
  const archive = localTransport(archiveSubgraph([]));
  let closed = 0;
  let asked = 0;
  let letGo: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const gateway = await start(log, {
    ...archive,
    execute: async (request) => {
      asked += 1;
      await gate;
      return archive.execute(request);
    },
    close: async () => {
      closed += 1;
    },
  });
  try {
    const answers = gateway.subscribe({ query: 'subscription { storyChanged { story { title } } }' }, CALLER);
    const first = answers.next();
    while (log.subscribers === 0) await new Promise(setImmediate);
    log.append('a');
    while (asked === 0) await new Promise(setImmediate);
    await gateway.reload(composeLive({ archive: 'http://archive.elsewhere.invalid' }));
    expect(closed).toBe(0);
    letGo();
    expect((await first).value).toEqual({ data: { storyChanged: { story: { title: 'Story a' } } } });
    while (closed === 0) await new Promise(setImmediate);
    await answers.return?.();
  } finally {
    letGo();
    await gateway.close();
  }
});

it.each(['@skip(if: $is)', '@include(if: $is)', '@skip(if: false)'])(
  'a subscription with %s on its field is refused, not a fault of ours',
  async (condition) => {
    const gateway = await start(new EventLog(), localTransport(archiveSubgraph([])));
    try {
      const query = `subscription ($is: Boolean = true) { ... { storyChanged ${condition} { cursor } tick @include(if: $is) } }`;
      const answers = gateway.subscribe({ query, variables: { is: false } }, CALLER);
      expect((await answers.next()).value).toMatchObject({
        errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
      });
    } finally {
      await gateway.close();
    }
  },
);
