import { CodedError } from '../schema/errors.ts';

/**
 * Runs work that ends when `timeoutMs` have passed or `outer` fires: the work's own signal fires and the result is not
 * waited for any longer, whether or not the work heeds it. Rejects with SUBGRAPH_TIMEOUT, or with the outer signal's reason.
 */
export async function withDeadline<T>(
  options: { readonly timeoutMs: number; readonly subgraph: string; readonly outer?: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { timeoutMs, subgraph, outer } = options;
  outer?.throwIfAborted();
  const controller = new AbortController();
  const cancel = () => controller.abort(outer?.reason);
  const expire = () => controller.abort(new CodedError('SUBGRAPH_TIMEOUT', `\`${subgraph}\` did not answer in time.`));
  const timer = setTimeout(expire, timeoutMs);
  outer?.addEventListener('abort', cancel, { once: true });
  const aborted = new Promise<never>((_resolve, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason), { once: true });
  });
  try {
    return await Promise.race([work(controller.signal), aborted]);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', cancel);
  }
}
