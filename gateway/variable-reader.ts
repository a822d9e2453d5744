import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import type { VariableName } from './variables.ts';

/** One thing that is wrong with the configuration. */
export interface ConfigFault {
  /** The variable or flag. */
  readonly name: string;
  /** What is expected, and what was given unless it may be secret. */
  readonly message: string;
}

/** Reads variables one by one and collects what is wrong, so that everything can be said at once. */
export class VariableReader {
  readonly faults: ConfigFault[] = [];
  private readonly environment: NodeJS.ProcessEnv;

  constructor(environment: NodeJS.ProcessEnv) {
    this.environment = environment;
  }

  fault(name: string, message: string): void {
    this.faults.push({ name, message });
  }

  /** An empty variable counts as one that is not set. */
  text(name: VariableName): string | undefined {
    return this.environment[name]?.trim() || undefined;
  }

  integer(
    name: VariableName,
    options: { readonly flag?: string | undefined; otherwise: number; from: number; to: number },
  ): number {
    const given = options.flag ?? this.text(name);
    if (given === undefined) return options.otherwise;
    const value = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
    if (value >= options.from && value <= options.to) return value;
    const label = options.flag === undefined ? name : `--${name.toLowerCase().replaceAll('_', '-')}`;
    this.fault(label, `must be a whole number from ${options.from} to ${options.to}, not \`${given}\`.`);
    return options.otherwise;
  }

  boolean(name: VariableName): boolean | undefined {
    const given = this.oneOf(name, ['true', 'false', 'on', 'off'] as const);
    return given === undefined ? undefined : given === 'true' || given === 'on';
  }

  oneOf<T extends string>(name: VariableName, allowed: readonly T[]): T | undefined {
    const given = this.text(name);
    if (given === undefined) return undefined;
    const value = allowed.find((candidate) => candidate === given);
    if (value === undefined) this.fault(name, `must be one of ${allowed.join(', ')}, not \`${given}\`.`);
    return value;
  }

  matching(name: VariableName, form: RegExp, expected: string): string | undefined {
    const given = this.text(name);
    if (given !== undefined && !form.test(given)) this.fault(name, `must be ${expected}, not \`${given}\`.`);
    return given;
  }

  /** URLs may carry credentials, so what was given is never repeated. */
  url(name: VariableName, protocols: readonly string[]): string | undefined {
    const given = this.text(name);
    if (given === undefined) return undefined;
    if (!URL.canParse(given) || !protocols.includes(new URL(given).protocol) || new URL(given).host === '') {
      this.fault(name, `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}.`);
    }
    return given;
  }

  file(name: VariableName): string | undefined {
    const given = this.text(name);
    if (given === undefined) return undefined;
    const path = isAbsolute(given) ? given : resolve(given);
    if (!existsSync(path)) this.fault(name, `must be the path of a file, and there is none at \`${given}\`.`);
    return path;
  }
}

/** The configuration is wrong. The message lists every fault. */
export class ConfigInvalid extends Error {
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    super(`The configuration is wrong:\n${faults.map(({ name, message }) => `- ${name} ${message}`).join('\n')}`);
    this.name = 'ConfigInvalid';
    this.faults = faults;
  }
}
