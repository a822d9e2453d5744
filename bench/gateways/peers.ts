import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A gateway to measure: a command that serves the supergraph at a port. */
export interface Gateway {
  readonly name: string;
  readonly command: (place: Place) => readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** What a gateway is started with. */
export interface Place {
  readonly supergraphPath: string;
  readonly port: number;
  /** Node that runs it. */
  readonly node: string;
  /** Folder in which the peers are installed. */
  readonly peers: string;
  /** Our own command. */
  readonly cli: string;
  /** A subgraph to which the floor forwards everything. */
  readonly accountsUrl: string;
}

const PACKAGES: Readonly<Record<string, string>> = {
  '@apollo/gateway': '2.14.4',
  '@apollo/server': '5.5.1',
  '@graphql-hive/gateway': '2.15.1',
  '@graphql-hive/router-runtime': '1.4.23',
  graphql: '16.15.0',
};

/** The newest ones ask for Node 22. */
const OVERRIDES = { '@whatwg-node/disposablestack': '0.0.6', '@whatwg-node/promise-helpers': '1.3.2' };

const APOLLO = `
const { ApolloServer } = require('@apollo/server');
const { startStandaloneServer } = require('@apollo/server/standalone');
const { ApolloGateway } = require('@apollo/gateway');
const gateway = new ApolloGateway({ supergraphSdl: require('fs').readFileSync(process.argv[2], 'utf8') });
startStandaloneServer(new ApolloServer({ gateway }), { listen: { port: Number(process.argv[3]), host: '127.0.0.1' } });
`;

const FLOOR = `
const http = require('http');
const target = new URL(process.argv[2]);
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
http.createServer((request, response) => {
  const onward = http.request({ agent, host: target.hostname, port: target.port, path: target.pathname, method: 'POST',
    headers: request.headers }, (answer) => { response.writeHead(answer.statusCode, answer.headers); answer.pipe(response); });
  request.pipe(onward);
}).listen(Number(process.argv[3]), '127.0.0.1');
`;

const hiveConfig = (imports: string, handler: string, deduplicate: boolean): string =>
  [
    "import { defineConfig } from '@graphql-hive/gateway';",
    imports,
    `export const gatewayConfig = defineConfig({ ${handler} inboundInflightRequestDeduplication: ${deduplicate}, logging: 'error' });`,
  ].join('\n');
const RUST = ["import { unifiedGraphHandler } from '@graphql-hive/router-runtime';", 'unifiedGraphHandler,'] as const;

const hive = (name: string, config: string): Gateway => ({
  name,
  environment: { NODE_ENV: 'production', FORK: '1' },
  command: ({ node, peers, port, supergraphPath }) => [
    node,
    join(peers, 'node_modules/@graphql-hive/gateway/dist/bin.js'),
    'supergraph',
    supergraphPath,
    '--port',
    String(port),
    '--host',
    '127.0.0.1',
    '--config-path',
    join(peers, config),
    '--fork',
    '1',
  ],
});

const ours = (name: string, deduplication: 'off' | 'in-flight'): Gateway => ({
  name,
  environment: { NODE_ENV: 'production', LOG_LEVEL: 'warn', DEDUPLICATION: deduplication },
  command: ({ node, cli, port, supergraphPath }) => [
    node,
    cli,
    'gateway',
    '--supergraph',
    supergraphPath,
    '--port',
    String(port),
  ],
});

/** Everything that is measured, in this order; the first is what the ratios are to. */
export const GATEWAYS: readonly Gateway[] = [
  {
    name: 'Apollo Server + Gateway',
    environment: { NODE_ENV: 'production', APOLLO_TELEMETRY_DISABLED: 'true' },
    command: ({ node, peers, port, supergraphPath }) => [node, join(peers, 'apollo.cjs'), supergraphPath, String(port)],
  },
  hive('Hive Gateway', 'hive.config.mjs'),
  hive('Hive Gateway, Rust planner', 'hive-rust.config.mjs'),
  hive('Hive Gateway, Rust planner, de-duplicating', 'hive-rust-deduplicating.config.mjs'),
  ours('Customer 360', 'off'),
  ours('Customer 360, de-duplicating', 'in-flight'),
];

/** A process that forwards everything to one subgraph and does nothing else: no gateway in Node can cost less. */
export const FLOOR_GATEWAY: Gateway = {
  name: 'node:http proxy',
  command: ({ node, peers, port, accountsUrl }) => [node, join(peers, 'floor.cjs'), accountsUrl, String(port)],
};

/** Installs the peers into a folder, once. A peer that can't be installed fails the bench. */
export function installPeers(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const manifest = JSON.stringify({ private: true, dependencies: PACKAGES, overrides: OVERRIDES }, null, 2);
  const manifestPath = join(folder, 'package.json');
  const isInstalled =
    existsSync(join(folder, 'node_modules')) &&
    existsSync(manifestPath) &&
    readFileSync(manifestPath, 'utf8') === manifest;
  if (!isInstalled) {
    writeFileSync(manifestPath, manifest);
    const flags = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--legacy-peer-deps'];
    execFileSync('npm', flags, { cwd: folder, stdio: 'inherit' });
  }
  writeFileSync(join(folder, 'apollo.cjs'), APOLLO);
  writeFileSync(join(folder, 'floor.cjs'), FLOOR);
  writeFileSync(join(folder, 'hive.config.mjs'), hiveConfig('', '', false));
  writeFileSync(join(folder, 'hive-rust.config.mjs'), hiveConfig(...RUST, false));
  writeFileSync(join(folder, 'hive-rust-deduplicating.config.mjs'), hiveConfig(...RUST, true));
}
