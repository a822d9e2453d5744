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
const [, query] = /```graphql\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
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

async function start(label, signal) {
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
    const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    const answer = await response.json();
    if (answer.errors || !answer.data?.customerBy?.firstName)
      throw new Error(`wrong answer: ${JSON.stringify(answer).slice(0, 500)}`);
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
  if (!query) throw new Error('README.md has no graphql query to ask');
  await start('first start', 'SIGTERM');
  await start('second start', 'SIGKILL');
  await start('start after kill -9', 'SIGTERM');
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
