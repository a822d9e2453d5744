import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliProcesses, originOf } from '../support/cli-process.ts';
import { neo4jAddress } from '../support/neo4j.ts';
import { ask } from '../support/whole.ts';

const folder = mkdtempSync(join(tmpdir(), 'c360-cli-'));
const processes = new CliProcesses(folder);
const start = processes.start.bind(processes);
const run = processes.run.bind(processes);

afterAll(() => {
  processes.killAll();
  rmSync(folder, { recursive: true, force: true });
});

describe('c360', () => {
  it('lists its commands, explains each and knows its version', async () => {
    const help = await run(['help']);
    expect(help.code).toBe(0);
    for (const command of ['start', 'gateway', 'subgraph', 'compose', 'import', 'version'])
      expect(help.output).toContain(`  ${command} `);
    expect((await run(['gateway', '--help'])).output).toContain('--supergraph FILE|URL');
    expect((await run(['version'])).output).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    [['strat'], 'there is no command `strat`'],
    [['start', '--prot', '1'], "Unknown option '--prot'"],
    [['start', 'now'], "Unexpected argument 'now'"],
    [['gateway'], '--supergraph FILE|URL is missing'],
    [['subgraph', 'billing', '--port', '0'], 'NAME is one of identity, commerce, marketing, service'],
    [['import', '--cloud', 'commerce'], 'FILE.ndjson are needed'],
    [['import', '--cloud', 'billing', 'file.ndjson', '--data', 'memory'], 'billing'],
  ])('refuses %j with 64 and a hint', async (args, hint) => {
    const { code, errors } = await run(args);
    expect([code, errors]).toEqual([64, expect.stringContaining(hint)]);
    expect(errors).not.toContain('    at ');
  });

  it('names every fault of the configuration and exits 78', async () => {
    const { code, errors } = await run(['start', '--host', '0.0.0.0'], {
      LOG_LEVEL: 'loud',
      NEO4J_URI: 'bolt://graph',
    });
    expect(code).toBe(78);
    for (const name of ['--host', 'LOG_LEVEL', 'NEO4J_USER', 'NEO4J_PASSWORD']) expect(errors).toContain(`- ${name} `);
  });

  it('names every fault of every mapping and exits 78', async () => {
    const profile = { table: 'commerce.account', key: 'given_name', fields: { firstName: { column: 'givn_name' } } };
    const fields = { productName: { column: 'name', transforms: [{ kind: 'trimm' }] } };
    const faulty = {
      cloud: 'commerce',
      defaultCountry: 'XX',
      changes: { kind: 'outbox', schema: 'commerce' },
      objects: { SourceProfile: profile, Product: { table: 'commerce.goods', key: 'id', fields } },
    };
    writeFileSync(join(folder, 'zero.json'), JSON.stringify(faulty));
    writeFileSync(join(folder, 'one.json'), '{"cloud":"commerce"');
    writeFileSync(join(folder, 'two.json'), JSON.stringify({ ...faulty, cloud: 'service' }));
    const { code, errors } = await run(['start', '--data', 'memory'], {
      COMMERCE_MAPPING: 'zero.json',
      MARKETING_MAPPING: 'one.json',
      SERVICE_MAPPING: 'two.json',
      SERVICE_DATABASE_URL: 'postgresql://shop:geheim@127.0.0.1:1/shop',
    });
    expect(code).toBe(78);
    const [, commerce, marketing, service] = errors.split(/^- /m);
    expect(commerce).toMatch(/^COMMERCE_MAPPING .* has 5 faults:/);
    for (const place of [
      '/defaultCountry',
      '/objects/Product/fields/productName/transforms/0',
      '/objects/Product/table',
    ])
      expect(commerce).toContain(`  ${place}: `);
    expect(commerce).toContain('commerce.account has no primary key and no unique index on `given_name` alone.');
    expect(commerce).toContain('commerce.account has no column `givn_name`. Did you mean `given_name`?');
    expect(marketing).toMatch(/^MARKETING_MAPPING .*not JSON/s);
    expect(service).toMatch(
      /^SERVICE_MAPPING .* has 3 faults:.*transforms\/0: .*defaultCountry: .*\/: It can't be compared .*SERVICE_DATABASE_URL: /s,
    );
    expect(errors).not.toMatch(/geheim| {4}at /);
  });

  it('says which variable names a store that cannot be reached, and exits 69', async () => {
    const url = 'postgresql://shop:geheim@127.0.0.1:1/shop';
    const { code, errors } = await run(['start', '--data', 'memory'], { MARKETING_DATABASE_URL: url });
    expect([code, errors]).toEqual([69, expect.stringContaining('MARKETING_DATABASE_URL: ')]);
    expect(errors).not.toMatch(/geheim| {4}at /);
  });

  const onNeo4j = neo4jAddress() ? it : it.skip;
  onNeo4j('does not start with a wrong Neo4j password, and exits 69', async () => {
    const { uri = '', user = '' } = neo4jAddress() ?? {};
    const environment = { NEO4J_URI: uri, NEO4J_USER: user, NEO4J_PASSWORD: 'geheim', SAMPLE_DATA: 'false' };
    const { code, errors } = await run(['start', '--data', 'memory'], environment);
    expect([code, errors]).toEqual([69, expect.stringContaining('NEO4J_PASSWORD')]);
    expect(errors).not.toMatch(/geheim| {4}at /);
  });

  it('says that the port is in use and exits 1', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, errors } = await run(['start', '--data', 'memory', '--port', String(port)]);
    server.close();
    expect([code, errors]).toEqual([1, expect.stringContaining(`Port ${port} of 127.0.0.1 is in use.`)]);
    expect(errors).not.toContain('    at ');
  });

  it.each([
    ['nowhere.graphql', 'cannot be read from nowhere.graphql'],
    ['http://127.0.0.1:1/supergraph', 'cannot be read from http://127.0.0.1:1/supergraph'],
    ['one.json', 'is not valid'],
  ])('refuses the supergraph %s with 78', async (source, reason) => {
    writeFileSync(join(folder, 'one.json'), '{"cloud":"commerce"');
    const { code, errors } = await run(['gateway', '--supergraph', source]);
    expect([code, errors]).toEqual([78, expect.stringContaining(reason)]);
  });

  it('composes, serves subgraphs alone and a gateway over them, and stops with 0', async () => {
    const commerce = start(['subgraph', 'commerce', '--port', '0', '--data', 'memory'], { SAMPLE_DATA: 'false' });
    const marketing = start(['subgraph', 'marketing', '--port', '0', '--data', 'memory'], { SAMPLE_DATA: 'false' });
    const environment = {
      COMMERCE_URL: await originOf(commerce),
      MARKETING_URL: await originOf(marketing),
      // Nothing is there: the gateway is ready all the same, and the rest answers.
      SERVICE_URL: 'http://127.0.0.1:1',
    };
    const identity = start(['subgraph', 'identity', '--port', '0', '--data', 'memory'], environment);
    const composed = await run(['compose', '--output', 'super.graphql'], {
      ...environment,
      IDENTITY_URL: await originOf(identity),
    });
    expect([composed.code, composed.errors]).toEqual([0, '']);
    const gateway = start(['gateway', '--supergraph', 'super.graphql', '--port', '0']);
    const origin = await originOf(gateway);
    expect((await fetch(`${origin}/health/ready`)).status).toBe(200);
    const answer = await ask(
      origin,
      '{ customers { edges { node { fullName } } } product(id: "x") { id } case(id: "x") { id } }',
    );
    expect(answer.data).toEqual({ customers: { edges: [] }, product: null, case: null });
    expect(answer.errors?.map(({ extensions }: { extensions: object }) => extensions)).toEqual([
      { code: 'SUBGRAPH_DOWN', subgraph: 'service' },
    ]);
    for (const { child } of [gateway, identity, marketing, commerce]) child.kill('SIGTERM');
    expect(await Promise.all([gateway, identity, marketing, commerce].map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
  });

  it('keeps its data in a folder that serves one process, also when it is killed', async () => {
    const first = start(['start', '--data', 'store'], { SAMPLE_DATA: 'false' });
    const origin = await originOf(first);
    const refused = await run(['start', '--data', 'store']);
    expect([refused.code, refused.errors]).toEqual([69, expect.stringContaining('COMMERCE_DATABASE_URL')]);
    expect((await ask(origin, '{ customers { edges { cursor } } }')).data).toEqual({ customers: { edges: [] } });
    first.child.kill('SIGKILL');
    await first.ended;
    const exported = { id: 'C-1', email: 'ida@example.org', createdAt: '2026-01-01T00:00:00Z' };
    writeFileSync(join(folder, 'accounts.ndjson'), `${JSON.stringify(exported)}\n{"id":\n`);
    const imported = await run(['import', '--cloud', 'commerce', 'accounts.ndjson', '--data', 'store']);
    expect([imported.code, imported.errors]).toEqual([1, expect.stringContaining('line 2 refused')]);
    const second = start(['start', '--data', 'store'], { SAMPLE_DATA: 'false' });
    await originOf(second);
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);
  });
});
