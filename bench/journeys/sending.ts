import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SMTPServer } from 'smtp-server';
import type { Database } from '../../database/database.ts';
import { migrate, readMigrations } from '../../database/migrate.ts';
import { openPglite } from '../../database/pglite.ts';
import { openPostgresql } from '../../database/postgresql.ts';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import { readSmtpUrl } from '../../schema/smtp-address.ts';
import type { GateDecision, MessageModel, MessageStepRequest } from '../../subgraphs/marketing/journeys/contract.ts';
import {
  GATE_DEFAULTS,
  type JourneyDefinition,
  type MessageStep,
} from '../../subgraphs/marketing/journeys/definition.ts';
import { writeDecision } from '../../subgraphs/marketing/journeys/gate/decision-store.ts';
import { createMessageSteps } from '../../subgraphs/marketing/journeys/sending/message-steps.ts';
import { createBodySweep } from '../../subgraphs/marketing/journeys/sending/message-store.ts';
import type { MessageProvider } from '../../subgraphs/marketing/journeys/sending/provider.ts';
import { createSmtpProvider } from '../../subgraphs/marketing/journeys/sending/smtp-provider.ts';
import { createMessageRenderer } from '../../subgraphs/marketing/journeys/sending/templates/message-renderer.ts';
import { compileMjml } from '../../subgraphs/marketing/journeys/sending/templates/mjml.ts';
import { createUnsubscribeLinks } from '../../subgraphs/marketing/journeys/sending/unsubscribe-links.ts';

const MJML = `<mjml><mj-body>
  <mj-section><mj-column><mj-text>Hello {{ customer.firstName }}</mj-text>
    <mj-table>{% for product in cart.products %}<tr><td>{{ product.productName }}</td>
      <td>{{ product.totalLineAmount | money: cart.currencyCode }}</td></tr>{% endfor %}</mj-table>
    <mj-button href="https://shop.example.com/cart/{{ cart.id | url_encode }}">Back to the cart</mj-button>
  </mj-column></mj-section>
  <mj-section><mj-column><mj-text><a href="{{ unsubscribeUrl }}">Unsubscribe</a></mj-text></mj-column></mj-section>
</mj-body></mjml>`;
const STEP: MessageStep = {
  id: 'mail',
  kind: 'MESSAGE',
  channel: 'EMAIL',
  purpose: 'MARKETING',
  template: {
    subject: '{{ customer.firstName }}, your cart',
    mjml: MJML,
    text: 'Hello {{ customer.firstName }}\n{% for product in cart.products %}{{ product.productName }}\n{% endfor %}\n{{ unsubscribeUrl }}',
  },
};
const JOURNEY: JourneyDefinition = {
  id: 'bench',
  name: 'Bench',
  entry: { kind: 'CART_ABANDONED' },
  reentry: 'PER_OBJECT',
  exits: [],
  gates: GATE_DEFAULTS,
  holdoutPercent: 0,
  conversionWindow: 'P7D',
  steps: [STEP],
};
const MODEL: MessageModel = {
  timeZone: 'Etc/UTC',
  customer: { firstName: 'Ada', lastName: 'Example', fullName: 'Ada Example' },
  cart: {
    id: 'cart-1',
    customerNumber: 'C-1',
    totalAmount: '149.75',
    currencyCode: 'EUR',
    products: Array.from({ length: 5 }, (_, index) => ({
      productId: `P-${index}`,
      productName: `Kettle ${index}`,
      quantity: 1,
      unitPriceAmount: '29.95',
      totalLineAmount: '29.95',
      isInStock: true,
    })),
  },
  order: null,
  case: null,
};
const LET_OUT: GateDecision = {
  verdict: 'SEND',
  decidedBy: null,
  nextAllowedAt: null,
  reasons: [],
  isHeldOut: false,
  person: null,
  recipient: { subscriberKey: 'M1', emailAddress: 'ada@example.com', consentId: 'N1' },
  discountFor: null,
  model: MODEL,
};

/**
 * Measures sending behind the gates: what a template costs, and mails a second into the local outbox and to a mail server in this
 * process, with the transactions that make each mail one. `--database` names a PostgreSQL to use instead of the embedded store; a
 * schema `marketing` of its own is made there.
 *   node dist/bench/journeys/sending.js [--mails 1000] [--workers 16] [--database postgresql://…]
 */
async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      mails: { type: 'string', default: '1000' },
      workers: { type: 'string', default: '16' },
      database: { type: 'string' },
    },
  });
  const [mails, workers] = [Number(values.mails), Number(values.workers)];
  const database = values.database
    ? await openPostgresql({ url: values.database, poolSize: workers + 2 })
    : await openPglite({ directory: null });
  const migrations = readMigrations(join(PACKAGE_ROOT, 'subgraphs', 'marketing', 'migrations'));
  await migrate(database, { schema: 'marketing', migrations });
  await database.query(
    'CREATE TABLE IF NOT EXISTS marketing.bench_instance (instance_id text PRIMARY KEY, is_done boolean)',
  );
  await measureTemplates(database);
  await measure(database, 'local outbox', undefined, { mails, workers });
  const server = new SMTPServer({ authOptional: true, disabledCommands: ['STARTTLS'], disableReverseLookup: true });
  let arrived = 0;
  server.onData = (stream, _session, callback) => {
    stream.resume();
    stream.on('end', () => {
      arrived += 1;
      callback();
    });
  };
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  const provider = createSmtpProvider(readSmtpUrl(`smtp://127.0.0.1:${port}?messages=100000`), Date.now);
  await measure(database, 'SMTP, 5 connections, server in this process', provider, { mails, workers });
  console.log(`arrived ${arrived}`);
  await provider.close();
  server.close();
  await database.close();
}

async function measureTemplates(database: Database): Promise<void> {
  const began = performance.now();
  await compileMjml(MJML);
  const first = performance.now() - began;
  const compiling = await timed(50, () => compileMjml(MJML));
  const renderer = createMessageRenderer({ database, clock: Date.now });
  const content = { model: MODEL, discount: null, unsubscribeUrl: 'https://shop.example.com/unsubscribe/x' };
  await renderer.render(STEP.template, content);
  const rendering = await timed(2_000, () => renderer.render(STEP.template, content));
  console.log(
    `MJML: ${first.toFixed(0)} ms for the first with loading, ${compiling.toFixed(1)} ms for each further one`,
  );
  console.log(`Liquid: ${rendering.toFixed(3)} ms for a message of three parts`);
}

async function timed(times: number, work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  for (let time = 0; time < times; time++) await work();
  return (performance.now() - began) / times;
}

async function measure(
  database: Database,
  name: string,
  provider: MessageProvider | undefined,
  { mails, workers }: { readonly mails: number; readonly workers: number },
): Promise<void> {
  await database.query(
    'INSERT INTO marketing.bench_instance SELECT $1 || n, false FROM generate_series(1, $2::int) AS n',
    [`${process.pid} ${name} `, mails],
  );
  let ids = 0;
  const steps = createMessageSteps({
    database,
    graph: {
      execute: async () => ({ data: null }),
      subscribe: () => {
        throw new Error('Nothing is followed here.');
      },
    },
    gate: { ask: async () => LET_OUT },
    provider,
    renderer: createMessageRenderer({ database, clock: Date.now }),
    links: createUnsubscribeLinks({ publicUrl: 'https://shop.example.com', keys: [Buffer.alloc(32, 1)] }),
    sender: { address: 'shop@example.com', name: 'The Shop', replyTo: undefined, bounceAddress: undefined },
    writeDecision: (transaction, { instanceId, step, decidedAtMs, decision }) =>
      writeDecision(
        transaction,
        { decisionId: `${process.pid}-${name}-${++ids}`, instanceId, step, decidedAtMs },
        decision,
      ),
    suppressAddress: async () => {},
    sweepBodies: createBodySweep(),
    clock: Date.now,
  });
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < mails) await steps.run(requestOf(`${process.pid} ${name} ${++next}`));
  };
  const cpu = process.cpuUsage();
  const began = performance.now();
  await Promise.all(Array.from({ length: workers }, work));
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const each = ((user + system) / 1_000 / mails).toFixed(2);
  console.log(
    `${name}: ${(mails / seconds).toFixed(0)} mails/s, ${each} ms CPU of this process for each, ${workers} workers`,
  );
}

function requestOf(instanceId: string): MessageStepRequest {
  return {
    instance: {
      id: instanceId,
      journeyId: 'bench',
      version: 1,
      customer360Id: 'c360_01hzzzzzzzzzzzzzzzzzzzz000',
      objectType: 'ShoppingCart',
      objectId: instanceId,
      revision: 'r1',
      enteredAt: '2026-03-01T08:00:00.000Z',
    },
    definition: JOURNEY,
    step: STEP,
    standing: async () => ({ isIn: true, message: '' }),
    async confirm(transaction) {
      const [row] = await transaction.query<{ is_done: boolean }>(
        'SELECT is_done FROM marketing.bench_instance WHERE instance_id = $1 FOR UPDATE',
        [instanceId],
      );
      return { isIn: row?.is_done === false, message: '' };
    },
    async conclude(transaction) {
      await transaction.query('UPDATE marketing.bench_instance SET is_done = true WHERE instance_id = $1', [
        instanceId,
      ]);
    },
  };
}

void run();
