import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, parse, validate } from 'graphql';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import { checkDefinition } from '../../subgraphs/marketing/journeys/check-definition.ts';
import { createPackageCatalogue } from '../../subgraphs/marketing/journeys/packages/catalogue.ts';
import type { JourneyPackage, PackageSettings } from '../../subgraphs/marketing/journeys/packages/journey-package.ts';
import { checkSettings, parseSettings } from '../../subgraphs/marketing/journeys/packages/settings.ts';
import { checkTemplate } from '../../subgraphs/marketing/journeys/sending/templates/check-template.ts';

const catalogue = createPackageCatalogue();
const api = () => readFileSync(join(PACKAGE_ROOT, 'schema/generated/api.graphql'), 'utf8');
const packageOf = (name: string): JourneyPackage => {
  const found = catalogue.find(name);
  if (!found) throw new Error(`There is no package ${name}.`);
  return found;
};
const defaultsOf = ({ settingsSchema }: JourneyPackage): PackageSettings => checkSettings(settingsSchema, {}).settings;
const definitionOf = (name: string, settings: PackageSettings = {}) => {
  const journeyPackage = packageOf(name);
  const [object] = journeyPackage.objects({ ...defaultsOf(journeyPackage), ...settings });
  const { definition, faults } = checkDefinition(object?.document ?? '', api);
  if (!definition) throw new Error(faults.join('\n'));
  return definition;
};

/** Whatever somebody may have typed into a text of the shop's own. */
const HOSTILE =
  'Tom & Jerry\'s <b>"best"</b> {{ customer.firstName | default: "you" }} ]] \\ $& % {% if customer.lastName %}&{% endif %}';

describe('the packages at hand', () => {
  const names = catalogue.all().map(({ name }) => name);
  const journeys = names.filter((name) => name !== 'service-profile');

  it('are those that are spoken of', () => {
    expect(names).toEqual([
      'abandoned-cart',
      'browse-abandonment',
      'case-closed-survey',
      'complaint-hold',
      'post-purchase',
      'service-profile',
      'win-back',
    ]);
  });

  it.each(names)('%s has defaults that its own schema takes', (name) => {
    const { settingsSchema } = packageOf(name);
    expect(checkSettings(settingsSchema, defaultsOf(packageOf(name))).faults).toEqual([]);
  });

  it.each(journeys)('%s makes a journey without faults, with templates that can be rendered', async (name) => {
    const definition = definitionOf(name);
    expect(definition.id).toBe(name);
    const messages = definition.steps.flatMap((step) => (step.kind === 'MESSAGE' ? [step] : []));
    expect(messages.length).toBeGreaterThan(0);
    for (const message of messages) expect(await checkTemplate(message, definition.entry.kind)).toEqual([]);
    for (const { template } of messages) {
      for (const part of [template.mjml, template.text]) expect(part).toContain('{{ unsubscribeUrl }}');
      expect(template.mjml + template.text).not.toMatch(/\[\[|\]\]/);
    }
  });

  it.each(journeys)('%s stands whatever is typed into its texts', async (name) => {
    const { settingsSchema } = packageOf(name);
    const texts = Object.entries(settingsSchema.properties).flatMap(([key, { type, pattern, maxLength = 0 }]) =>
      type === 'string' && pattern === undefined && maxLength >= HOSTILE.length ? [[key, HOSTILE] as const] : [],
    );
    expect(texts.length).toBeGreaterThan(3);
    const definition = definitionOf(name, Object.fromEntries(texts));
    for (const step of definition.steps) {
      if (step.kind === 'MESSAGE') expect(await checkTemplate(step, definition.entry.kind)).toEqual([]);
    }
  });

  it('an agent can ask what the service package brings', () => {
    const [operation] = packageOf('service-profile').objects(defaultsOf(packageOf('service-profile')));
    expect(operation?.objectId).toBe('AgentProfile');
    expect(validate(buildSchema(api()), parse(operation?.document ?? ''))).toEqual([]);
  });
});

describe('settings of a package', () => {
  const { settingsSchema } = packageOf('abandoned-cart');

  it('leave out what is switched off', () => {
    const steps = definitionOf('abandoned-cart', { wait: 'PT0S', percent: 0 }).steps;
    expect(steps.map(({ id }) => id)).toEqual(['discount']);
    expect(steps[0]).not.toHaveProperty('discount');
    const waiting = definitionOf('abandoned-cart', { wait: 'PT2H' });
    expect(waiting.steps.map(({ id }) => id)).toEqual(['wait', 'discount']);
  });

  it('tell every fault at once, without the values', () => {
    const { faults, settings } = checkSettings(settingsSchema, {
      percent: 120,
      wait: 'two hours',
      shopUrl: 'http://insecure.example',
      discont: 5,
      subject: '',
    });
    expect(faults).toHaveLength(5);
    expect(faults.join(' ')).not.toMatch(/two hours|insecure/);
    expect(settings['percent']).toBe(10);
  });

  it('are a JSON object', () => {
    for (const text of ['[]', '1', 'null', '{', '"x"']) expect(() => parseSettings(text)).toThrow(/settings/);
  });
});
