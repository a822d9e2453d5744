import { randomUUID } from 'node:crypto';
import type { Database } from '../../database/database.ts';
import type { EventBus } from '../../database/nats/event-bus.ts';
import { namingVariable, Stores } from '../../database/stores.ts';
import type { Clock } from '../../schema/clock.ts';
import { CLOUDS } from '../../schema/clouds.ts';
import type { SubgraphTransport } from '../../schema/subgraph-transport.ts';
import type { UnifiedGraph } from '../../schema/unified-graph.ts';
import { executeSubgraph, subscribeSubgraph } from '../../subgraphs/execute.ts';
import type { Journeys } from '../../subgraphs/marketing/journeys/create-journeys.ts';
import type { Subgraph } from '../../subgraphs/subgraph.ts';
import { Closing } from '../closing.ts';
import { type Config, remoteOptions, variableOf } from '../config.ts';
import { type ReadinessCheck, remembered } from '../health.ts';
import { Metrics } from '../metrics.ts';
import type { Page } from '../routes.ts';
import { createInProcessTransport } from '../transport/in-process.ts';
import type { RemoteMaker } from '../transport/remote.ts';
import { EventLogs } from './event-logs.ts';
import { openEventBus } from './nats.ts';
import type { StartParts } from './parts.ts';
import { steadyLog } from './steady-log.ts';

/** A load balancer asks every few seconds, and each of several asks for itself. */
const REMOTE_CHECK_KEPT_MS = 5000;
const ANYBODY = { subject: 'gateway', roles: ['service'], scopes: [] } as const;

/** One start in progress: what its parts share, the subgraphs made so far, and how to close all of it in the opposite order. */
export class Start {
  readonly config: Config;
  readonly parts: StartParts;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly stores: Stores;
  readonly metrics = new Metrics();
  readonly closing = new Closing();
  /** What is served beside the graph: whoever makes a page puts it here, also when the gateway is made already. */
  readonly pages: Page[] = [];
  /** Parts beside the subgraphs that have something to say about readiness. */
  readonly checks: (() => readonly ReadinessCheck[])[] = [];
  /** The unified graph for programs of this process, as soon as there is a way to it. */
  graph: UnifiedGraph | null = null;
  /** Journeys, where marketing's store is here and our own. */
  journeys: Journeys | undefined;
  readonly eventLogs = new EventLogs();
  readonly onWarning = (message: string): void => this.parts.log.warn(message);
  readonly #subgraphs = new Map<string, Subgraph>();
  #makeRemote: RemoteMaker | undefined;
  #eventBus: Promise<EventBus | null> | undefined;

  constructor(config: Config, parts: StartParts) {
    this.config = config;
    // Who is away is missed by many at once, again and again.
    this.parts = { ...parts, log: steadyLog(parts.log) };
    this.clock = parts.clock ?? Date.now;
    this.newId = parts.newId ?? randomUUID;
    const directory = config.data.kind === 'memory' ? null : config.data.path;
    this.stores = parts.stores ?? new Stores({ directory });
    this.closing.add(() => this.stores.close());
  }

  /** Loads what only remote subgraphs need, where there are some; else the embedded store begins to open behind other work. */
  async prepare(): Promise<void> {
    const { subgraphs, neo4j } = this.config;
    if (Object.values(subgraphs).some(({ url }) => url !== undefined)) {
      const { createRemoteMaker } = await import('../transport/remote.ts');
      this.#makeRemote = createRemoteMaker({ ...remoteOptions(this.config), metrics: this.metrics });
    } else if (
      CLOUDS.some(({ name }) => !subgraphs[name]?.databaseUrl) ||
      !(neo4j || subgraphs['identity']?.databaseUrl)
    ) {
      this.stores.embedded().catch(() => {});
    }
  }

  /** Keeps a subgraph that was made, and closes it in its turn. */
  add(subgraph: Subgraph): void {
    this.#subgraphs.set(subgraph.name, subgraph);
    this.closing.add(() => subgraph.close());
  }

  /** A subgraph that this start has made. */
  subgraph(name: string): Subgraph {
    const subgraph = this.#subgraphs.get(name);
    if (!subgraph) throw new Error(`The subgraph \`${name}\` is neither here nor elsewhere.`);
    return subgraph;
  }

  /** The store of a subgraph: the server that the configuration or its mapping document names, else the embedded one. */
  openStore(name: string, documentUrl?: string): Promise<Database> {
    const url = this.config.subgraphs[name]?.databaseUrl ?? documentUrl;
    if (url === undefined) return this.stores.embedded();
    return namingVariable(variableOf(name, 'DATABASE_URL'), () => this.stores.server(name, url));
  }

  /** The way to NATS, opened by the first call; null where the configuration names none. */
  eventBus(): Promise<EventBus | null> {
    this.#eventBus ??= openEventBus(this);
    return this.#eventBus;
  }

  /** The way to a subgraph: over HTTP when it is elsewhere, else in this process as soon as it is made. */
  transportTo(name: string, timeoutMs: number): SubgraphTransport {
    const url = this.config.subgraphs[name]?.url;
    if (url !== undefined && this.#makeRemote) return this.#makeRemote({ name, url, timeoutMs });
    return createInProcessTransport({
      execute: (request) => executeSubgraph(this.subgraph(name), request),
      subscribe: (request) => subscribeSubgraph(this.subgraph(name), request),
    });
  }

  /** One check for each subgraph, made once: here its store is asked, elsewhere the subgraph itself. Only identity is essential, and only here. */
  readinessChecks(): () => readonly ReadinessCheck[] {
    const remote = Object.entries(this.config.subgraphs).flatMap(([name, { url }]) =>
      url === undefined ? [] : [this.#remoteCheck(name)],
    );
    return () => [
      ...[...this.#subgraphs.values()].map((subgraph) => ({
        name: subgraph.name,
        isEssential: subgraph.name === 'identity',
        check: () => subgraph.checkReadiness(),
      })),
      ...remote,
      ...this.checks.flatMap((checksOf) => checksOf()),
    ];
  }

  #remoteCheck(name: string): ReadinessCheck {
    const transport = this.transportTo(name, this.config.subgraphTimeoutMs);
    this.closing.add(() => transport.close());
    const check = async (): Promise<void> => {
      const { data } = await transport.execute({ query: '{ __typename }', principal: ANYBODY });
      if (!data) throw new Error(`\`${name}\` gave no answer.`);
    };
    return remembered({ name, isEssential: false, check }, REMOTE_CHECK_KEPT_MS, this.clock);
  }
}
