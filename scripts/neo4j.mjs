// `npm run neo4j`: a real Neo4j from Maven Central, without a container: its jars, one Java process, Bolt on loopback.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import neo4j from 'neo4j-driver';
import { choosePort, Refusal, ROOT, readArguments, runScript, ServerFiles, serve } from './server-control.mjs';

const VERSION = '5.26.30';
const DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';
const LOWEST_JAVA = 17;
const USER = 'neo4j';
/** Shared by all servers of this checkout, whatever their folder. */
const CACHE = join(ROOT, '.servers', 'neo4j');
const USAGE = `node scripts/neo4j.mjs [--detach] [--folder DIR]   start (NEO4J_PASSWORD, NEO4J_PORT)
node scripts/neo4j.mjs stop [--folder DIR]       stop what --detach started`;
const JAVA_OPTIONS = [
  '-Xms256m',
  '-Xmx512m',
  '-XX:+UseG1GC',
  ...['java.nio', 'java.io', 'sun.nio.ch', 'java.util.concurrent'].map(
    (name) => `--add-opens=java.base/${name}=ALL-UNNAMED`,
  ),
];

runScript(async () => {
  const options = readArguments(USAGE);
  await serve(new ServerFiles(options.folder, 'neo4j'), options, {
    signal: 'SIGTERM',
    stopSeconds: 60,
    begin: () => begin(options),
  });
});

async function begin({ folder }) {
  requireJava();
  const lib = await fetchJars();
  const port = await choosePort(process.env.NEO4J_PORT, 7687, 'NEO4J_PORT');
  const home = join(folder, 'neo4j', 'home');
  const configuration = writeConfiguration(home, port);
  const password = prepareLogin(home, lib);
  const files = new ServerFiles(folder, 'neo4j');
  console.error(`Starting Neo4j ${VERSION} …`);
  const places = ['--home-dir', home, '--config-dir', configuration];
  const main = ['-cp', join(lib, '*'), 'org.neo4j.server.CommunityEntryPoint', ...places];
  const child = files.start('java', [...JAVA_OPTIONS, ...main], { cwd: home });
  const uri = `bolt://127.0.0.1:${port}`;
  await files.waitUntilReady(child, () => answers(uri, password), 180);
  return { child, variables: { NEO4J_URI: uri, NEO4J_USER: USER, NEO4J_PASSWORD: password } };
}

function requireJava() {
  const hint = 'On Debian or Ubuntu: apt-get install openjdk-17-jre-headless';
  const { stdout, status } = spawnSync('java', ['--version'], { encoding: 'utf8' });
  if (status !== 0) throw new Refusal(`Java is not installed. Neo4j needs Java ${LOWEST_JAVA} or newer.\n${hint}`);
  const version = Number(/ (\d+)/.exec(stdout)?.[1]);
  if (version < LOWEST_JAVA)
    throw new Refusal(`Neo4j needs Java ${LOWEST_JAVA} or newer; this is ${version}.\n${hint}`);
}

/** Copies Neo4j's jars into the cache. They arrive in a folder of another name, so that a broken copy is never used. */
async function fetchJars() {
  const lib = join(CACHE, 'lib');
  const mark = join(lib, `neo4j-${VERSION}.jar`);
  if (existsSync(mark)) return lib;
  const partial = join(CACHE, 'lib.partial');
  for (const path of [lib, partial]) rmSync(path, { recursive: true, force: true });
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(join(CACHE, 'pom.xml'), pom());
  await runMaven([
    '-B',
    '-f',
    join(CACHE, 'pom.xml'),
    `${DEPENDENCY_PLUGIN}:copy-dependencies`,
    `-DoutputDirectory=${partial}`,
    '-DincludeScope=runtime',
  ]);
  renameSync(partial, lib);
  console.error(`${readdirSync(lib).length} jars in ${lib}`);
  return lib;
}

function pom() {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId>
  <artifactId>neo4j-server</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.neo4j</groupId>
      <artifactId>neo4j</artifactId>
      <version>${VERSION}</version>
    </dependency>
  </dependencies>
</project>
`;
}

function runMaven(args) {
  console.error(`Fetching Neo4j ${VERSION} from Maven Central (about 123 MB, once) …`);
  return new Promise((settle, refuse) => {
    const child = spawn('mvn', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    let downloads = 0;
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (text) => {
      output = (output + text).slice(-8000);
      const before = downloads;
      downloads += text.split('Downloaded from').length - 1;
      if (Math.floor(before / 50) !== Math.floor(downloads / 50)) console.error(`  ${downloads} files`);
    });
    child.on('error', () =>
      refuse(new Refusal('Maven is not installed. It fetches Neo4j.\nOn Debian or Ubuntu: apt-get install maven')),
    );
    child.on('close', (code) =>
      code === 0 ? settle() : refuse(new Refusal(`Maven could not fetch Neo4j:\n${output}`)),
    );
  });
}

function writeConfiguration(home, port) {
  const folder = join(home, 'conf');
  mkdirSync(folder, { recursive: true });
  const settings = {
    'server.default_listen_address': '127.0.0.1',
    'server.bolt.listen_address': `127.0.0.1:${port}`,
    'server.bolt.advertised_address': `127.0.0.1:${port}`,
    'server.http.enabled': 'false',
    'server.https.enabled': 'false',
    'dbms.usage_report.enabled': 'false',
    'dbms.security.auth_enabled': 'true',
    'server.memory.pagecache.size': '128m',
    'db.tx_log.preallocate': 'false',
    'db.tx_log.rotation.retention_policy': '100M size',
  };
  const text = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(join(folder, 'neo4j.conf'), text.join(''));
  return folder;
}

/** The password can be set only before the first start; it is kept for the later ones. */
function prepareLogin(home, lib) {
  const passwordFile = join(home, 'password');
  if (existsSync(passwordFile)) return readFileSync(passwordFile, 'utf8');
  const password = process.env.NEO4J_PASSWORD || randomBytes(16).toString('hex');
  const tool = ['-cp', join(lib, '*'), 'org.neo4j.cli.AdminTool', 'dbms', 'set-initial-password', password];
  const env = { ...process.env, NEO4J_HOME: home, NEO4J_CONF: join(home, 'conf') };
  try {
    execFileSync('java', tool, { env, cwd: home, stdio: 'pipe', encoding: 'utf8' });
  } catch (error) {
    throw new Refusal(`Neo4j refuses the initial password (at least 8 characters):\n${error.stderr}`);
  }
  writeFileSync(passwordFile, password, { mode: 0o600 });
  return password;
}

/** A real query with the real login: an open port alone says nothing yet. */
async function answers(uri, password) {
  const driver = neo4j.driver(uri, neo4j.auth.basic(USER, password), {
    connectionTimeout: 2000,
    connectionAcquisitionTimeout: 3000,
  });
  try {
    await driver.executeQuery('RETURN 1', {}, { database: 'neo4j' });
    return true;
  } catch (error) {
    if (error.code === 'Neo.ClientError.Security.Unauthorized')
      throw new Refusal('Neo4j refuses the password kept in its folder.');
    return false;
  } finally {
    await driver.close();
  }
}
