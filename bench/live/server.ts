import '../../cli/tune-engine.ts';
import pg from 'pg';
import { Stores } from '../../database/stores.ts';
import { readConfig } from '../../gateway/config.ts';
import { createLog } from '../../gateway/log.ts';
import { startCustomer360 } from '../../gateway/main.ts';
import { furnish, type Target } from './people.ts';
import { type WriteOrder, writeEvents } from './writer.ts';

/** What the parent asks of the process that serves. */
export type ServerOrder =
  | { readonly kind: 'sample' }
  /** On the embedded store, which no other process can open. */
  | { readonly kind: 'furnish'; readonly targets: readonly Target[] }
  | { readonly kind: 'write'; readonly order: WriteOrder };

/** CPU, statements and memory so far. */
export interface ServerSample {
  readonly cpuMs: number;
  /** Sent to PostgreSQL, what ends and begins transactions among them. */
  readonly statements: number;
  readonly rssBytes: number;
}

let statements = 0;

/** Counts whatever the process asks PostgreSQL, by whichever pool. */
function countStatements(): void {
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = new Proxy(query, {
    apply(target, client, given) {
      statements += 1;
      return Reflect.apply(target, client, given);
    },
  });
}

/** The whole of Customer 360 in a process of its own, on the stores that the environment names, else on embedded ones. */
async function serve(people: number): Promise<void> {
  countStatements();
  const stores = new Stores({ directory: null });
  const environment = { SUBGRAPH_TIMEOUT_MS: '10000', ...process.env, PORT: '0' };
  const running = await startCustomer360(readConfig(environment, { data: 'memory' }), {
    log: createLog('warn'),
    stores,
    samplePeople: people,
  });
  await running.follower?.caughtUp();
  const storeOf = () => stores.embedded();
  const follow = async (order: ServerOrder): Promise<object> => {
    if (order.kind === 'write') return writeEvents(order.order, storeOf);
    if (order.kind === 'furnish') {
      await furnish(order.targets, storeOf);
      return {};
    }
    const { user, system } = process.cpuUsage();
    return { cpuMs: (user + system) / 1000, statements, rssBytes: process.memoryUsage.rss() } satisfies ServerSample;
  };
  process.on('message', (order: ServerOrder) => {
    follow(order).then(
      (answer) => process.send?.(answer),
      (error: unknown) => process.send?.({ error: String(error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.({ origin: running.origin });
}

void serve(Number(process.argv[2] ?? '4000'));
