import { parseArgs } from 'node:util';
import { WrongUsage } from './failure.ts';

/** Options that take a value, and what stands without an option. */
export interface ParsedArguments<Name extends string> {
  readonly options: Readonly<Partial<Record<Name, string>>>;
  readonly positionals: readonly string[];
}

/** Reads a command's arguments: every option takes a value. Throws WrongUsage. */
export function parseArguments<Name extends string>(
  argv: readonly string[],
  names: readonly Name[],
  positionalCount: number,
): ParsedArguments<Name> {
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
    const unexpected = positionals[positionalCount];
    if (unexpected !== undefined) throw new Error(`Unexpected argument '${unexpected}'.`);
    return { options: values as Partial<Record<Name, string>>, positionals };
  } catch (error) {
    throw new WrongUsage(`${error instanceof Error ? error.message : error} See --help.`);
  }
}
