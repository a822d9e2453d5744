import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../gateway/config.ts';
import { DEFAULT_LIMITS } from '../../gateway/limits/limits.ts';
import { createLog } from '../../gateway/log.ts';
import { createSecurity } from '../../gateway/security.ts';
import { ConfigInvalid } from '../../gateway/variable-reader.ts';

const folder = mkdtempSync(join(tmpdir(), 'c360-security-'));
const keys = join(folder, 'keys.json');
writeFileSync(keys, '{"keys":[]}');
afterAll(() => rmSync(folder, { recursive: true }));

const AUTH = { AUTH_KEYS: keys, AUTH_ISSUER: 'https://login.example', AUTH_AUDIENCE: 'c360' };
const securityOf = (environment: Record<string, string>) => readConfig(environment).security;
const parts = { clock: Date.now, log: createLog('silent') };

function faultsOf(environment: Record<string, string>): string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigInvalid)) throw error;
    return error.faults.map(({ name }) => name);
  }
}

describe('the configuration of security', () => {
  it('has safe defaults', () => {
    const { authentication, limits, allowedOrigins, onlyRegistered, introspection } = securityOf({});
    expect({ authentication, limits, allowedOrigins, onlyRegistered, introspection }).toEqual({
      authentication: undefined,
      limits: DEFAULT_LIMITS,
      allowedOrigins: [],
      onlyRegistered: false,
      introspection: true,
    });
  });

  it('shows nothing in production, unless it is told to', () => {
    const hidden = { introspection: false, suggestions: false, playground: false };
    expect(securityOf({ NODE_ENV: 'production' })).toMatchObject(hidden);
    expect(securityOf({ NODE_ENV: 'production', PLAYGROUND: 'on' })).toMatchObject({ ...hidden, playground: true });
    expect(securityOf({ INTROSPECTION: 'off' })).toMatchObject({ introspection: false, playground: true });
  });

  it('lets others than this machine in only with authentication', () => {
    expect(faultsOf({ HOST: '0.0.0.0' })).toEqual(['HOST']);
    expect(faultsOf({ HOST: '0.0.0.0', ...AUTH })).toEqual([]);
    expect(faultsOf({ HOST: '0.0.0.0', AUTH_ISSUER: 'x', AUTH_AUDIENCE: 'y' })).toEqual(['HOST', 'AUTH_KEYS']);
  });

  it('repeats no address that may carry credentials, also one of another kind', () => {
    const given = { ...AUTH, AUTH_KEYS: 'htps://user:hush@login.example/keys' };
    expect(faultsOf(given)).toEqual(['AUTH_KEYS']);
    expect(() => readConfig(given)).not.toThrow(/hush/);
  });

  it('reads how tokens are checked', () => {
    const given = { ...AUTH, AUTH_ALGORITHMS: 'ES256, EdDSA', AUTH_ROLES_CLAIM: 'realm.roles', AUTH_REQUIRED: 'on' };
    expect(securityOf(given).authentication).toEqual({
      keys,
      issuer: 'https://login.example',
      audience: 'c360',
      algorithms: ['ES256', 'EdDSA'],
      isRequired: true,
      claims: { roles: 'realm.roles' },
      revocations: undefined,
    });
  });

  it.each(['HS256', 'none', 'RS256,HS256', 'ES999'])('never accepts the algorithm %s', (algorithms) => {
    expect(faultsOf({ ...AUTH, AUTH_ALGORITHMS: algorithms })).toEqual(['AUTH_ALGORITHMS']);
  });

  it('reads budgets by role', () => {
    expect(securityOf({ COST_BUDGETS: 'app=10, agent=200,*=5' }).budgets).toEqual({
      byRole: { app: 10, agent: 200 },
      otherwise: 5,
    });
    expect(securityOf({ COST_BUDGETS: 'app=10,agent=200' }).budgets?.otherwise).toBe(10);
    expect(faultsOf({ COST_BUDGETS: 'app=lots' })).toEqual(['COST_BUDGETS']);
  });

  it('lets pages of every origin ask only where tokens are asked for', () => {
    expect(faultsOf({ CORS_ORIGINS: '*' })).toEqual(['CORS_ORIGINS']);
  });

  it('tells of every fault', () => {
    const wrong = {
      CORS_ORIGINS: 'https://shop.example/path',
      LIMIT_DEPTH: '0',
      PERSISTED_OPERATIONS_ONLY: 'on',
      AUTH_KEYS: 'none.json',
    };
    expect(faultsOf(wrong).sort()).toEqual(
      ['AUTH_AUDIENCE', 'AUTH_ISSUER', 'AUTH_KEYS', 'CORS_ORIGINS', 'LIMIT_DEPTH', 'PERSISTED_OPERATIONS'].sort(),
    );
  });

  it('names the variable of a manifest or a list of revocations that is of no use', async () => {
    const path = join(folder, 'wrong.json');
    writeFileSync(path, '[]');
    const manifest = securityOf({ PERSISTED_OPERATIONS: path });
    await expect(createSecurity(manifest, parts)).rejects.toThrow('PERSISTED_OPERATIONS');
    writeFileSync(path, '{"tokenIds":7}');
    const revocations = securityOf({ ...AUTH, AUTH_REVOCATIONS: path });
    await expect(createSecurity(revocations, parts)).rejects.toThrow('AUTH_REVOCATIONS');
  });
});
