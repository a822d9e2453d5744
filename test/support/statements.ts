import type { StatementObserver } from '../../database/database.ts';

/** Counts statements: hand `observe` to a store, then ask for the texts since the last `reset()`. */
export interface StatementCounter {
  readonly observe: StatementObserver;
  readonly texts: readonly string[];
  reset(): void;
}

/** Makes a counter. */
export function countStatements(): StatementCounter {
  const texts: string[] = [];
  return { observe: (text) => texts.push(text), texts, reset: () => texts.splice(0) };
}
