import type { Logger } from 'pino';

/** How long a warning has to stay away until what it tells of is over, milliseconds. */
const OVER_MS = 30_000;
/** Warnings that are remembered at once; what comes beyond is told as ever. */
const MOST = 500;

/** Calls back once after so many milliseconds, without keeping the process alive for it; gives a way to call it off. */
export type Later = (milliseconds: number, callback: () => void) => () => void;

/** By the process's timers. */
export const laterByTimer: Later = (milliseconds, callback) => {
  const timer = setTimeout(callback, milliseconds).unref();
  return () => clearTimeout(timer);
};

/**
 * The same log, whose warnings are told once as long as they come again: a store that is away fails everybody who asks it, each second.
 * When one that came several times has not come for half a minute, that is told, with how often it came. Numbers in the fields
 * make no difference.
 */
export function steadyLog(log: Logger, later: Later = laterByTimer): Logger {
  const going = new Map<string, { times: number; callOff: () => void }>();
  const warn = (first: object | string, message?: string): void => {
    const [fields, text] = typeof first === 'string' ? [{}, first] : [first, message ?? ''];
    const key = `${text} ${JSON.stringify(fields, (_name, value) => (typeof value === 'number' ? undefined : value))}`;
    const known = going.get(key);
    if (!known) log.warn(fields, text);
    if (!known && going.size >= MOST) return;
    known?.callOff();
    const times = (known?.times ?? 0) + 1;
    const callOff = later(OVER_MS, () => {
      going.delete(key);
      if (times > 1) log.info({ ...fields, times }, `No more for ${OVER_MS / 1_000} s: ${text}`);
    });
    going.set(key, { times, callOff });
  };
  return Object.create(log, { warn: { value: warn } }) as Logger;
}
