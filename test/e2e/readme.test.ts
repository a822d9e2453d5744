import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import { startWhole, type Whole } from '../support/whole.ts';

const readme = readFileSync(join(PACKAGE_ROOT, 'README.md'), 'utf8');
const block = (language: string): string => {
  const [, text] = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(readme) ?? [];
  if (text === undefined) throw new Error(`README.md has no block in ${language}.`);
  return text;
};

describe('README.md', () => {
  let whole: Whole;
  beforeAll(async () => {
    whole = await startWhole({ people: 20 });
  });
  afterAll(() => whole.close());

  it('its query gives its answer, to the letter', async () => {
    expect(await whole.ask(block('graphql'))).toEqual(JSON.parse(block('json')));
  });
});
