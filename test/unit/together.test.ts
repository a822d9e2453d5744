import { together } from '../../database/together.ts';

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

it('gives together what came meanwhile, in order, reads no further ahead than so many, and tells a failure last', async () => {
  let told = 0;
  async function* source(): AsyncGenerator<number> {
    for (let value = 1; value <= 10; value += 1) {
      told = value;
      yield value;
    }
    throw new Error('The way is broken.');
  }
  const read: number[][] = [];
  const all = (async () => {
    for await (const values of together(source(), 4)) {
      read.push(values);
      await turns(20);
      expect(told - read.flat().length).toBeLessThanOrEqual(4);
    }
  })();
  await expect(all).rejects.toThrow('The way is broken.');
  expect(read.flat()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(read.length).toBeLessThan(6);
  expect(read.every(({ length }) => length > 0 && length <= 4)).toBe(true);
});

it('lets the source go when nobody wants more', async () => {
  let isClosed = false;
  async function* source(): AsyncGenerator<number> {
    try {
      for (let value = 0; ; value += 1) yield value;
    } finally {
      isClosed = true;
    }
  }
  for await (const values of together(source(), 2)) if (values.length > 0) break;
  await turns(5);
  expect(isClosed).toBe(true);
});
