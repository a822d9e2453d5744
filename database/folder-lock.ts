import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from './statement-errors.ts';

/** A takeover lasts microseconds; a mark this old was left by a process that was killed in the middle of one. */
const TAKEOVER_AT_MOST_MS = 10_000;

/** Another process has the folder of the embedded store. */
export class FolderLocked extends Error {
  constructor(directory: string, pid: number) {
    super(
      `The data folder ${directory} is in use by process ${pid}. The embedded store serves one process: stop that one, use another ` +
        'folder (--data), or give each store a PostgreSQL server by COMMERCE_DATABASE_URL, MARKETING_DATABASE_URL, ' +
        'SERVICE_DATABASE_URL and IDENTITY_DATABASE_URL.',
    );
    this.name = 'FolderLocked';
  }
}

/** Who holds a folder: the process, and when it began, since numbers of processes are given again. */
interface Holder {
  readonly pid: number;
  readonly begin: string | null;
}

/**
 * Takes the folder for this process and gives a function that lets it go. A lock left by a killed process is taken over.
 * Throws FolderLocked when its process still runs.
 */
export function lockFolder(directory: string): () => void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, 'lock');
  const mine = JSON.stringify({ pid: process.pid, begin: beginOf(process.pid) } satisfies Holder);
  // Written under another name first: a lock is never seen half written.
  const draft = join(directory, `lock.${process.pid}`);
  writeFileSync(draft, mine);
  try {
    if (!createLock(draft, file)) takeOver(directory, file, draft);
  } finally {
    rmSync(draft, { force: true });
  }
  return () => {
    if (readOrNull(file) === mine) rmSync(file, { force: true });
  };
}

/** Whether the lock could be made, which only one process can. */
function createLock(draft: string, file: string): boolean {
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Replaces the lock of a dead process. Two that try at once are told apart by the mark, which again only one can make. */
function takeOver(directory: string, file: string, draft: string): void {
  const mark = join(directory, 'lock.takeover');
  refuseWhileHeld(directory, file);
  if (!createLock(draft, mark)) {
    if (Date.now() - (statSync(mark, { throwIfNoEntry: false })?.mtimeMs ?? 0) < TAKEOVER_AT_MOST_MS) {
      throw new FolderLocked(directory, readHolder(mark)?.pid ?? 0);
    }
    rmSync(mark, { force: true });
    if (!createLock(draft, mark)) throw new FolderLocked(directory, readHolder(mark)?.pid ?? 0);
  }
  try {
    refuseWhileHeld(directory, file);
    renameSync(draft, file);
  } finally {
    rmSync(mark, { force: true });
  }
}

function refuseWhileHeld(directory: string, file: string): void {
  const holder = readHolder(file);
  if (holder && isRunning(holder)) throw new FolderLocked(directory, holder.pid);
}

function readHolder(file: string): Holder | null {
  try {
    const { pid, begin }: { pid?: unknown; begin?: unknown } = JSON.parse(readOrNull(file) ?? '{}');
    return typeof pid === 'number' ? { pid, begin: typeof begin === 'string' ? begin : null } : null;
  } catch {
    return null;
  }
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function isRunning({ pid, begin }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, under another user.
    if (codeOf(error) !== 'EPERM') return false;
  }
  const now = beginOf(pid);
  return begin === null || now === null || begin === now;
}

/** When a process began, in clock ticks since the machine's start; null where the system does not tell. A dead one that nobody has collected yet counts as ended. */
function beginOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before the last bracket may hold anything; after it: state, then 18 fields, then the begin.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : (fields[19] ?? null);
  } catch {
    return null;
  }
}
