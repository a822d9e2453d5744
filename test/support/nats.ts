import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';

/** Whether suites of NATS can run here: `npm run nats` prints the variable. */
export function natsAvailable(): boolean {
  return natsUrl() !== undefined;
}

/** The NATS server that the environment names. */
export function natsUrl(): string | undefined {
  return process.env['NATS_URL'] || undefined;
}

/** A nats-server of the test's own, which may be killed and started again on the same port and folder. */
export class TestNats {
  readonly port: number;
  readonly #folder: string;
  #process: ChildProcess | null = null;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.#folder = folder;
  }

  /** Starts one; `close()` takes its folder away too. */
  static async start(): Promise<TestNats> {
    const server = await TestNats.reserve();
    await server.run();
    return server;
  }

  /** One that is not started yet. */
  static async reserve(): Promise<TestNats> {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const address = probe.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await new Promise((resolve) => probe.close(resolve));
    return new TestNats(port, mkdtempSync(join(tmpdir(), 'nats-')));
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Resolves when it takes connections. */
  async run(): Promise<void> {
    const args = ['-a', '127.0.0.1', '-p', String(this.port), '-js', '-sd', this.#folder];
    const child = spawn(findProgram(), args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    await new Promise<void>((resolve, reject) => {
      const lines: string[] = [];
      createInterface({ input: child.stderr }).on('line', (line) => {
        lines.push(line);
        if (line.includes('Server is ready')) resolve();
      });
      child.on('error', reject);
      child.on('exit', (code, signal) =>
        reject(new Error(`nats-server ended with ${code ?? signal}.\n${lines.join('\n')}`)),
      );
    });
  }

  /** As when the machine loses the process. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Debian puts it where only root's PATH leads. */
function findProgram(): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, 'nats-server')).find((path) => existsSync(path)) ?? 'nats-server';
}
