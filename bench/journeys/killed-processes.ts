import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';

/** What is killed is what is built, also when it is a test that kills. */
const BUILT = join(PACKAGE_ROOT, 'dist');

/** A process that is started again whenever it was killed. */
export interface KeptProcess {
  readonly name: string;
  /** Where it answers, once it does. */
  readonly origin: string;
  kill(): void;
  /** Resolves when it has started. */
  ready(): Promise<void>;
  /** Times that it was killed, and of those before it had started. */
  readonly kills: { all: number; whileStarting: number };
  stop(): Promise<void>;
}

/** What `c360` ends with when it can't be started as it is configured: another attempt would end in the same way. */
const WRONG_CONFIGURATION = 78;

/** Keeps a process. `isReady` tells from a line of its output that it has started. */
export function keepProcess(
  name: string,
  origin: string,
  { args, environment }: { readonly args: readonly string[]; readonly environment: Readonly<Record<string, string>> },
  isReady: (line: string) => boolean,
): KeptProcess {
  const kills = { all: 0, whileStarting: 0 };
  let child: ChildProcess;
  let started: Promise<void>;
  let isStarted = false;
  let isStopping = false;
  let isMisconfigured = false;
  const start = (): void => {
    isStarted = false;
    child = spawn(process.execPath, args, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const { stdout } = child;
    started = new Promise((resolve) => {
      if (!stdout) return;
      createInterface({ input: stdout }).on('line', (line) => {
        if (!isReady(line)) return;
        isStarted = true;
        resolve();
      });
    });
    child.once('exit', (code, signal) => {
      isMisconfigured = code === WRONG_CONFIGURATION;
      if (isStopping || isMisconfigured) return;
      if (signal !== 'SIGKILL') console.log(`${name} ended by itself: ${code} ${signal}`);
      start();
    });
  };
  start();
  // Whoever ends this process in the middle leaves none behind that goes on for ever.
  process.once('exit', () => child.kill('SIGKILL'));
  return {
    name,
    origin,
    kills,
    kill() {
      kills.all += 1;
      if (!isStarted) kills.whileStarting += 1;
      child.kill('SIGKILL');
    },
    async ready() {
      while (!isStarted) {
        if (isMisconfigured) throw new Error(`${name} can't start: its configuration is wrong.`);
        await Promise.race([started, new Promise((resolve) => setTimeout(resolve, 500))]);
      }
    },
    async stop() {
      isStopping = true;
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await once(child, 'exit');
      clearTimeout(late);
    },
  };
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The whole of Customer 360 at a port. */
export function keepGateway(name: string, port: number, data: string, environment: Readonly<Record<string, string>>) {
  const args = [join(BUILT, 'cli.js'), 'start', '--port', String(port), '--data', data];
  return keepProcess(name, `http://127.0.0.1:${port}`, { args, environment }, (line) => line.includes('is running'));
}

/** A mail server at a port. */
export function keepMailbox(port: number, file: string): KeptProcess {
  const args = [join(BUILT, 'bench/journeys/mailbox.js'), String(port), file];
  return keepProcess('mail server', '', { args, environment: {} }, (line) => line === 'ready');
}
