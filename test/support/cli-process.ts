import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';

const CLI = join(PACKAGE_ROOT, 'dist', 'cli.js');

/** A command that runs. */
export interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly errors: () => string;
  /** Exit code, or the name of the signal. */
  readonly ended: Promise<number | string>;
}

/** Commands of `c360` as processes of their own in one folder. */
export class CliProcesses {
  readonly #folder: string;
  readonly #children = new Set<ChildProcess>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Starts a command. Nothing of this process's environment reaches it but the path. */
  start(args: readonly string[], environment: Record<string, string> = {}): Started {
    const inherited = { PATH: process.env['PATH'] ?? '' };
    const child = spawn(process.execPath, [CLI, ...args], {
      env: { ...inherited, PORT: '0', ...environment },
      cwd: this.#folder,
    });
    this.#children.add(child);
    let output = '';
    let errors = '';
    child.stdout.on('data', (bytes) => {
      output += bytes;
    });
    child.stderr.on('data', (bytes) => {
      errors += bytes;
    });
    const ended = once(child, 'close').then(([code, signal]) => {
      this.#children.delete(child);
      return code ?? signal;
    });
    return { child, output: () => output, errors: () => errors, ended };
  }

  /** Runs a command to its end. */
  async run(args: readonly string[], environment?: Record<string, string>) {
    const started = this.start(args, environment);
    return { code: await started.ended, output: started.output(), errors: started.errors() };
  }

  /** Ends what still runs. */
  killAll(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }
}

/** The address that a serving command prints. */
export async function originOf(started: Started): Promise<string> {
  for (;;) {
    const origin = /(http:\S+)\/graphql/.exec(started.output())?.[1];
    if (origin) return origin;
    const ended = await Promise.race([
      once(started.child.stdout ?? started.child, 'data').then(() => undefined),
      started.ended,
    ]);
    if (ended !== undefined) throw new Error(`It ended with ${ended}: ${started.errors()}`);
  }
}
