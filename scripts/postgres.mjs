// `npm run postgres`: the installed PostgreSQL on a folder of its own, with one database for each store.
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import pg from 'pg';
import { choosePort, pause, Refusal, readArguments, runScript, ServerFiles, serve } from './server-control.mjs';

const DATABASES = ['commerce', 'marketing', 'service', 'identity'];
const OWNER = 'customer360';
const LOWEST_VERSION = 15;
const USAGE = `node scripts/postgres.mjs [--detach] [--fast] [--folder DIR]   start (PGPORT, PGPASSWORD)
node scripts/postgres.mjs stop [--folder DIR]                  stop what --detach started
  --fast   no fsync: for tests, not for data worth keeping`;

runScript(async () => {
  const options = readArguments(USAGE);
  await serve(new ServerFiles(options.folder, 'postgres'), options, {
    // SIGINT is PostgreSQL's fast shutdown: sessions are cut, data is written.
    signal: 'SIGINT',
    stopSeconds: 20,
    begin: () => begin(options),
  });
});

async function begin({ folder, fast }) {
  const programs = findPrograms();
  const user = chooseUser();
  const port = await choosePort(process.env.PGPORT, 54320, 'PGPORT');
  const { data, password } = prepareData(folder, programs, user);
  const files = new ServerFiles(folder, 'postgres');
  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: 200 };
  if (fast) Object.assign(settings, { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' });
  const args = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  await waitForPredecessor(data);
  const child = files.start(join(programs, 'postgres'), ['-D', data, '-p', String(port), ...args], {
    ...user,
    cwd: data,
  });
  const address = { host: '127.0.0.1', port, user: 'postgres', database: 'postgres', password };
  await files.waitUntilReady(child, () => answers(address), 60);
  await createDatabases(address);
  const login = `${OWNER}:${encodeURIComponent(password)}`;
  const variables = DATABASES.map((name) => [
    `${name.toUpperCase()}_DATABASE_URL`,
    `postgresql://${login}@127.0.0.1:${port}/${name}`,
  ]);
  return { child, variables: Object.fromEntries(variables) };
}

/** The folder of PostgreSQL's programs: the newest of Debian's folders, else from PATH. */
function findPrograms() {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  const found = folders.find((folder) => ['initdb', 'postgres'].every((name) => isProgram(join(folder, name))));
  if (!found)
    throw new Refusal(
      'PostgreSQL is not installed (no initdb in /usr/lib/postgresql/*/bin nor in PATH).\nOn Debian or Ubuntu: apt-get install postgresql',
    );
  const version = Number(
    /(\d+)(\.|$|\D)/.exec(execFileSync(join(found, 'postgres'), ['--version'], { encoding: 'utf8' }))?.[1],
  );
  if (!(version >= LOWEST_VERSION))
    throw new Refusal(`PostgreSQL ${LOWEST_VERSION} or newer is needed; ${found} has ${version}.`);
  return found;
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** PostgreSQL refuses to run as root: then it runs as `postgres` or `nobody`. */
function chooseUser() {
  if (process.getuid?.() !== 0) return {};
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const account = ['postgres', 'nobody'].map((name) => accounts.find((fields) => fields[0] === name)).find(Boolean);
  if (!account)
    throw new Refusal('PostgreSQL does not run as root, and there is neither a user postgres nor nobody to run it as.');
  return { uid: Number(account[2]), gid: Number(account[3]) };
}

/** Makes the data folder on the first start. Its password is kept beside it. */
function prepareData(folder, programs, user) {
  const home = chooseHome(folder, user);
  const data = join(home, 'data');
  const passwordFile = join(home, 'password');
  if (existsSync(join(data, 'PG_VERSION')) && existsSync(passwordFile)) {
    return { data, password: readFileSync(passwordFile, 'utf8') };
  }
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const password = process.env.PGPASSWORD || randomBytes(16).toString('hex');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user.uid !== undefined) for (const path of [home, passwordFile]) chownSync(path, user.uid, user.gid);
  console.error(`Creating ${data} …`);
  try {
    const options = [
      '--username=postgres',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C.UTF-8',
      '--lc-collate=C',
      '--no-sync',
    ];
    execFileSync(join(programs, 'initdb'), ['-D', data, ...options], {
      ...user,
      cwd: home,
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
    });
  } catch (error) {
    rmSync(home, { recursive: true, force: true });
    throw new Refusal(`initdb failed:\n${error.stderr ?? error.message}`);
  }
  return { data, password };
}

/** A server that was killed leaves sessions behind for a moment, and PostgreSQL does not start beside them. */
async function waitForPredecessor(data) {
  const file = join(data, 'postmaster.pid');
  for (let tries = 0; existsSync(file) && tries < 50; tries += 1) {
    try {
      process.kill(Number.parseInt(readFileSync(file, 'utf8'), 10), 0);
    } catch {
      break;
    }
    await pause(100);
  }
}

/** Under the folder, or, where the user that runs PostgreSQL may not go there (a root's home), a temporary one. */
function chooseHome(folder, user) {
  const wanted = join(folder, 'postgres');
  if (user.uid === undefined) return wanted;
  try {
    execFileSync('/bin/sh', ['-c', 'cd "$0"', folder], { ...user, cwd: '/', stdio: 'ignore' });
    return wanted;
  } catch {
    return join(tmpdir(), `customer360-postgres-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`);
  }
}

async function answers(address) {
  const client = new pg.Client({ ...address, connectionTimeoutMillis: 2000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch (error) {
    if (error.code === '28P01') throw new Refusal('PostgreSQL refuses the password kept beside its data folder.');
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

/** The stores' databases belong to a role without special rights but CREATEDB, which the tests' databases need. */
async function createDatabases(address) {
  const client = new pg.Client(address);
  await client.connect();
  try {
    const roles = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [OWNER]);
    if (roles.rowCount === 0) {
      await client.query(`CREATE ROLE ${OWNER} LOGIN CREATEDB PASSWORD ${client.escapeLiteral(address.password)}`);
    }
    const existing = await client.query('SELECT datname FROM pg_database');
    const names = new Set(existing.rows.map((row) => row.datname));
    for (const name of DATABASES) if (!names.has(name)) await client.query(`CREATE DATABASE ${name} OWNER ${OWNER}`);
  } finally {
    await client.end();
  }
}
