import type { CloudOptions } from '../../subgraphs/cloud/cloud-subgraph.ts';
import type { CloudResolvers } from '../../subgraphs/cloud/context.ts';
import type { Journeys } from '../../subgraphs/marketing/journeys/create-journeys.ts';
import { originOf } from '../server.ts';
import { waitByTimer } from '../timers.ts';
import { watchJourneys } from './journey-metrics.ts';
import type { Start } from './start.ts';

/** Makes journeys over our own marketing store, and gives their resolvers; the engine is started when the graph is served. */
export async function makeJourneys(start: Start, options: CloudOptions): Promise<readonly CloudResolvers[]> {
  const { createJourneys } = await import('../../subgraphs/marketing/journeys/create-journeys.ts');
  const { config, graph, parts } = start;
  const { mail } = config;
  const journeys = await createJourneys(options, {
    graph,
    log: parts.log,
    wait: parts.journeyWait ?? waitByTimer,
    watch: watchJourneys(start.metrics, options.database),
    defaultZone: config.journeys.timeZone,
    sending: {
      smtp: mail.smtp,
      sender: { ...mail.from, replyTo: mail.replyTo, bounceAddress: mail.bounceAddress },
      publicUrl: mail.publicUrl ?? originOf(config.host, config.port),
      unsubscribeKeys: mail.unsubscribeKeys,
    },
  });
  start.pages.push(journeys.page);
  start.closing.add(() => journeys.close());
  start.journeys = journeys;
  return journeys.resolvers;
}

/**
 * Lets journeys go, where they are and are not switched off: once the graph is served, since they ask it. Closing stops them first:
 * what was begun is finished, and what was taken up is given back.
 */
export async function startJourneys(start: Start): Promise<Journeys['engine'] | undefined> {
  const { journeys, graph, config } = start;
  if (!journeys || !graph || !config.journeys.areOn) return undefined;
  const { engine } = journeys;
  start.closing.add(() => engine.stop());
  await engine.start();
  start.checks.push(() => troubleOf(engine));
  showConsumers(start, engine);
  return engine;
}

/** Whether journeys hear of what happens, by log. */
function showConsumers({ metrics }: Start, { status }: Journeys['engine']): void {
  const read = (numberOf: (consumer: ReturnType<typeof status>['consumers'][number]) => number) => () =>
    status().consumers.map((consumer) => [[consumer.log], numberOf(consumer)] as const);
  metrics.gauge(
    { name: 'c360_journey_events_followed', help: 'Whether events reach journeys, 1 or 0.', labels: ['log'] },
    read(({ phase }) => (phase === 'FOLLOWING' || phase === 'CATCHING_UP' ? 1 : 0)),
  );
  metrics.gauge(
    {
      name: 'c360_journey_events_lost',
      help: 'Times that events were lost for journeys since the start.',
      labels: ['log'],
    },
    read(({ gaps }) => gaps),
  );
}

/** Consumers that failed so often are worth a look; before, it may be a restart. */
const FAILURES = 3;

/** Nobody has to know of journeys as long as they go. */
function troubleOf(engine: Journeys['engine']): { name: string; isEssential: boolean; check(): Promise<void> }[] {
  const inTrouble = engine.status().consumers.filter(({ failures, phase }) => failures >= FAILURES || phase === 'GAP');
  return inTrouble.map(({ name, lastFailure }) => ({
    name,
    isEssential: false,
    check: async () => {
      throw new Error(lastFailure ?? 'It stands still.');
    },
  }));
}
