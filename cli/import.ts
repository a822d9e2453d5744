import { createWriteStream } from 'node:fs';
import { readConfig } from '../gateway/config.ts';
import { openCloudStore } from '../gateway/start/clouds.ts';
import { CLOUDS } from '../schema/clouds.ts';
import { createConsoleReport } from '../subgraphs/import/console-report.ts';
import { runImport } from '../subgraphs/import/run-import.ts';
import { parseArguments } from './arguments.ts';
import { WrongUsage } from './failure.ts';

/** `c360 import`: loads a cloud's own export into its store. */
export async function runImportCommand(argv: readonly string[]): Promise<number> {
  const { options, positionals } = parseArguments(argv, ['cloud', 'refused', 'data'], 1);
  const [file] = positionals;
  if (options.cloud === undefined || file === undefined) {
    throw new WrongUsage('--cloud NAME and FILE.ndjson are needed. See --help.');
  }
  if (!CLOUDS.some(({ name }) => name === options.cloud)) {
    throw new WrongUsage(
      `There is no cloud \`${options.cloud}\`; --cloud is one of ${CLOUDS.map(({ name }) => name).join(', ')}.`,
    );
  }
  const config = readConfig(process.env, options);
  const refused = options.refused === undefined ? undefined : createWriteStream(options.refused);
  const report = createConsoleReport({
    write: (text) => process.stderr.write(text),
    isTerminal: process.stderr.isTTY === true,
    clock: Date.now,
    writeRefused: refused && ((text) => refused.write(text)),
  });
  const database = await openCloudStore(options.cloud, config);
  try {
    return report.finish(await runImport({ database, cloud: options.cloud, file, clock: Date.now, ...report }));
  } finally {
    await database.close();
    refused?.end();
  }
}
