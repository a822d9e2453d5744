import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, parse, validate } from 'graphql';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';

const schema = buildSchema(readFileSync(join(PACKAGE_ROOT, 'schema/generated/api.graphql'), 'utf8'));
const pages = ['README.md', ...readdirSync(join(PACKAGE_ROOT, 'docs')).map((name) => `docs/${name}`)];
const operations = pages
  .filter((page) => page.endsWith('.md'))
  .flatMap((page) =>
    [...readFileSync(join(PACKAGE_ROOT, page), 'utf8').matchAll(/```graphql\n([\s\S]*?)```/g)].map(([, text = '']) => ({
      page,
      text,
    })),
  )
  .filter(({ text }) => /^(\{|query|mutation|subscription)/.test(text));

// README.md had a mutation and a subscription in one block: pasted as it stood, it was refused.
it('what the documentation shows can be pasted, block by block', () => {
  expect(operations.length).toBeGreaterThan(8);
  const faults = operations.flatMap(({ page, text }) =>
    validate(schema, parse(text)).map(({ message }) => `${page}: ${message}`),
  );
  expect(faults).toEqual([]);
});
