import fc from 'fast-check';
import type { Database } from '../../database/database.ts';
import type { MessageStep } from '../../subgraphs/marketing/journeys/definition.ts';
import { checkTemplate } from '../../subgraphs/marketing/journeys/sending/templates/check-template.ts';
import {
  createMessageRenderer,
  type MessageRenderer,
} from '../../subgraphs/marketing/journeys/sending/templates/message-renderer.ts';
import {
  fullSample,
  type MessageContent,
} from '../../subgraphs/marketing/journeys/sending/templates/template-scope.ts';

const MJML = `<mjml>
  <mj-head><mj-title>{{ customer.firstName }}</mj-title></mj-head>
  <mj-body>
    <mj-section><mj-column>
      <mj-text>Hello {{ customer.firstName | default: "you" }} &amp; co</mj-text>
      <mj-table>{% for product in cart.products %}<tr><td>{{ product.productName | default: product.productId }}</td>
        <td>{{ product.totalLineAmount | money: cart.currencyCode }}</td></tr>{% endfor %}</mj-table>
      <mj-button href="https://shop.example.com/cart/{{ cart.id | url_encode }}">Back</mj-button>
    </mj-column></mj-section>
    <mj-raw>{% if discount and discount.percent > 5 %}</mj-raw>
    <mj-section><mj-column><mj-text>{{ discount.code }} until {{ discount.expires | day }}</mj-text></mj-column></mj-section>
    <mj-raw>{% endif %}</mj-raw>
    <mj-section><mj-column><mj-text><a href="{{ unsubscribeUrl }}">Unsubscribe</a></mj-text></mj-column></mj-section>
  </mj-body>
</mjml>`;
const TEXT = `Hello {{ customer.firstName | default: "you" }},
{% for product in cart.products -%}
{{ product.quantity }} x {{ product.productName | default: product.productId }}
{% endfor -%}
{% if discount %}{{ discount.code }}{% endif %}
{{ unsubscribeUrl }}`;

const STEP: MessageStep = {
  id: 'mail',
  kind: 'MESSAGE',
  channel: 'EMAIL',
  purpose: 'MARKETING',
  template: { subject: '{{ customer.firstName | default: "Hello" }}, your cart', mjml: MJML, text: TEXT },
  discount: { percent: 10, validFor: 'P3D' },
};

/** Keeps nothing: what MJML gives is compiled anew. */
const FORGETFUL = { query: async () => [] } as unknown as Database;

let renderer: MessageRenderer;
beforeAll(() => {
  renderer = createMessageRenderer({ database: FORGETFUL, clock: () => 0 });
});

function withName(firstName: string | null): MessageContent {
  const sample = fullSample(true);
  return { ...sample, model: { ...sample.model, customer: { firstName, lastName: null, fullName: firstName } } };
}

function withTemplate(part: Partial<MessageStep['template']>): MessageStep {
  return { ...STEP, template: { ...STEP.template, ...part } };
}

async function faultsOf(step: MessageStep, kind: Parameters<typeof checkTemplate>[1] = 'CART_ABANDONED') {
  return (await checkTemplate(step, kind)).map(({ part, message }) => `template.${part}: ${message}`);
}

it('writes times by the clocks of the zone in which the person lives, whoever was written to before', async () => {
  const step = withTemplate({ text: `{{ discount.expires | day }}, {{ discount.expires | time }} ${TEXT}` });
  const sample = fullSample(true);
  const inZone = (timeZone: string): MessageContent => ({
    ...sample,
    model: { ...sample.model, timeZone },
    discount: sample.discount && { ...sample.discount, expires: '2026-03-29T23:15:00.000Z' },
  });
  const begin = async (zone: string) => (await renderer.render(step.template, inZone(zone))).text.slice(0, 24);
  // The clocks of Berlin were set forward on that day; those of India go half an hour otherwise.
  expect(await begin('Europe/Berlin')).toMatch(/^March 30, 2026, 1:15\sAM/);
  expect(await begin('Asia/Kolkata')).toMatch(/^March 30, 2026, 4:45\sAM/);
  expect(await begin('America/St_Johns')).toMatch(/^March 29, 2026, 8:45\sPM/);
  expect(await begin('Etc/UTC')).toMatch(/^March 29, 2026, 11:15\sPM/);
});

it('writes subject, HTML and text from one template', async () => {
  const { subject, html, text } = await renderer.render(STEP.template, withName('Ada'));
  expect(subject).toBe('Ada, your cart');
  expect(html).toContain('Hello Ada &amp; co');
  expect(html).toContain('<td>Kettle</td>');
  expect(html).toContain('€59.90');
  expect(html).toContain('href="https://shop.example.com/cart/cart-1"');
  expect(html).toContain('SAMPLE-CODE until January 5, 2026');
  expect(html).not.toContain('fonts.googleapis.com');
  expect(text).toContain('Hello Ada,\n2 x Kettle\nSAMPLE-CODE\nhttps://');
});

it('writes amounts and times as the language of the template does', async () => {
  const { html } = await renderer.render({ ...STEP.template, locale: 'de-AT' }, withName('Ada'));
  expect(html).toMatch(/€\s59,90/);
  expect(html).toContain('5. Jänner 2026');
});

it('finds nothing wrong with a good template, with and without its discount', async () => {
  expect(await faultsOf(STEP)).toEqual([]);
  const { discount: _discount, ...plain } = STEP;
  expect(await faultsOf(plain)).toEqual([]);
});

it.each<[string, Partial<MessageStep['template']>, RegExp]>([
  [
    'an unknown variable',
    { subject: '{{ customer.frstName }}' },
    /^template\.subject: There is no `customer\.frstName`/,
  ],
  [
    'an unknown variable of a product',
    { text: `${TEXT}{% for p in cart.products %}{{ p.colour }}{% endfor %}` },
    /p\.colour/,
  ],
  ['an unknown filter', { subject: '{{ customer.firstName | shout }}' }, /undefined filter: shout/],
  [
    'escaping that is switched off',
    { mjml: MJML.replace('customer.firstName |', 'customer.firstName | raw |') },
    /undefined filter: raw/,
  ],
  ['a file', { text: `${TEXT}{% include "/etc/passwd" %}` }, /tag "include" not found/],
  ['a file of MJML', { mjml: MJML.replace('<mj-body>', '<mj-body><mj-include path="/etc/passwd" />') }, /no files/],
  [
    'Liquid that MJML would drop',
    { mjml: MJML.replace('<mj-raw>{% endif %}</mj-raw>', '{% endif %}') },
    /endif.*mj-raw/,
  ],
  [
    'Liquid in a style',
    { mjml: MJML.replace('<mj-title>', '<mj-style>a { color: {{ customer.firstName }}; }</mj-style><mj-title>') },
    /No Liquid in styles/,
  ],
  [
    'an unknown component',
    { mjml: MJML.replace('<mj-raw>{% endif', '<mj-blink></mj-blink><mj-raw>{% endif') },
    /mj-blink/,
  ],
  ['no MJML at all', { mjml: 'Hello {{ unsubscribeUrl }}' }, /template\.mjml/],
  ['a missing link', { text: 'Hello' }, /template\.text: .*unsubscribeUrl.* is missing/],
  ['an unclosed tag', { text: `${TEXT}{% if discount %}` }, /not closed/],
  ['a loop without end', { text: `${TEXT}{% for i in (1..100000000) %}x{% endfor %}` }, /limit/],
  ['no language', { locale: 'not a language' }, /language tag/],
])('refuses %s when a journey is saved', async (_what, part, message) => {
  const faults = await faultsOf(withTemplate(part));
  expect(faults.join('\n')).toMatch(message);
});

it('asks for an `if` around what may be missing', async () => {
  expect((await faultsOf(STEP, 'ORDER_PLACED')).join('\n')).toMatch(/template\.mjml: .*begins with ORDER_PLACED/);
  const guarded = withTemplate({
    mjml: MJML.replace('<mj-table>', '<mj-table>{% if cart %}')
      .replace('</mj-table>', '{% endif %}</mj-table>')
      .replace('/{{ cart.id | url_encode }}', '{% if cart %}/{{ cart.id | url_encode }}{% endif %}'),
    text: `{% if cart %}${TEXT}{% endif %}{{ unsubscribeUrl }}`,
  });
  expect(await faultsOf(guarded, 'ORDER_PLACED')).toEqual([]);
});

it.each<[string, string]>([
  ['Liquid', '{{ discount.code }}{% raw %}'],
  ['markup', '<script>alert(1)</script><img src=x onerror="alert(1)">'],
  ['MJML', '</mj-text><mj-raw>x</mj-raw>'],
  ['line breaks', 'Ada\r\nBcc: everybody@example.com\r\n\r\n.\r\n'],
  ['a turned direction', 'Ada \u202egnp.exe\u202c'],
  ['another script', 'שלום עדה'],
  ['emoji', '👩‍👩‍👧‍👦🏳️‍🌈'],
  ['half a character', 'Ada \ud83d'],
  ['ten thousand characters', '👩‍👩‍👧‍👦'.repeat(1000)],
  ['a quote', `" onmouseover="alert(1)' x='`],
])('takes a name with %s for a name', async (_what, name) => {
  const { subject, html, text } = await renderer.render(STEP.template, withName(name));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none
  expect(subject).not.toMatch(/[\u0000-\u001f\u202a-\u202e]/);
  expect(subject.length).toBeLessThanOrEqual(200);
  expect(Buffer.from(subject, 'utf8').toString('utf8')).toBe(subject);
  expect(html).not.toMatch(/<script|<img src=x|<mj-|onmouseover="/);
  expect(html.match(/SAMPLE-CODE/g)).toHaveLength(1);
  expect(text).not.toMatch(/\r|^Bcc/m);
  expect(text.length).toBeLessThan(1_000);
});

it('gives one line as a subject and one element as a name, whatever the name is', async () => {
  const bare = await renderer.render(STEP.template, withName('x'));
  const tags = (html: string): number => html.split('<').length;
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 400 }), async (name) => {
      const { subject, html, text } = await renderer.render(STEP.template, withName(name));
      expect(subject.split(/[\r\n\u2028\u2029]/)).toHaveLength(1);
      expect(tags(html)).toBe(tags(bare.html));
      expect(text.split('\n')).toHaveLength(bare.text.split('\n').length);
    }),
    { numRuns: 200 },
  );
});
