import type { SupergraphSource } from './source.ts';

/**
 * Hands every new supergraph of a source to `reload`, until the function given back is called; it resolves when no reload is under way.
 * Changes that come while one is read are read once, afterwards. What goes wrong is told by `reload`, and the next change is read again.
 */
export function followSupergraph(
  source: SupergraphSource,
  reload: (read: () => Promise<string>) => Promise<unknown>,
): () => Promise<void> {
  let running: Promise<void> | undefined;
  let isAsked = false;
  const work = async (): Promise<void> => {
    while (isAsked) {
      isAsked = false;
      await reload(() => source.read()).catch(() => undefined);
    }
    running = undefined;
  };
  const stop = source.watch(() => {
    isAsked = true;
    running ??= work();
  });
  return async () => {
    stop();
    isAsked = false;
    await running;
  };
}
