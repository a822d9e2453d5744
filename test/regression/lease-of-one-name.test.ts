import { type IdentityOperation, LeaseLost } from '../../subgraphs/identity/store/repository.ts';
import { IDENTITY_STORES } from '../store/identity-stores.ts';

const AT = '2026-03-01T10:00:00.000Z';
const create = (digit: string): IdentityOperation => ({
  kind: 'create',
  customer360Id: `c360_${digit.padStart(26, '0')}`,
});

it.each(IDENTITY_STORES)(
  'of two processes that share a name only the later one may resolve, on $name',
  async (kind) => {
    const store = await kind.open();
    const { repository } = store;
    try {
      await repository.prepare();
      await store.empty();
      await repository.prepare();
      const first = await repository.acquireLease('same', 1_000, 10_000);
      const second = await (await store.another()).acquireLease('same', 1_000, 10_001);
      if (!first || !second) throw new Error('a process that comes back under its name need not wait');
      expect(second.token).toBeGreaterThan(first.token);
      await expect(repository.apply({ operations: [create('1')], lease: first, at: AT })).rejects.toThrow(LeaseLost);
      expect(await repository.renewLease(first, 1_000, 10_002)).toBe(false);
      await repository.releaseLease(first);
      expect(await repository.acquireLease('same', 1_000, 10_003, false)).toBeNull();
      await repository.apply({ operations: [create('2')], lease: second, at: AT });
      expect(await repository.renewLease(second, 1_000, 10_900)).toBe(true);
      expect(await repository.acquireLease('same', 1_000, 11_899, false)).toBeNull();
      const third = await repository.acquireLease('same', 1_000, 11_900, false);
      expect(third?.token).toBeGreaterThan(second.token);
    } finally {
      await store.close();
    }
  },
);
