import { isLoopback, readConfig } from '../../gateway/config.ts';
import { ConfigInvalid } from '../../gateway/variable-reader.ts';

function faultsOf(environment: NodeJS.ProcessEnv, flags = {}): readonly string[] {
  try {
    readConfig(environment, flags);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigInvalid)) throw error;
    return error.faults.map(({ name, message }) => `${name} ${message}`);
  }
}

describe('the configuration', () => {
  it('needs nothing', () => {
    const config = readConfig({});
    expect(config).toMatchObject({ host: '127.0.0.1', port: 4000, subgraphTimeoutMs: 2000, logLevel: 'info' });
    expect(config.data).toEqual({ kind: 'directory', path: `${process.cwd()}/.data` });
    expect(config.subgraphs).toEqual({ identity: {}, commerce: {}, marketing: {}, service: {} });
    expect(config).not.toHaveProperty('sampleData');
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('takes flags before variables, and an empty variable for none', () => {
    const environment = { PORT: '5000', HOST: '', SAMPLE_DATA: 'false', NODE_ENV: 'production', DEFAULT_COUNTRY: 'GB' };
    const config = readConfig(environment, { port: '0', host: '::1', data: 'memory' });
    expect(config).toMatchObject({
      port: 0,
      host: '::1',
      data: { kind: 'memory' },
      sampleData: false,
      isProduction: true,
    });
    expect(config.defaultCountry).toBe('GB');
  });

  it('reads where NATS is, and repeats nothing of what may be secret', () => {
    const read = (NATS_URL: string) => readConfig({ NATS_URL, NATS_PREFIX: 'shop-1', NATS_REPLICAS: '3' }).nats;
    expect(read('nats://user:p%40ss@a:4333, nats://b')).toEqual({
      address: { servers: ['a:4333', 'b:4222'], isEncrypted: false, login: { user: 'user', pass: 'p@ss' } },
      prefix: 'shop-1',
      replicas: 3,
    });
    expect(read('tls://s3cret@a')?.address).toEqual({
      servers: ['a:4222'],
      isEncrypted: true,
      login: { token: 's3cret' },
    });
    expect(readConfig({ NATS_URL: 'nats://[::1]:4222' }).nats).toMatchObject({
      address: { servers: ['[::1]:4222'], login: null },
      prefix: 'c360',
      replicas: 1,
    });
    expect(readConfig({})).not.toHaveProperty('nats');
    for (const wrong of [
      'http://s3cret@a',
      's3cret',
      'nats://s3cret@a,tls://b',
      'nats://s3cret%@a',
      'nats://s3cret@a/x',
    ]) {
      const faults = faultsOf({ NATS_URL: wrong });
      expect(faults).toEqual([expect.stringContaining('NATS_URL must be a URL that begins with nats://')]);
      expect(faults.join()).not.toContain('s3cret');
    }
  });

  it('names where each store and subgraph is', () => {
    const config = readConfig({
      COMMERCE_DATABASE_URL: 'postgresql://shop:secret@db/shop',
      COMMERCE_MAPPING: 'package.json',
      SERVICE_URL: 'https://service.example/graphql',
      NEO4J_URI: 'bolt://127.0.0.1:7687',
      NEO4J_USER: 'neo4j',
      NEO4J_PASSWORD: 'secret',
    });
    expect(config.subgraphs).toEqual({
      identity: {},
      commerce: { databaseUrl: 'postgresql://shop:secret@db/shop', mapping: `${process.cwd()}/package.json` },
      marketing: {},
      service: { url: 'https://service.example/graphql' },
    });
    expect(config.neo4j).toEqual({ uri: 'bolt://127.0.0.1:7687', user: 'neo4j', password: 'secret' });
  });

  it('tells every fault at once, and repeats nothing that may be secret', () => {
    const faults = faultsOf(
      {
        HOST: '0.0.0.0',
        SUBGRAPH_TIMEOUT_MS: '1.5',
        LOG_LEVEL: 'loud',
        NODE_ENV: 'prod',
        DEFAULT_COUNTRY: 'Germany',
        SAMPLE_DATA: 'yes',
        COMMERCE_DATABASE_URL: 'mysql://shop:geheim@db/shop',
        MARKETING_MAPPING: 'nowhere.json',
        SERVICE_URL: 'http://service',
        SERVICE_DATABASE_URL: 'postgres://service:geheim@db/service',
        IDENTITY_DATABASE_URL: 'postgres://identity:geheim@db/identity',
        NEO4J_URI: 'http://geheim@graph',
        NEO4J_USER: 'neo4j',
        NEO4J_PASSWORD: 'geheim',
      },
      { port: '70000' },
    );
    expect(faults.map((fault) => fault.split(' ')[0]).sort()).toEqual(
      [
        ...['--port', 'COMMERCE_DATABASE_URL', 'DEFAULT_COUNTRY', 'HOST', 'LOG_LEVEL', 'MARKETING_MAPPING'],
        ...['NEO4J_URI', 'NODE_ENV', 'SAMPLE_DATA', 'SERVICE_URL', 'SUBGRAPH_TIMEOUT_MS'],
      ].sort(),
    );
    expect(faults.join('\n')).not.toContain('geheim');
    expect(faults).toContain('LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent, not `loud`.');
    expect(faults).toContain('COMMERCE_DATABASE_URL must be a URL that begins with postgresql:// or postgres://.');
  });

  it('wants all of Neo4j or nothing', () => {
    expect(faultsOf({ NEO4J_URI: 'bolt://graph' })).toEqual([
      'NEO4J_USER is missing: NEO4J_URI, NEO4J_USER and NEO4J_PASSWORD go together.',
      'NEO4J_PASSWORD is missing: NEO4J_URI, NEO4J_USER and NEO4J_PASSWORD go together.',
    ]);
  });

  it.each(['127.0.0.1', '127.9.9.9', '::1', 'localhost'])('listens on loopback: %s', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example', 'localhost.example', '127.evil'])(
    'and on nothing else: %s',
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );
});
