// Runs the public federation audit against `c360 gateway`: each suite's supergraph, its queries and the answers it expects.
//   node scripts/audit.mjs                         (after npm run build) clones graphql-hive/federation-gateway-audit
//   node scripts/audit.mjs --checkout PATH         takes a checkout that is there already
//   node scripts/audit.mjs --planner apollo        with this planner instead of the default one
//   node scripts/audit.mjs --suite simple-override one suite only; faults are printed in full
// The audit's own code stays in a temporary folder, with just the packages that its subgraphs need. Exit code 1 when a case fails.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { Refusal, ROOT, runScript } from './server-control.mjs';

const REPOSITORY = 'https://github.com/graphql-hive/federation-gateway-audit.git';
const TSX_VERSION = '4.22.4';

/** The audit is written for Node 22 and above. */
const POLYFILL = `Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new this((fulfil, refuse) => { resolve = fulfil; reject = refuse; });
  return { promise, resolve, reject };
};
`;

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      checkout: { type: 'string' },
      planner: { type: 'string' },
      suite: { type: 'string' },
      cli: { type: 'string', default: join(ROOT, 'dist', 'cli.js') },
    },
  });
  if (!existsSync(values.cli)) throw new Refusal('Nothing is built: run `npm run build` first.');
  const folder = mkdtempSync(join(tmpdir(), 'c360-audit-'));
  const children = [];
  try {
    prepareSubgraphs(folder, values.checkout);
    const origin = await startSubgraphs(folder, children);
    const ids = values.suite ? [values.suite] : await (await fetch(`${origin}/ids`)).json();
    const score = { passed: 0, total: 0 };
    for (const id of ids) await runSuite({ id, origin, children, score, ...values });
    console.log(`\n${score.passed} of ${score.total}${values.planner ? ` with PLANNER=${values.planner}` : ''}`);
    if (score.passed < score.total || score.total === 0) process.exitCode = 1;
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Only what serves the subgraphs is installed: the audit's own list holds every gateway it compares. */
function prepareSubgraphs(folder, checkout) {
  const source = checkout ? resolve(checkout) : join(folder, 'checkout');
  if (!checkout) run('git', ['clone', '--quiet', '--depth', '1', REPOSITORY, source], folder);
  const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
  const { undici: _needsNewerNode, ...overrides } = manifest.overrides ?? {};
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({
      ...{ name: 'audit', private: true, type: 'module', overrides },
      dependencies: { ...manifest.dependencies, graphql: manifest.devDependencies.graphql, tsx: TSX_VERSION },
    }),
  );
  for (const part of ['src', 'tsconfig.json']) cpSync(join(source, part), join(folder, part), { recursive: true });
  writeFileSync(join(folder, 'polyfill.mjs'), POLYFILL);
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error'], folder);
}

async function startSubgraphs(folder, children) {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const argv = ['--import', './polyfill.mjs', '--import', 'tsx', 'src/cli.ts', 'serve', '--port', String(port)];
  const child = spawn(process.execPath, argv, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  children.push(child);
  await untilAnswers(`${origin}/ids`, child);
  return origin;
}

/** Starts the gateway anew for each suite: nothing of the one before can help or harm. */
async function runSuite({ id, origin, children, score, cli, planner, suite }) {
  const tests = await (await fetch(`${origin}/${id}/tests`)).json();
  const port = await freePort();
  const argv = [cli, 'gateway', '--supergraph', `${origin}/${id}/supergraph`, '--port', String(port)];
  const env = { ...process.env, LOG_LEVEL: 'error', ...(planner && { PLANNER: planner }) };
  const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  children.push(child);
  const faults = [];
  try {
    await untilAnswers(`http://127.0.0.1:${port}/health/ready`, child);
    for (const [index, test] of tests.entries()) {
      const fault = await runCase(`http://127.0.0.1:${port}/graphql`, test);
      if (fault) faults.push({ index, query: test.query, ...fault });
    }
  } catch (error) {
    faults.push(...tests.map((test, index) => ({ index, query: test.query, error: String(error) })));
  } finally {
    child.kill('SIGTERM');
    children.splice(children.indexOf(child), 1);
  }
  score.total += tests.length;
  score.passed += tests.length - faults.length;
  console.log(`${faults.length === 0 ? 'ok    ' : 'FAILED'} ${id}: ${tests.length - faults.length} of ${tests.length}`);
  for (const fault of faults) console.log(suite ? fault : `       case ${fault.index}: ${shorten(fault)}`);
}

/** Compares as the audit does: data deeply, errors by whether there are any. Undefined when the answer is as expected. */
async function runCase(url, { query, expected }) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
    signal: AbortSignal.timeout(10_000),
  });
  const answer = await response.json();
  const errorsMatter = typeof expected.errors === 'boolean';
  const isRight =
    isDeepStrictEqual(answer.data ?? null, expected.data ?? null) &&
    (!errorsMatter || Boolean(answer.errors?.length) === expected.errors);
  return isRight ? undefined : { expected: JSON.stringify(expected), answer: JSON.stringify(answer) };
}

function shorten({ error, expected, answer }) {
  return error ?? `expected ${expected.slice(0, 300)} but got ${answer.slice(0, 500)}`;
}

async function untilAnswers(url, child) {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`a process ended with ${child.exitCode} before it answered at ${url}`);
    const answer = await fetch(url).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.ok) return;
    await new Promise((done) => setTimeout(done, 25));
  }
}

function freePort() {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

function run(command, argv, cwd) {
  const { status } = spawnSync(command, argv, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Refusal(`\`${command} ${argv.join(' ')}\` ended with ${status}.`);
}
