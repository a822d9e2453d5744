import { StoreUnavailable } from '../../database/database.ts';
import { CodedError } from '../../schema/errors.ts';

/** Told of what an operator has to know. The text carries nobody's data. */
export type OnWarning = (message: string) => void;

/** Gives what the identity store answers. Rejects with STORE_UNAVAILABLE, and tells the operator, when it can't be reached. */
export async function guardStore<T>(work: Promise<T>, onWarning: OnWarning): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    onWarning(`The identity store failed: ${error.message}`);
    throw new CodedError('STORE_UNAVAILABLE', "The identity store can't answer at the moment.");
  }
}
