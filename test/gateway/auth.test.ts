import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { Authenticated } from '../../gateway/auth/authenticator.ts';
import { createJwtAuthenticator, type JwtAuthenticator, type JwtOptions } from '../../gateway/auth/jwt.ts';
import { ANONYMOUS } from '../../gateway/authorize/rights.ts';
import { createInProcessTransport } from '../../gateway/transport/in-process.ts';
import { startTinyGateway } from '../support/tiny-gateway.ts';
import { localTiny, TinyWorld } from '../support/tiny-supergraph.ts';

const ISSUER = 'https://login.example';
const AUDIENCE = 'customer-360';

/** Whoever gives out tokens: a real server with its keys, that can rotate them, fail, and revoke. */
class Issuer {
  readonly #server: Server;
  readonly keys: {
    readonly kid: string;
    readonly algorithm: string;
    readonly sign: CryptoKey;
    readonly publicKey: JWK;
  }[] = [];
  published: string[] = [];
  revoked: { tokenIds: string[]; subjects: string[] } = { tokenIds: [], subjects: [] };
  isDown = false;
  readings = 0;
  /** Requests that were refused while it was down. */
  refused = 0;

  constructor() {
    this.#server = createServer((request, response) => {
      const isKeys = request.url === '/keys';
      if (isKeys) this.readings += 1;
      if (this.isDown) {
        this.refused += 1;
        return void response.writeHead(503).end();
      }
      const keys = this.keys.filter(({ kid }) => this.published.includes(kid)).map(({ publicKey }) => publicKey);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(isKeys ? { keys } : this.revoked));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async open(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async addKey(kid: string, algorithm = 'ES256'): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
    this.keys.push({
      kid,
      algorithm,
      sign: privateKey,
      publicKey: { ...(await exportJWK(publicKey)), kid, alg: algorithm },
    });
    this.published.push(kid);
  }

  /** A token of the key added last, unless another is named; claims given as undefined are left out. */
  async token(claims: Readonly<Record<string, unknown>> = {}, kid = this.keys.at(-1)?.kid): Promise<string> {
    const key = this.keys.find((candidate) => candidate.kid === kid);
    if (!key) throw new Error('There is no such key.');
    const all = { iss: ISSUER, aud: AUDIENCE, sub: 'somebody', exp: SECONDS + 600, ...claims };
    return new SignJWT(JSON.parse(JSON.stringify(all)))
      .setProtectedHeader({ alg: key.algorithm, kid: key.kid })
      .sign(key.sign);
  }
}

/** The clock of every test begins here. */
const SECONDS = 1_900_000_000;
let now = SECONDS * 1000;
let issuer: Issuer;
let failures: string[];
const opened: JwtAuthenticator[] = [];

beforeEach(async () => {
  now = SECONDS * 1000;
  failures = [];
  issuer = await new Issuer().open();
  await issuer.addKey('first');
});

afterEach(async () => {
  for (const authenticator of opened.splice(0)) authenticator.close();
  await issuer.close();
});

async function authenticator(options: Partial<JwtOptions> = {}): Promise<JwtAuthenticator> {
  const made = await createJwtAuthenticator({
    keys: `${issuer.url}/keys`,
    issuer: ISSUER,
    audience: AUDIENCE,
    clock: () => now,
    onFailure: (what) => failures.push(what),
    ...options,
  });
  opened.push(made);
  return made;
}

const bearing = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const codeOf = (attempt: Promise<Authenticated>): Promise<string> =>
  attempt.then(
    () => 'let in',
    (error: { code: string }) => error.code,
  );

describe('a token', () => {
  it('that names no key may be of any key of its algorithm', async () => {
    await issuer.addKey('second');
    await issuer.addKey('other', 'RS256');
    const made = await authenticator();
    const nameless = (claims: object, kid: string) => {
      const key = issuer.keys.find((candidate) => candidate.kid === kid);
      if (!key) throw new Error('There is no such key.');
      const all = { iss: ISSUER, aud: AUDIENCE, sub: 'somebody', exp: SECONDS + 600, ...claims };
      return new SignJWT(all).setProtectedHeader({ alg: key.algorithm }).sign(key.sign);
    };
    for (const kid of ['first', 'second', 'other']) {
      expect(await codeOf(made.authenticate(bearing(await nameless({}, kid))))).toBe('let in');
    }
    expect(await codeOf(made.authenticate(bearing(await nameless({ exp: SECONDS - 60 }, 'second'))))).toBe(
      'UNAUTHENTICATED',
    );
    const { privateKey } = await generateKeyPair('ES256');
    const claims = { iss: ISSUER, aud: AUDIENCE, sub: 'somebody', exp: SECONDS + 600 };
    const forged = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(privateKey);
    expect(await codeOf(made.authenticate(bearing(forged)))).toBe('UNAUTHENTICATED');
  });

  it('says who asks', async () => {
    const made = await authenticator({ claims: { roles: 'realm.roles', purpose: 'https://example/purpose' } });
    const token = await issuer.token({
      sub: 'alice',
      realm: { roles: ['app'] },
      scope: 'read  write',
      customer360Id: 'c360_x',
      'https://example/purpose': 'service',
    });
    const { principal } = await made.authenticate(bearing(token));
    expect(principal).toEqual({
      subject: 'alice',
      roles: ['app'],
      scopes: ['read', 'write'],
      customer360Id: 'c360_x',
      purpose: 'service',
    });
    const listed = await issuer.token({ realm: { roles: 'agent admin' }, scope: ['read', 7] });
    expect((await made.authenticate(bearing(listed))).principal).toMatchObject({
      roles: ['agent', 'admin'],
      scopes: ['read'],
    });
  });

  it('is read from what a socket was opened with, too', async () => {
    const made = await authenticator();
    const connectionParams = { authorization: `Bearer ${await issuer.token({ sub: 'socket' })}` };
    expect((await made.authenticate({ headers: {}, connectionParams })).principal.subject).toBe('socket');
  });

  it.each(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'])('may be signed by %s', async (algorithm) => {
    await issuer.addKey('other', algorithm);
    expect(await codeOf((await authenticator()).authenticate(bearing(await issuer.token())))).toBe('let in');
  });

  it.each([
    ['of another issuer', { iss: 'https://evil.example' }],
    ['for another audience', { aud: 'another' }],
    ['without an expiry', { exp: undefined }],
    ['without a subject', { sub: undefined }],
    ['with an empty subject', { sub: '' }],
    ['with a subject that is no text', { sub: 7 }],
    ['with an id that is no text, which no list of revocations names', { jti: 7 }],
    ['that expired', { exp: SECONDS - 31 }],
    ['that is not valid yet', { nbf: SECONDS + 31 }],
  ])('%s is refused', async (_what, claims) => {
    expect(await codeOf((await authenticator()).authenticate(bearing(await issuer.token(claims))))).toBe(
      'UNAUTHENTICATED',
    );
  });

  it.each([
    ['30 s after its expiry', { exp: SECONDS - 29 }],
    ['30 s before it is valid', { nbf: SECONDS + 29 }],
  ])('is let in up to %s, as clocks differ', async (_what, claims) => {
    expect(await codeOf((await authenticator()).authenticate(bearing(await issuer.token(claims))))).toBe('let in');
  });

  it('without a signature, with the public key as a secret, or tampered with is refused', async () => {
    const made = await authenticator();
    const payload = { iss: ISSUER, aud: AUDIENCE, sub: 'evil', roles: ['admin'], exp: SECONDS + 600 };
    const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
    const unsigned = `${encode({ alg: 'none' })}.${encode(payload)}.`;
    const secret = Buffer.from(JSON.stringify(issuer.keys[0]?.publicKey));
    const symmetric = await new SignJWT(payload).setProtectedHeader({ alg: 'HS256', kid: 'first' }).sign(secret);
    const [head, , signature] = (await issuer.token()).split('.');
    const tampered = `${head}.${encode(payload)}.${signature}`;
    for (const token of [unsigned, symmetric, tampered, 'a.b.c', 'nonsense']) {
      expect(await codeOf(made.authenticate(bearing(token)))).toBe('UNAUTHENTICATED');
    }
    for (const authorization of ['Basic dTpw', 'Bearer', 'Bearer a b']) {
      expect(await codeOf(made.authenticate({ headers: { authorization } }))).toBe('UNAUTHENTICATED');
    }
  });

  it('of an algorithm that is not on the list is refused', async () => {
    const made = await authenticator({ algorithms: ['RS256'] });
    expect(await codeOf(made.authenticate(bearing(await issuer.token())))).toBe('UNAUTHENTICATED');
  });

  it('is checked once: afterwards it costs no signature, until it expires', async () => {
    const made = await authenticator();
    const token = await issuer.token({ exp: SECONDS + 10 });
    await made.authenticate(bearing(token));
    const began = process.cpuUsage();
    for (let index = 0; index < 1000; index += 1) await made.authenticate(bearing(token));
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 1000).toBeLessThan(200);
    now += 41_000;
    expect(await codeOf(made.authenticate(bearing(token)))).toBe('UNAUTHENTICATED');
  });

  it('is not needed unless it is required', async () => {
    expect((await (await authenticator()).authenticate({ headers: {} })).principal).toEqual(ANONYMOUS);
    expect(await codeOf((await authenticator({ isRequired: true })).authenticate({ headers: {} }))).toBe(
      'UNAUTHENTICATED',
    );
  });
});

describe('the keys', () => {
  it('rotate without a failure, also when the first ones were read only just now', async () => {
    const made = await authenticator();
    const old = await issuer.token();
    expect(await codeOf(made.authenticate(bearing(old)))).toBe('let in');
    await issuer.addKey('second');
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, index) => issuer.token({ sub: `s${index}` })));
    const outcomes = await Promise.all([old, ...tokens].map((token) => codeOf(made.authenticate(bearing(token)))));
    expect(new Set(outcomes)).toEqual(new Set(['let in']));
    expect(issuer.readings).toBe(2);
  });

  it('that were withdrawn are noticed, by tokens checked before, too', async () => {
    const made = await authenticator();
    const old = await issuer.token();
    await made.authenticate(bearing(old));
    await issuer.addKey('second');
    issuer.published = ['second'];
    await made.authenticate(bearing(await issuer.token()));
    expect(await codeOf(made.authenticate(bearing(old)))).toBe('UNAUTHENTICATED');
  });

  it('are asked for no more often than the pause allows, whatever keys are named', async () => {
    const made = await authenticator();
    await made.authenticate(bearing(await issuer.token()));
    await issuer.addKey('unknown');
    issuer.published = ['first'];
    for (let index = 0; index < 50; index += 1) {
      await codeOf(made.authenticate(bearing(await issuer.token({ sub: `s${index}` }, 'unknown'))));
    }
    expect(issuer.readings).toBe(2);
    now += 2001;
    await codeOf(made.authenticate(bearing(await issuer.token({}, 'unknown'))));
    expect(issuer.readings).toBe(3);
  });

  it('stay what they were while the issuer is down', async () => {
    const made = await authenticator();
    await made.authenticate(bearing(await issuer.token()));
    issuer.isDown = true;
    now += 400_000;
    expect(await codeOf(made.authenticate(bearing(await issuer.token({ sub: 'another' }))))).toBe('let in');
    await issuer.addKey('second');
    expect(await codeOf(made.authenticate(bearing(await issuer.token())))).toBe('UNAUTHENTICATED');
    expect(failures).toContain('keys');
    issuer.isDown = false;
    now += 2001;
    expect(await codeOf(made.authenticate(bearing(await issuer.token())))).toBe('let in');
  });

  it('that were never read let nobody in, and say that it is our fault', async () => {
    issuer.isDown = true;
    const made = await authenticator();
    expect(await codeOf(made.authenticate(bearing(await issuer.token())))).toBe('AUTHENTICATION_UNAVAILABLE');
    issuer.isDown = false;
    expect(await codeOf(made.authenticate(bearing(await issuer.token())))).toBe('let in');
  });

  it('may need credentials, which no message repeats', async () => {
    const [seen, errors]: [unknown[], unknown[]] = [[], []];
    const guarded = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(500).end();
    });
    guarded.listen(0, '127.0.0.1');
    await once(guarded, 'listening');
    const keys = `http://user:hush%40@127.0.0.1:${(guarded.address() as AddressInfo).port}/keys`;
    const made = await authenticator({ keys, onFailure: (_what, error) => errors.push(error) });
    expect(await codeOf(made.authenticate(bearing(await issuer.token())))).toBe('AUTHENTICATION_UNAVAILABLE');
    expect(seen).toEqual([`Basic ${Buffer.from('user:hush@').toString('base64')}`]);
    expect(errors.map(String).join()).not.toContain('hush');
    guarded.closeAllConnections();
    guarded.close();
  });

  it('may be in a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'c360-keys-'));
    const path = join(folder, 'keys.json');
    const write = (): void =>
      writeFileSync(path, JSON.stringify({ keys: issuer.keys.map(({ publicKey }) => publicKey) }));
    write();
    const made = await authenticator({ keys: path });
    expect(await codeOf(made.authenticate(bearing(await issuer.token())))).toBe('let in');
    await issuer.addKey('second');
    write();
    expect(await codeOf(made.authenticate(bearing(await issuer.token())))).toBe('let in');
    rmSync(folder, { recursive: true });
  });
});

describe('a token that is in use', () => {
  /** Resolves with the time it took, milliseconds. */
  const fired = async ({ ended }: Authenticated): Promise<number> => {
    const began = performance.now();
    if (!ended.aborted) await once(ended, 'abort');
    return performance.now() - began;
  };

  it('ends at its expiry within a second', async () => {
    const made = await authenticator();
    const used = await made.authenticate(bearing(await issuer.token({ exp: SECONDS + 60 })));
    expect(used.ended.aborted).toBe(false);
    now += 60_000;
    expect(await fired(used)).toBeLessThan(1000);
  });

  it('ends within a second when the token or its subject is revoked, and is not let in again', async () => {
    const made = await authenticator({ revocations: `${issuer.url}/revoked` });
    const byId = await issuer.token({ jti: 'token-7' });
    const bySubject = await issuer.token({ sub: 'mallory' });
    const other = await made.authenticate(bearing(await issuer.token({ sub: 'alice', jti: 'token-8' })));
    const used = [await made.authenticate(bearing(byId)), await made.authenticate(bearing(bySubject))];
    const all = used.map((each) => fired(each));
    expect(other.ended.aborted).toBe(false);
    issuer.revoked = { tokenIds: ['token-7'], subjects: ['mallory'] };
    expect(Math.max(...(await Promise.all(all)))).toBeLessThan(1000);
    expect(other.ended.aborted).toBe(false);
    expect(await codeOf(made.authenticate(bearing(byId)))).toBe('UNAUTHENTICATED');
    expect(await codeOf(made.authenticate(bearing(bySubject)))).toBe('UNAUTHENTICATED');
    // The list can't be read any more: what it said holds on.
    issuer.isDown = true;
    expect(await codeOf(made.authenticate(bearing(byId)))).toBe('UNAUTHENTICATED');
  });

  it('is checked by the list read last, and an outage of the list is told once', async () => {
    issuer.revoked = { tokenIds: [], subjects: ['mallory'] };
    const made = await createJwtAuthenticator({
      keys: `${issuer.url}/keys`,
      issuer: ISSUER,
      audience: AUDIENCE,
      clock: () => now,
      revocations: `${issuer.url}/revoked`,
      onFailure: (what) => failures.push(what),
    });
    opened.push(made);
    await made.authenticate(bearing(await issuer.token()));
    issuer.isDown = true;
    const refused = issuer.refused;
    while (issuer.refused < refused + 3) await new Promise(setImmediate);
    expect(failures).toEqual(['revocations']);
    expect(await codeOf(made.authenticate(bearing(await issuer.token({ sub: 'mallory' }))))).toBe('UNAUTHENTICATED');
  });

  it('can be revoked by a function, and nothing is watched once nobody looks', async () => {
    const revoked = new Set<string>();
    const made = await authenticator({ revocations: ({ subject }) => revoked.has(subject) });
    const used = await made.authenticate(bearing(await issuer.token()));
    const ending = fired(used);
    revoked.add('somebody');
    expect(await ending).toBeLessThan(1000);
    used.release();
    expect(await codeOf(made.authenticate(bearing(await issuer.token())))).toBe('UNAUTHENTICATED');
  });

  it('is nobody to be let in without a list that can be read at first', async () => {
    issuer.isDown = true;
    await expect(authenticator({ revocations: `${issuer.url}/revoked` })).rejects.toThrow('status 503');
  });
});

it('over HTTP a bad token is 401, none is anonymous, and the subgraphs learn who asks', async () => {
  const world = new TinyWorld();
  const tiny = await startTinyGateway({
    transports: {
      hub: createInProcessTransport(localTiny('hub', world)),
      shop: createInProcessTransport(localTiny('shop', world)),
      desk: createInProcessTransport(localTiny('desk', world)),
    },
    gateway: { authenticator: await authenticator() },
  });
  const post = (headers: Record<string, string>) =>
    fetch(`${tiny.server.origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{"query":"{ people { id } }"}',
    });
  const bad = await post({ authorization: 'Bearer nonsense' });
  expect([bad.status, bad.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  expect(await bad.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  expect(world.asked).toHaveLength(0);
  expect((await post({})).status).toBe(200);
  expect(world.asked.at(-1)?.request.principal).toEqual(ANONYMOUS);
  await post({ authorization: `Bearer ${await issuer.token({ sub: 'agent-7', roles: ['agent'] })}` });
  expect(world.asked.at(-1)?.request.principal).toMatchObject({ subject: 'agent-7', roles: ['agent'] });
  await tiny.close();
});
