import type { Logger } from 'pino';
import type { Stores } from '../../database/stores.ts';
import type { Clock } from '../../schema/clock.ts';

/** What the process hands in; all but the log have defaults. */
export interface StartParts {
  readonly log: Logger;
  /** Told in words what a start is doing that takes time. */
  readonly onProgress?: (text: string) => void;
  readonly clock?: Clock;
  /** Gives a new id at each call. */
  readonly newId?: () => string;
  /** The stores of the process, closed with it; made from the configuration when not given. */
  readonly stores?: Stores;
  /** How many people the sample data invents. */
  readonly samplePeople?: number;
  /** How journeys wait; by the process's timers when not given. */
  readonly journeyWait?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}
