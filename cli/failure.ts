/** Exit codes, after sysexits.h where it has one. */
export const EXIT = { usage: 64, unavailable: 69, configuration: 78, failure: 1 } as const;

/** The command line is wrong. */
export class WrongUsage extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WrongUsage';
  }
}

/** Known errors whose message is written for whoever starts the program; by name, so that none has to be loaded for it. */
const EXIT_BY_NAME: Readonly<Record<string, number>> = {
  WrongUsage: EXIT.usage,
  ConfigInvalid: EXIT.configuration,
  MappingInvalid: EXIT.configuration,
  RulesetInvalid: EXIT.configuration,
  SurvivorshipInvalid: EXIT.configuration,
  SupergraphInvalid: EXIT.configuration,
  CompositionFailed: EXIT.configuration,
  StoreUnavailable: EXIT.unavailable,
  FolderLocked: EXIT.unavailable,
  PortInUse: EXIT.failure,
  ImportError: EXIT.failure,
};

/** The exit code for an error. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof Error)) return EXIT.failure;
  if ('exitCode' in error && typeof error.exitCode === 'number') return error.exitCode;
  return EXIT_BY_NAME[error.name] ?? EXIT.failure;
}

/** What is printed for an error: its message when it was written for people, else all there is. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return Object.hasOwn(EXIT_BY_NAME, error.name) ? error.message : (error.stack ?? error.message);
}
