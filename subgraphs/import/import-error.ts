/** Why an import could not run or go on, with the exit code of sysexits.h that fits. */
export const IMPORT_ERRORS = {
  /** There is no such cloud, or it takes no exports. */
  UNKNOWN_CLOUD: 64,
  /** The file is not there, is no file, or may not be read. */
  NO_INPUT: 66,
  /** Another run is importing the same file into the same cloud. */
  ALREADY_RUNNING: 75,
  /** The store has no tables of ours: the cloud is an existing system, behind a mapping. */
  NOT_OURS: 78,
} as const satisfies Record<string, number>;

/** The import could not run or go on. The message is for the operator and holds no personal data. */
export class ImportError extends Error {
  readonly code: keyof typeof IMPORT_ERRORS;
  readonly exitCode: number;

  constructor(code: keyof typeof IMPORT_ERRORS, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ImportError';
    this.code = code;
    this.exitCode = IMPORT_ERRORS[code];
  }
}
