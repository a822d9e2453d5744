#!/usr/bin/env node
import './cli/tune-engine.ts';
import { COMMANDS, HELP } from './cli/commands.ts';
import { exitCodeOf, explain } from './cli/failure.ts';

/** Runs the command line and gives the exit code; a command that serves ends with the process. */
async function main(argv: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = argv;
  if (name === 'help' || name === '--help' || name === '-h') {
    const command = rest[0] === undefined ? undefined : COMMANDS[rest[0]];
    console.log(command ? command.help : HELP);
    return 0;
  }
  const command = COMMANDS[name === '--version' ? 'version' : name];
  if (!command) {
    console.error(`c360: there is no command \`${name}\`. \`c360 help\` lists them.`);
    return 64;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    console.log(command.help);
    return 0;
  }
  try {
    return await command.run(rest);
  } catch (error) {
    console.error(`c360 ${name}: ${explain(error)}`);
    return exitCodeOf(error);
  }
}

main(process.argv.slice(2)).then((code) => process.exit(code));
