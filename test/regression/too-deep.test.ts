import { parse } from 'graphql';
import { DEFAULT_LIMITS } from '../../gateway/limits/limits.ts';
import { checkSize } from '../../gateway/limits/measure.ts';
import { startWhole, type Whole } from '../support/whole.ts';

describe('a short query that would ask for everything', () => {
  let whole: Whole;
  beforeAll(async () => {
    whole = await startWhole({ people: 3, embedded: true });
  });
  afterAll(() => whole.close());

  it('is refused before anything is fetched', async () => {
    const level = (rest: string): string => `salesOrders { edges { node { customer { ${rest} } } } }`;
    const nested = level(level(level('firstName')));
    const { answer, statements } = await whole.askCounting(`{ customers(first: 3) { edges { node { ${nested} } } } }`);
    const { data, errors } = answer;
    expect(data).toBeUndefined();
    expect(errors).toEqual([
      {
        message: 'The operation nests 16 levels of fields; 12 are allowed.',
        extensions: { code: 'OPERATION_TOO_DEEP' },
      },
    ]);
    expect(statements).toEqual([]);
  });
});

it('depth counts fragments where they are spread and leaves introspection out', () => {
  const document = parse(`
    { a { ...F ... on T { b } __typename } __schema { types { fields { type { ofType { ofType { name } } } } } } }
    fragment F on T { b { c { ...G } } }
    fragment G on T { d { e } }
  `);
  expect(() => checkSize(document, { ...DEFAULT_LIMITS, depth: 5 })).not.toThrow();
  expect(() => checkSize(document, { ...DEFAULT_LIMITS, depth: 4 })).toThrow('nests 5 levels');
});
