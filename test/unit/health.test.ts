import { checkReadiness, type ReadinessCheck, remembered } from '../../gateway/health.ts';

const fine = async (): Promise<void> => {};
const broken = async (): Promise<void> => {
  throw new Error('not there');
};
const SERVING = { isDraining: false, isOutdated: false };

function part(name: string, isEssential: boolean, check: () => Promise<void>): ReadinessCheck {
  return { name, isEssential, check };
}

describe('readiness', () => {
  it.each([
    ['ready', [part('identity', true, fine), part('commerce', false, fine)]],
    ['degraded', [part('identity', true, fine), part('commerce', false, broken)]],
    ['unready', [part('identity', true, broken), part('commerce', false, fine)]],
  ])('is %s', async (status, parts) => {
    expect((await checkReadiness(parts, SERVING)).status).toBe(status);
  });

  it('is draining whatever else holds, and says what is outdated', async () => {
    const parts = [part('identity', true, broken)];
    expect(await checkReadiness(parts, { isDraining: true, isOutdated: true })).toEqual({
      status: 'draining',
      supergraph: 'outdated',
      subgraphs: { identity: 'unready' },
    });
  });
});

describe('a check that is remembered', () => {
  it('asks again only after its time, also when it failed', async () => {
    let now = 0;
    let asked = 0;
    let isThere = false;
    const ask = async (): Promise<void> => {
      asked += 1;
      if (!isThere) throw new Error('not there');
    };
    const { check } = remembered(part('commerce', false, ask), 5000, () => now);
    await expect(check()).rejects.toThrow('not there');
    isThere = true;
    now = 4999;
    await expect(check()).rejects.toThrow('not there');
    expect(asked).toBe(1);
    now = 5000;
    await check();
    await check();
    expect(asked).toBe(2);
  });
});
