// Starts the product as a newcomer would, on an empty folder: first start, second start, a start after kill -9. Asks the README's
// query each time and stops it with SIGTERM. Prints start time and peak memory; fails when an answer is wrong.
//   node scripts/check-start.mjs            (after npm run build)
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const port = 4100 + (process.pid % 800);
const folder = mkdtempSync(join(tmpdir(), 'c360-start-'));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const [, query] = /```graphql\n([\s\S]*?)```/.exec(readme) ?? [];
const promised = JSON.parse(/```json\n([\s\S]*?)```/.exec(readme)?.[1] ?? 'null')?.data?.customerBy;
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/_URL$|^NEO4J_/.test(name)));

async function untilReady(child) {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode} before it was ready`);
    const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function peakMebibytes(pid) {
  try {
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);
  } catch {
    return null;
  }
}

async function ask(operation) {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: operation }),
  });
  return response.json();
}

/** The answer has to be the README's as far as the sample data is the same from day to day. */
function check(answer) {
  const { firstName, identityLinks, completeness } = answer.data?.customerBy ?? {};
  const found = JSON.stringify({ firstName, identityLinks, completeness });
  const { firstName: name, identityLinks: links, completeness: complete } = promised;
  if (answer.errors || found !== JSON.stringify({ firstName: name, identityLinks: links, completeness: complete }))
    throw new Error(`wrong answer: ${JSON.stringify(answer).slice(0, 500)}`);
}

/** Soon after the first start a model is fitted to the records: with it, everybody has to be who they were. */
async function untilFitted() {
  for (let look = 0; look < 600; look += 1) {
    const { data } = await ask('{ identityDocuments(kind: MODEL, first: 1) { edges { node { isActive } } } }');
    if (data?.identityDocuments.edges.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('no model was fitted to the records within a minute');
}

async function start(label, signal, { waitsForModel = false } = {}) {
  const began = performance.now();
  const child = spawn(
    process.execPath,
    ['dist/cli.js', 'start', '--port', String(port), '--data', join(folder, 'data')],
    {
      cwd: root,
      env: { ...environment, LOG_LEVEL: 'error' },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const ended = new Promise((resolve) => child.once('exit', (code, by) => resolve(code ?? by)));
  try {
    await untilReady(child);
    const readyMs = Math.round(performance.now() - began);
    const answer = await ask(query);
    check(answer);
    if (waitsForModel) {
      await untilFitted();
      check(await ask(query));
    }
    console.log(
      `${label}: ready in ${readyMs} ms, peak memory ${peakMebibytes(child.pid) ?? '?'} MiB, ${answer.data.customerBy.firstName} found`,
    );
  } finally {
    child.kill(signal);
  }
  const end = await ended;
  if (signal === 'SIGTERM' && end !== 0) throw new Error(`${label}: SIGTERM ended it with ${end}`);
}

try {
  if (!query || !promised) throw new Error('README.md has no graphql query with an answer');
  await start('first start', 'SIGTERM', { waitsForModel: true });
  await start('second start', 'SIGKILL');
  await start('start after kill -9', 'SIGTERM');
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
