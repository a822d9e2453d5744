import { StoreUnavailable } from '../../database/database.ts';
import { sqlStateOf } from '../../database/statement-errors.ts';
import { CodedError } from '../../schema/errors.ts';

/** Told of what an operator has to know. The text carries nobody's data. */
export type OnWarning = (message: string) => void;

const CONSTRAINT_VIOLATION = /^23/;
/** A text with a NUL character, which PostgreSQL can't keep. */
const UNTRANSLATABLE_TEXT = '22021';

/**
 * Runs what reads or writes a cloud's store. When the store can't be reached or fails, the caller gets STORE_UNAVAILABLE
 * without a detail and the operator a warning; a broken constraint is a fault of ours and goes on as it is, to be masked.
 * Throws BAD_USER_INPUT for a text that no store can hold.
 */
export async function guardStore<T>(cloud: string, onWarning: OnWarning, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (sqlStateOf(error) === UNTRANSLATABLE_TEXT) {
      throw new CodedError('BAD_USER_INPUT', 'A text must not contain the character U+0000.');
    }
    const reason = storeFailure(error);
    if (reason === undefined) throw error;
    onWarning(`The store of ${cloud} failed: ${reason}`);
    throw new CodedError('STORE_UNAVAILABLE', `The store of ${cloud} can't answer at the moment.`);
  }
}

/** The engine's own message may quote a value, so only its SQLSTATE is told. */
function storeFailure(error: unknown): string | undefined {
  if (error instanceof StoreUnavailable) return error.message;
  const state = sqlStateOf(error);
  return state === '' || CONSTRAINT_VIOLATION.test(state) ? undefined : `SQLSTATE ${state}.`;
}
