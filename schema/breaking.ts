import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, findBreakingChanges } from 'graphql';
import { PACKAGE_ROOT } from './package-root.ts';

const API_SCHEMA = 'schema/generated/api.graphql';
const ACCEPTED = 'schema/breaking-changes-accepted.json';

/** What a comparison of two API schemas found, each change as one sentence. */
export interface BreakingChanges {
  /** Changes that break clients and that nobody has accepted. */
  readonly refused: readonly string[];
  /** Changes that break clients and are named in `schema/breaking-changes-accepted.json`. */
  readonly accepted: readonly string[];
}

/** Compares two API schemas given as SDL. */
export function compareApiSchemas(before: string, after: string, accepted: ReadonlySet<string>): BreakingChanges {
  const changes = findBreakingChanges(buildSchema(before), buildSchema(after)).map((change) => change.description);
  return {
    refused: changes.filter((change) => !accepted.has(change)),
    accepted: changes.filter((change) => accepted.has(change)),
  };
}

/** The accepted changes, from a file of `[{"change": "…", "reason": "…"}]`. Throws when it has another form. */
export function readAcceptedChanges(text: string): ReadonlySet<string> {
  const entries: unknown = JSON.parse(text);
  if (!Array.isArray(entries)) throw new Error(`${ACCEPTED} is a list of {"change", "reason"}.`);
  return new Set(entries.map(readEntry));
}

function readEntry(entry: unknown, index: number): string {
  const { change, reason } = Object(entry) as { change?: unknown; reason?: unknown };
  if (typeof change !== 'string' || typeof reason !== 'string' || reason.trim() === '') {
    throw new Error(`${ACCEPTED}: entry ${index + 1} needs "change" and "reason" as texts.`);
  }
  return change;
}

function main(givenRef: string | undefined): number {
  const ref = givenRef ?? latestTag() ?? 'HEAD^';
  if (givenRef !== undefined && git('rev-parse', '--verify', '--quiet', `${givenRef}^{commit}`) === null) {
    process.stderr.write(`git knows no revision ${givenRef}.\n`);
    return 64;
  }
  const before = git('show', `${ref}:${API_SCHEMA}`);
  if (before === null) {
    process.stdout.write(`Nothing to compare with: ${ref} has no ${API_SCHEMA}.\n`);
    return 0;
  }
  const acceptedFile = join(PACKAGE_ROOT, ACCEPTED);
  const accepted = readAcceptedChanges(existsSync(acceptedFile) ? readFileSync(acceptedFile, 'utf8') : '[]');
  const changes = compareApiSchemas(before, readFileSync(join(PACKAGE_ROOT, API_SCHEMA), 'utf8'), accepted);
  for (const change of changes.accepted) process.stdout.write(`accepted: ${change}\n`);
  for (const change of changes.refused) process.stdout.write(`breaking: ${change}\n`);
  if (changes.refused.length === 0) process.stdout.write(`No unaccepted breaking change since ${ref}.\n`);
  return changes.refused.length > 0 ? 1 : 0;
}

function latestTag(): string | null {
  return git('describe', '--tags', '--abbrev=0')?.trim() ?? null;
}

/** Output of a git command, null when it fails (no such revision, no such file, no repository). */
function git(...command: string[]): string | null {
  try {
    return execFileSync('git', command, { cwd: PACKAGE_ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return null;
  }
}

if (require.main === module) process.exitCode = main(process.argv[2]);
