import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { createHttpTransport } from '../../gateway/transport/http.ts';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import type { SubgraphTransport } from '../../schema/subgraph-transport.ts';
import { type Certified, createAuthority } from '../support/certificates.ts';

const authority = createAuthority('An authority');
const stranger = createAuthority('Another authority');
const closing: (() => Promise<void>)[] = [];

/** A server with a certificate, and what reached it. */
interface SecureServer {
  readonly port: number;
  readonly bodies: string[];
  /** Connections on which TLS was agreed. */
  readonly connections: () => number;
  readonly names: (string | false | null | undefined)[];
}

async function serve({ certificate, key }: Certified): Promise<SecureServer> {
  const bodies: string[] = [];
  const names: SecureServer['names'] = [];
  const server: Server = createServer({ cert: certificate, key, keepAlive: true }, (request, response) => {
    let body = '';
    request.on('data', (bytes) => {
      body += bytes;
    });
    request.on('end', () => {
      bodies.push(body);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ data: { size: body.length, text: 'ü'.repeat(100_000) } }));
    });
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) =>
    socket.on('message', (bytes) => {
      const { type, id } = JSON.parse(String(bytes));
      if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
      if (type === 'subscribe') socket.send(JSON.stringify({ type: 'next', id, payload: { data: { tick: 1 } } }));
    }),
  );
  server.on('secureConnection', ({ servername }) => names.push(servername));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  return { port: (server.address() as AddressInfo).port, bodies, names, connections: () => names.length };
}

function open(url: string, authorities = authority.certificate): SubgraphTransport {
  const options = { subgraph: 'far', url, timeoutMs: 5000, authorities, retryPercent: 0 };
  const transport = createHttpTransport({ ...options, deduplication: 'OFF' });
  closing.push(() => transport.close());
  return transport;
}

const ask = (transport: SubgraphTransport, query = '{ size }') =>
  transport.execute({ query, principal: LOCAL_ADMINISTRATOR });

/** Why a request was refused, as the log has it. */
async function refusalOf(transport: SubgraphTransport): Promise<unknown> {
  const failure = await ask(transport).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'SUBGRAPH_DOWN' });
  const { cause } = failure as { cause: { cause: { code: unknown } } };
  return cause.cause.code;
}

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

it('asks a server by its name, and again over the same connection', async () => {
  const server = await serve(authority.certify({ hosts: ['localhost'] }));
  const transport = open(`https://localhost:${server.port}`);
  for (const query of ['{ size }', '{ size # ü\n }', `{ size # ${'x'.repeat(200_000)}\n }`]) {
    expect((await ask(transport, query)).data).toMatchObject({ text: 'ü'.repeat(100_000) });
  }
  expect(server.bodies.map((body) => JSON.parse(body).query.length)).toEqual([8, 13, 200_012]);
  expect(server.names).toEqual(['localhost']);
});

it('asks side by side over connections of their own, and then again over those', async () => {
  const server = await serve(authority.certify({ hosts: ['localhost'] }));
  const transport = open(`https://localhost:${server.port}`);
  await Promise.all([1, 2, 3].map(() => ask(transport)));
  await Promise.all([1, 2, 3].map(() => ask(transport)));
  expect(server.bodies).toHaveLength(6);
  expect(server.connections()).toBe(3);
});

it('asks a server by its address', async () => {
  const server = await serve(authority.certify({ addresses: ['127.0.0.1'] }));
  await expect(ask(open(`https://127.0.0.1:${server.port}`))).resolves.toMatchObject({ data: { size: 20 } });
  expect(server.names).toEqual([false]);
});

it('follows the events of a server over TLS', async () => {
  const server = await serve(authority.certify({ hosts: ['localhost'] }));
  const events = (authorities: string) =>
    open(`https://localhost:${server.port}`, authorities)
      .subscribe({ query: 'subscription { tick }', principal: LOCAL_ADMINISTRATOR })
      [Symbol.asyncIterator]();
  expect(await events(authority.certificate).next()).toEqual({ done: false, value: { data: { tick: 1 } } });
  await expect(events(stranger.certificate).next()).rejects.toMatchObject({ code: 'SUBGRAPH_DOWN' });
  expect(server.connections()).toBe(1);
});

describe('a server that can’t show who it is gets nothing to read', () => {
  it.each([
    ['whose certificate is for another name', { hosts: ['elsewhere.invalid'] }, 'localhost'],
    ['whose certificate is for another address', { addresses: ['127.0.0.2'] }, '127.0.0.1'],
    ['that is asked by address, with a certificate for a name', { hosts: ['localhost'] }, '127.0.0.1'],
  ])('%s', async (_, names, host) => {
    const server = await serve(authority.certify(names));
    expect(await refusalOf(open(`https://${host}:${server.port}`))).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(server.bodies).toEqual([]);
  });

  it('whose authority is unknown', async () => {
    const server = await serve(stranger.certify({ hosts: ['localhost'] }));
    expect(await refusalOf(open(`https://localhost:${server.port}`))).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect(server.bodies).toEqual([]);
  });

  it('that speaks TLS, when its URL says http', async () => {
    const plain = await serve(authority.certify({ hosts: ['localhost'] }));
    const failure = await ask(open(`http://localhost:${plain.port}`)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'SUBGRAPH_DOWN' });
    expect(plain.bodies).toEqual([]);
  });
});
