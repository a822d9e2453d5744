// `npm run nats`: the installed NATS server with JetStream on a folder of its own, with a login, on loopback.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { choosePort, Refusal, readArguments, runScript, ServerFiles, serve } from './server-control.mjs';

const USER = 'customer360';
const LOWEST_VERSION = [2, 9];
const USAGE = `node scripts/nats.mjs [--detach] [--folder DIR]   start (NATS_PORT, NATS_PASSWORD)
node scripts/nats.mjs stop [--folder DIR]       stop what --detach started`;

runScript(async () => {
  const options = readArguments(USAGE);
  await serve(new ServerFiles(options.folder, 'nats'), options, {
    signal: 'SIGTERM',
    stopSeconds: 20,
    begin: () => begin(options),
  });
});

async function begin({ folder }) {
  const program = findProgram();
  const home = join(folder, 'nats');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const port = await choosePort(process.env.NATS_PORT, 4222, 'NATS_PORT');
  const password = readPassword(join(home, 'password'));
  const configuration = join(home, 'server.conf');
  writeFileSync(configuration, settings({ home, port, password }), { mode: 0o600 });
  const files = new ServerFiles(folder, 'nats');
  const child = files.start(program, ['--config', configuration], { cwd: home });
  await files.waitUntilReady(child, () => answers(port, password), 30);
  return { child, variables: { NATS_URL: `nats://${USER}:${encodeURIComponent(password)}@127.0.0.1:${port}` } };
}

function settings({ home, port, password }) {
  const login = `{ user: ${JSON.stringify(USER)}, password: ${JSON.stringify(password)} }`;
  return `listen: "127.0.0.1:${port}"
authorization: ${login}
jetstream: { store_dir: ${JSON.stringify(join(home, 'data'))}, max_memory_store: 64MB, max_file_store: 4GB }
`;
}

/** Debian puts it where only root's PATH leads. */
function findProgram() {
  const hint = 'On Debian or Ubuntu: apt-get install nats-server';
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const program = folders.map((folder) => join(folder, 'nats-server')).find((path) => existsSync(path));
  if (!program) throw new Refusal(`nats-server is not installed.\n${hint}`);
  const text = execFileSync(program, ['--version'], { encoding: 'utf8' });
  const [, major = 0, minor = 0] = (/v?(\d+)\.(\d+)/.exec(text) ?? []).map(Number);
  const isOld = major < LOWEST_VERSION[0] || (major === LOWEST_VERSION[0] && minor < LOWEST_VERSION[1]);
  if (isOld) throw new Refusal(`NATS ${LOWEST_VERSION.join('.')} or newer is needed; ${program} is ${text.trim()}.`);
  return program;
}

function readPassword(file) {
  if (existsSync(file)) return readFileSync(file, 'utf8');
  const password = process.env.NATS_PASSWORD || randomBytes(16).toString('hex');
  writeFileSync(file, password, { mode: 0o600 });
  return password;
}

/** JetStream has to answer with the real login: an open port alone says nothing yet. */
async function answers(port, pass) {
  let connection;
  try {
    connection = await connect({ servers: `127.0.0.1:${port}`, user: USER, pass, timeout: 2000, reconnect: false });
    await jetstreamManager(connection);
    return true;
  } catch (error) {
    if (/authorization/i.test(error.message)) throw new Refusal('NATS refuses the password kept in its folder.');
    return false;
  } finally {
    await connection?.close();
  }
}
