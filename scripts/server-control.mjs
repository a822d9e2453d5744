// What the two server scripts share: arguments, ports, waiting, and a server process that outlives or follows its script.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Folder of the package. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Something the user has to put right: shown without a stack, exit code 1. */
export class Refusal extends Error {}

/** Runs a script's main function and turns its failure into a message and exit code 1. */
export async function runScript(main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Refusal ? error.message : error);
    process.exit(1);
  }
}

/** Reads `[stop] [--detach] [--fast] [--folder DIR]`. */
export function readArguments(usage) {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        detach: { type: 'boolean', default: false },
        fast: { type: 'boolean', default: false },
        folder: { type: 'string', default: join(ROOT, '.servers') },
        help: { type: 'boolean', default: false },
      },
    });
    const unknown = positionals.filter((word) => word !== 'stop');
    if (unknown.length > 0) throw new Error(`Unknown word: ${unknown.join(' ')}`);
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    const folder = resolve(values.folder);
    mkdirSync(folder, { recursive: true });
    return { ...values, folder, stop: positionals.includes('stop') };
  } catch (error) {
    throw new Refusal(`${error.message}\n${usage}`);
  }
}

/** The port asked for, or the first free one from `lowest` on. Loopback only. */
export async function choosePort(asked, lowest, variable) {
  if (asked !== undefined && asked !== '') {
    const port = Number(asked);
    if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Refusal(`${variable} is not a port: ${asked}`);
    if (!(await isFree(port))) throw new Refusal(`Port ${port} (${variable}) is in use.`);
    return port;
  }
  for (let port = lowest; port < lowest + 200; port += 1) if (await isFree(port)) return port;
  throw new Refusal(`No free port between ${lowest} and ${lowest + 199}; set ${variable}.`);
}

function isFree(port) {
  return new Promise((settle) => {
    const probe = createServer();
    probe.once('error', () => settle(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => settle(true)));
  });
}

/** Resolves after some milliseconds. */
export function pause(milliseconds) {
  return new Promise((settle) => setTimeout(settle, milliseconds));
}

/** The ticks at which a process started, where the system tells (Linux): tells a process from a later one with its number. */
function startOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function isAlive({ pid, start }) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return false;
  }
  return startOf(pid) === start && !isZombie(pid);
}

function isZombie(pid) {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** A server known by `<folder>/<name>.pid`, whose addresses are in `<folder>/<name>.env`. */
export class ServerFiles {
  constructor(folder, name) {
    this.name = name;
    this.pidFile = join(folder, `${name}.pid`);
    this.envFile = join(folder, `${name}.env`);
    this.logFile = join(folder, `${name}.log`);
  }

  /** The running server's process, or null. */
  running() {
    if (!existsSync(this.pidFile)) return null;
    try {
      const found = JSON.parse(readFileSync(this.pidFile, 'utf8'));
      return isAlive(found) ? found : null;
    } catch {
      return null;
    }
  }

  /** Starts the server in a session of its own, so that a signal to the script does not reach it unasked. */
  start(command, args, options) {
    const log = openSync(this.logFile, 'w');
    const child = spawn(command, args, { ...options, detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    child.on('error', (error) => {
      this.startError = error;
    });
    if (child.pid !== undefined) {
      writeFileSync(this.pidFile, JSON.stringify({ pid: child.pid, start: startOf(child.pid) }));
    }
    return child;
  }

  /** Tries `attempt` until it gives true; refuses when the server ends first or the time is up. */
  async waitUntilReady(child, attempt, seconds) {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      if (this.startError || child.exitCode !== null || child.signalCode !== null) {
        throw new Refusal(`${this.name} ended while it started:\n${this.startError?.message ?? this.tail()}`);
      }
      if (await attempt()) return;
      if (Date.now() > deadline) throw new Refusal(`${this.name} was not ready within ${seconds} s:\n${this.tail()}`);
      await pause(100);
    }
  }

  tail() {
    return readFileSync(this.logFile, 'utf8').split('\n').slice(-25).join('\n');
  }

  /** Writes the addresses where others can `source` them, and prints them. Holds a password: for the owner's eyes only. */
  publish(variables) {
    const text = Object.entries(variables).map(([key, value]) => `export ${key}=${value}\n`);
    rmSync(this.envFile, { force: true });
    writeFileSync(this.envFile, text.join(''), { mode: 0o600 });
    process.stdout.write(text.join(''));
  }

  /** Asks the server to end and waits for it; kills it when it does not within the seconds. */
  async stop(signal, seconds) {
    const found = this.running();
    if (found) {
      process.kill(found.pid, signal);
      const deadline = Date.now() + seconds * 1000;
      while (isAlive(found) && Date.now() < deadline) await pause(50);
      if (isAlive(found)) process.kill(found.pid, 'SIGKILL');
      while (isAlive(found)) await pause(50);
    }
    rmSync(this.pidFile, { force: true });
    rmSync(this.envFile, { force: true });
    return found !== null;
  }
}

/** What every server script does around its own `begin` (which starts the server and gives {child, variables}). */
export async function serve(files, { detach, stop }, { signal, stopSeconds, begin }) {
  if (stop) {
    console.log((await files.stop(signal, stopSeconds)) ? `${files.name} stopped.` : `${files.name} was not running.`);
    return;
  }
  if (files.running()) {
    if (!detach || !existsSync(files.envFile)) {
      throw new Refusal(`${files.name} is running already; stop it with: node scripts/${files.name}.mjs stop`);
    }
    process.stdout.write(readFileSync(files.envFile, 'utf8'));
    return;
  }
  let ending = false;
  const end = async (code) => {
    if (ending) return;
    ending = true;
    await files.stop(signal, stopSeconds);
    process.exit(code);
  };
  for (const asked of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(asked, () => end(0));
  try {
    const { child, variables } = await begin();
    files.publish(variables);
    if (detach) process.exit(0);
    console.error(`${files.name} is ready; Ctrl-C stops it.`);
    child.on('exit', () => {
      if (ending) return;
      console.error(`${files.name} ended by itself:\n${files.tail()}`);
      end(1);
    });
  } catch (error) {
    if (ending) return;
    console.error(error instanceof Refusal ? error.message : error);
    await end(1);
  }
}
