import type { Database, Queryable } from '../../database/database.ts';
import type { UnifiedGraph } from '../../schema/unified-graph.ts';
import type {
  Gate,
  GateDecision,
  GateRequest,
  MessageModel,
  MessageOutcome,
  MessageStepRequest,
} from '../../subgraphs/marketing/journeys/contract.ts';
import {
  GATE_DEFAULTS,
  type JourneyDefinition,
  type MessageStep,
} from '../../subgraphs/marketing/journeys/definition.ts';
import type { Sender } from '../../subgraphs/marketing/journeys/sending/compose-mail.ts';
import { createMessageSteps } from '../../subgraphs/marketing/journeys/sending/message-steps.ts';
import { createBodySweep } from '../../subgraphs/marketing/journeys/sending/message-store.ts';
import type { SendingParts } from '../../subgraphs/marketing/journeys/sending/parts.ts';
import { createMessageRenderer } from '../../subgraphs/marketing/journeys/sending/templates/message-renderer.ts';
import { createUnsubscribeLinks } from '../../subgraphs/marketing/journeys/sending/unsubscribe-links.ts';
import { migrateClouds } from './cloud-stores.ts';

/** Templates of a mail about a cart. */
export const CART_MAIL: MessageStep = {
  id: 'mail',
  kind: 'MESSAGE',
  channel: 'EMAIL',
  purpose: 'MARKETING',
  template: {
    subject: '{{ customer.firstName }}, your cart',
    mjml: `<mjml><mj-body><mj-section><mj-column>
      <mj-text>Hello {{ customer.firstName }}</mj-text>
      <mj-table>{% for product in cart.products %}<tr><td>{{ product.productName }}</td></tr>{% endfor %}</mj-table>
      <mj-text>{% if discount %}{{ discount.code }}{% endif %}</mj-text>
      <mj-text><a href="{{ unsubscribeUrl }}">Unsubscribe</a></mj-text>
    </mj-column></mj-section></mj-body></mjml>`,
    text: 'Hello {{ customer.firstName }}\n{% if discount %}{{ discount.code }}{% endif %}\n{{ unsubscribeUrl }}',
  },
};

/** A journey of one message. */
export function journeyWith(step: MessageStep): JourneyDefinition {
  return {
    id: 'abandoned-cart',
    name: 'Abandoned cart',
    entry: { kind: 'CART_ABANDONED', abandonAfter: 'PT30M' },
    reentry: 'PER_OBJECT',
    exits: [],
    gates: GATE_DEFAULTS,
    holdoutPercent: 0,
    conversionWindow: 'P7D',
    steps: [step],
  };
}

/** A cart and whose it is. */
export const CART_MODEL: MessageModel = {
  timeZone: 'Etc/UTC',
  customer: { firstName: 'Bob', lastName: 'Baker', fullName: 'Bob Baker' },
  cart: {
    id: 'cart-1',
    customerNumber: 'C-1',
    totalAmount: '59.90',
    currencyCode: 'EUR',
    products: [
      {
        productId: 'P-1',
        productName: 'Kettle',
        quantity: 1,
        unitPriceAmount: '59.90',
        totalLineAmount: '59.90',
        isInStock: true,
      },
    ],
  },
  order: null,
  case: null,
};

/** What the gates say when they let a message out. */
export const LET_OUT: GateDecision = {
  verdict: 'SEND',
  decidedBy: null,
  nextAllowedAt: null,
  reasons: [],
  isHeldOut: false,
  person: null,
  recipient: { subscriberKey: 'M1', emailAddress: 'bob@example.com', consentId: 'N1' },
  discountFor: { customerNumber: 'C-1', cartId: 'cart-1' },
  model: CART_MODEL,
};

/** Who sends in tests. */
export const SENDER: Sender = {
  address: 'shop@example.com',
  name: 'The Shop',
  replyTo: undefined,
  bounceAddress: 'bounces@example.com',
};

/** An engine that is as small as one can be: instances in a table, with who has them and how they ended. */
export interface MessageDriver {
  /** What the gates say from now on. */
  decide: (request: GateRequest) => GateDecision | Promise<GateDecision>;
  /** Requests that the gates were asked. */
  readonly asked: GateRequest[];
  /** Commerce: inputs of grants that came, and the codes by idempotency key. */
  readonly grants: Record<string, unknown>[];
  /** Code of the error that commerce answers with from now on. */
  grantError: string | undefined;
  /** Suppressions that were made. */
  readonly suppressed: object[];
  readonly parts: SendingParts;
  /** Puts an instance in. */
  enter(instanceId: string, options?: { readonly holder?: string }): Promise<void>;
  /** Runs its message step as the worker that has it. */
  run(instanceId: string, options?: { readonly holder?: string; readonly step?: MessageStep }): Promise<MessageOutcome>;
  /** Outcomes that the instance was moved on with. */
  outcomes(instanceId: string): Promise<MessageOutcome[]>;
  /** What the instance's message row says. */
  message(instanceId: string): Promise<Record<string, unknown> | undefined>;
}

const ENGINE_TABLES = `
CREATE TABLE IF NOT EXISTS marketing.test_instance (instance_id text PRIMARY KEY, holder text, is_out boolean NOT NULL DEFAULT false);
CREATE TABLE IF NOT EXISTS marketing.test_outcome (sequence bigint GENERATED ALWAYS AS IDENTITY, instance_id text NOT NULL, outcome jsonb NOT NULL);
CREATE TABLE IF NOT EXISTS marketing.test_decision (sequence bigint GENERATED ALWAYS AS IDENTITY, instance_id text NOT NULL, verdict text NOT NULL);
`;

/** Prepares a store for the driver. */
export async function prepareDriverStore(database: Database): Promise<void> {
  await migrateClouds(database);
  await database.script(ENGINE_TABLES);
}

/** Makes a driver over a store that was prepared. */
export function createMessageDriver(
  database: Database,
  options: Pick<SendingParts, 'provider' | 'clock'> & Partial<SendingParts>,
): MessageDriver {
  const asked: GateRequest[] = [];
  const grants: Record<string, unknown>[] = [];
  const suppressed: object[] = [];
  const gate: Gate = {
    async ask(request) {
      asked.push(request);
      return driver.decide(request);
    },
  };
  const codes = new Map<string, string>();
  const graph: UnifiedGraph = {
    async execute({ variables }) {
      const input = variables?.['input'] as Record<string, string>;
      grants.push(input);
      if (driver.grantError !== undefined) {
        return { data: null, errors: [{ extensions: { code: driver.grantError } }] } as never;
      }
      const key = String(input['idempotencyKey']);
      const code = codes.get(key) ?? `CODE-${codes.size + 1}`;
      codes.set(key, code);
      const { discountPercent, expirationDate } = input;
      return { data: { grantDiscountCode: { discountCode: { code, discountPercent, expirationDate } } } };
    },
    subscribe: () => {
      throw new Error('Nothing is followed here.');
    },
  };
  const parts: SendingParts = {
    database,
    gate,
    graph,
    renderer: createMessageRenderer({ database, clock: options.clock }),
    links: createUnsubscribeLinks({ publicUrl: 'https://shop.example.com', keys: [Buffer.alloc(32, 1)] }),
    sender: SENDER,
    writeDecision: (transaction, { instanceId, decision }) =>
      transaction.query('INSERT INTO marketing.test_decision (instance_id, verdict) VALUES ($1, $2)', [
        instanceId,
        decision.verdict,
      ]),
    suppressAddress: async (_transaction, suppression) => suppressed.push(suppression),
    sweepBodies: createBodySweep(),
    ...options,
  };
  const steps = createMessageSteps(parts);
  const driver: MessageDriver = {
    decide: () => LET_OUT,
    asked,
    grants,
    grantError: undefined,
    suppressed,
    parts,
    async enter(instanceId, { holder = 'worker' } = {}) {
      await database.query('INSERT INTO marketing.test_instance (instance_id, holder) VALUES ($1, $2)', [
        instanceId,
        holder,
      ]);
    },
    run: (instanceId, { holder = 'worker', step = CART_MAIL } = {}) =>
      steps.run(requestOf(database, { instanceId, holder, step })),
    async outcomes(instanceId) {
      const rows = await database.query<{ outcome: MessageOutcome }>(
        'SELECT outcome FROM marketing.test_outcome WHERE instance_id = $1 ORDER BY sequence',
        [instanceId],
      );
      return rows.map(({ outcome }) => outcome);
    },
    async message(instanceId) {
      const [row] = await database.query('SELECT * FROM marketing.journey_message WHERE instance_id = $1', [
        instanceId,
      ]);
      return row;
    },
  };
  return driver;
}

function requestOf(
  database: Database,
  { instanceId, holder, step }: { readonly instanceId: string; readonly holder: string; readonly step: MessageStep },
): MessageStepRequest {
  const standingIn = async (store: Queryable) => {
    const [row] = await store.query<{ holder: string | null; is_out: boolean }>(
      'SELECT holder, is_out FROM marketing.test_instance WHERE instance_id = $1 FOR UPDATE',
      [instanceId],
    );
    const isIn = row !== undefined && !row.is_out && row.holder === holder;
    return { isIn, message: isIn ? 'It is in the journey.' : 'It is out of the journey.' };
  };
  return {
    instance: {
      id: instanceId,
      journeyId: 'abandoned-cart',
      version: 1,
      customer360Id: 'c360_01hzzzzzzzzzzzzzzzzzzzz000',
      objectType: 'ShoppingCart',
      objectId: `cart-of-${instanceId}`,
      revision: 'r1',
      enteredAt: '2026-03-01T08:00:00.000Z',
    },
    definition: journeyWith(step),
    step,
    standing: () => standingIn(database),
    confirm: standingIn,
    async conclude(transaction, outcome) {
      await transaction.query('INSERT INTO marketing.test_outcome (instance_id, outcome) VALUES ($1, $2)', [
        instanceId,
        outcome,
      ]);
    },
  };
}
