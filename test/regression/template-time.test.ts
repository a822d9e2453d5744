import type { MessageStep } from '../../subgraphs/marketing/journeys/definition.ts';
import { checkTemplate } from '../../subgraphs/marketing/journeys/sending/templates/check-template.ts';
import { compileMjml } from '../../subgraphs/marketing/journeys/sending/templates/mjml.ts';

const LINK = '{{ unsubscribeUrl }}';
const page = (text: string) =>
  `<mjml><mj-body><mj-section><mj-column><mj-text>${text}</mj-text></mj-column></mj-section></mj-body></mjml>`;

/** What MJML makes of it is of no matter here: it is given back as it is. */
const asItIs = async (mjml: string) => ({ html: mjml, faults: [] });

function step(template: Partial<MessageStep['template']>): MessageStep {
  const whole = { subject: 'Your cart', mjml: page(LINK), text: LINK, ...template };
  return { id: 'mail', kind: 'MESSAGE', channel: 'EMAIL', purpose: 'MARKETING', template: whole };
}

// Each took minutes at full length, in which the process did nothing else.
it.each(['{{', '{{"', '{%', '{{ "a" ', "{% '"])(
  'finds Liquid that is never closed in one pass: %s',
  async (opening) => {
    const startedMs = performance.now();
    const faults = await checkTemplate(step({ text: opening.repeat(14_000) }), 'CART_ABANDONED', asItIs);
    expect(faults).not.toEqual([]);
    await compileMjml(page(opening.repeat(14_000).replaceAll('"', "'")));
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  },
);

it('keeps Liquid with its quoted braces whole, and tells of Liquid in styles', async () => {
  const piece = `{{ customer.firstName | default: "}}" }}`;
  const compiled = await compileMjml(page(`Hello ${piece}{% if cart %}, it's {% endif %}`));
  expect(compiled.faults).toEqual([]);
  expect(compiled.html).toContain(`Hello ${piece}{% if cart %}, it's {% endif %}`);
  const styled = `<mjml><mj-head><mj-style>p { color: ${LINK} }</mj-style></mj-head><mj-body></mj-body></mjml>`;
  expect((await compileMjml(styled)).faults).toEqual([
    { part: 'mjml', message: 'No Liquid in styles: values are not made safe there.' },
  ]);
});

it('refuses a subject that is an empty line, instead of failing for everybody who is to get it', async () => {
  const faults = await checkTemplate(step({ subject: '{{ "" }} ' }), 'CART_ABANDONED', asItIs);
  expect(faults).toEqual([{ part: 'subject', message: 'It gives an empty line.' }]);
});
