import { PROTAGONISTS } from '../../subgraphs/sample-data/protagonists.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { startWhole, until, type Whole } from '../support/whole.ts';

const MINUTE = 60_000;
const { bob } = PROTAGONISTS;

const JOURNEY = {
  id: 'left-cart',
  name: 'Left cart',
  entry: { kind: 'CART_ABANDONED' },
  exits: [{ on: 'ORDER_PLACED' }],
  holdoutPercent: 0,
  gates: { quietHours: { from: '00:00', to: '00:00' } },
  steps: [
    {
      id: 'mail',
      kind: 'MESSAGE',
      channel: 'EMAIL',
      purpose: 'MARKETING',
      discount: { percent: 10, validFor: 'P3D' },
      template: {
        subject: '{{ customer.firstName }}, {{ discount.percent }} % off',
        mjml: `<mjml><mj-body><mj-section><mj-column>
          <mj-text>{% for product in cart.products %}{{ product.productName | default: product.productId }};{% endfor %}</mj-text>
          <mj-text>{{ cart.totalAmount | money: cart.currencyCode }} {{ discount.code }} {{ discount.expires | day }}</mj-text>
          <mj-text><a href="{{ unsubscribeUrl }}">Unsubscribe</a></mj-text>
        </mj-column></mj-section></mj-body></mjml>`,
        text: 'Code: {{ discount.code }}\n{{ unsubscribeUrl }}',
      },
    },
  ],
};

describe('the mail of a journey, from the cart to unsubscribing', () => {
  const clock = createManualClock(Date.now());
  let whole: Whole;
  let server: MailServer;
  let customer360Id = '';
  let cartId = '';

  beforeAll(async () => {
    server = await startMailServer();
    whole = await startWhole({
      people: 40,
      clock: clock.now,
      environment: {
        SMTP_URL: `smtp://127.0.0.1:${server.port}`,
        MAIL_FROM: 'The Shop <shop@example.com>',
        PUBLIC_URL: 'https://shop.example.com',
      },
    });
    const { customerBy } = await ask(
      'query ($email: String!) { customerBy(by: { emailAddress: $email }) { customer360Id } }',
      { email: bob.email },
    );
    customer360Id = customerBy.customer360Id;
    await ask('mutation ($input: SaveJourneyInput!) { saveJourney(input: $input) { journey { id } } }', {
      input: { idempotencyKey: 'save', document: JSON.stringify(JOURNEY) },
    });
  }, 120_000);
  afterAll(async () => {
    await whole?.close();
    await server.close();
  });

  const ask = async (query: string, variables: Record<string, unknown> = {}) => {
    const { data, errors } = await whole.ask(query, variables);
    expect(errors).toBeUndefined();
    return data;
  };
  const textOf = (): string => (server.taken[0]?.raw ?? '').replaceAll('=\r\n', '').replaceAll('=3D', '=');

  it('is previewed with the person and a made-up code', async () => {
    const { previewMessage } = await ask(
      `query ($id: Customer360Id!) { previewMessage(journeyId: "left-cart", customer360Id: $id) {
         subject htmlBody textBody contactPointValue } }`,
      { id: customer360Id },
    );
    expect(previewMessage.subject).toMatch(/^\S+, 10 % off$/);
    expect(previewMessage.textBody).toContain('PREVIEW-CODE');
    expect(server.taken).toEqual([]);
  });

  it('is sent once, with a code that commerce granted, and told of in the graph', async () => {
    const store = await whole.storeOf('commerce');
    const [product] = await store.query<{ product_id: string }>(
      'SELECT product_id FROM commerce.product WHERE stock > 5 ORDER BY product_id LIMIT 1',
    );
    const { addShoppingCartProduct } = await ask(
      'mutation ($input: AddShoppingCartProductInput!) { addShoppingCartProduct(input: $input) { shoppingCart { id } } }',
      { input: { idempotencyKey: 'add', customerNumber: bob.account, productId: product?.product_id } },
    );
    cartId = addShoppingCartProduct.shoppingCart.id;
    const marketing = await whole.storeOf('marketing');
    await until(async () => {
      const tasks = await marketing.query("SELECT FROM marketing.journey_task WHERE kind = 'CART' AND object_id = $1", [
        cartId,
      ]);
      return tasks.length > 0;
    });
    clock.advance(31 * MINUTE);
    whole.running.engine?.wake();
    await until(async () => server.taken.length > 0);
    await until(async () => {
      const rows = await marketing.query("SELECT FROM marketing.journey_message WHERE state = 'SENT'");
      return rows.length > 0;
    });
    const { journeyMessages } = await ask(`{ journeyMessages(journeyId: "left-cart") { edges { node {
      status messageId contactPointValue discountCode subject
      journeyInstance { objectId customer { customer360Id discountCodes { code discountPercent cartId }
        emailEngagements(first: 1) { edges { node { engagementType subject } } } }
        decisions { verdict } } } } } }`);
    const [{ node }] = journeyMessages.edges;
    expect(server.taken.map(({ to }) => to)).toEqual([[node.contactPointValue]]);
    expect(node).toMatchObject({
      status: 'SENT',
      journeyInstance: {
        objectId: cartId,
        decisions: [{ verdict: 'SEND' }],
        customer: {
          customer360Id,
          discountCodes: [{ code: node.discountCode, discountPercent: 10, cartId }],
          emailEngagements: { edges: [{ node: { engagementType: 'SENT', subject: node.subject } }] },
        },
      },
    });
    expect(textOf()).toContain(`Message-ID: ${node.messageId}`);
    expect(textOf()).toContain(`Code: ${node.discountCode}`);
  });

  it('takes its consent back with one click, without anybody signing in', async () => {
    const path = /^List-Unsubscribe: <https:\/\/shop\.example\.com(\/unsubscribe\/[\w-]+)>/m.exec(textOf())?.[1];
    const url = `${whole.running.origin}${path}`;
    const consents = async () => {
      const { customer } = await ask(
        `query ($id: Customer360Id!) { customer(customer360Id: $id) {
           contactPointConsents(channels: [EMAIL], purposes: [MARKETING]) { status captureSource }
           emailEngagements(first: 1, types: [UNSUBSCRIBED]) { edges { node { id } } } } }`,
        { id: customer360Id },
      );
      return customer;
    };
    expect((await fetch(url)).status).toBe(200);
    expect((await consents()).contactPointConsents).not.toContainEqual(
      expect.objectContaining({ captureSource: 'list-unsubscribe' }),
    );
    const body = new URLSearchParams({ 'List-Unsubscribe': 'One-Click' });
    expect((await fetch(url, { method: 'POST', body, headers: { origin: 'https://mail.example.net' } })).status).toBe(
      200,
    );
    const after = await consents();
    expect(after.contactPointConsents).toContainEqual({ status: 'OPT_OUT', captureSource: 'list-unsubscribe' });
    expect(after.emailEngagements.edges).toHaveLength(1);
  });

  it('suppresses the address when it bounces afterwards', async () => {
    const { journeyMessages } = await ask('{ journeyMessages { edges { node { messageId } } } }');
    await ask(
      'mutation ($input: RecordEmailEngagementInput!) { recordEmailEngagement(input: $input) { emailEngagement { id } } }',
      {
        input: {
          idempotencyKey: 'bounce',
          messageId: journeyMessages.edges[0].node.messageId,
          engagementType: 'BOUNCED',
        },
      },
    );
    const { customer } = await ask(
      'query ($id: Customer360Id!) { customer(customer360Id: $id) { contactPointSuppressions { reason } } }',
      { id: customer360Id },
    );
    expect(customer.contactPointSuppressions).toContainEqual({ reason: 'BOUNCED' });
  });
});
