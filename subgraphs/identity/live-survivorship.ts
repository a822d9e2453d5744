import type { IdentityRepository } from './store/repository.ts';
import type { OnWarning } from './store-guard.ts';
import { createSurvivorship, type Survivorship } from './survivorship-document.ts';
import type { Wait } from './wait.ts';

/** Survivorship by the document in effect: the store's, else the one that comes with the project. */
export interface LiveSurvivorship extends Survivorship {
  /** Takes the document that is in effect now. Rejects when the store can't be reached. */
  refresh(): Promise<void>;
  /** Stops looking for documents that other processes put in effect. */
  stop(): void;
}

/** Another process's document is in effect here after so long, milliseconds. */
const LOOK_AGAIN_MS = 30_000;

/** Makes it, by the project's own document until the store was looked at. A broken document of the store is told and passed over. */
export function createLiveSurvivorship(
  own: Survivorship,
  clouds: readonly string[],
  parts: { readonly repository: IdentityRepository; readonly wait: Wait; readonly onWarning: OnWarning },
): LiveSurvivorship {
  const { repository, wait, onWarning } = parts;
  const stopping = new AbortController();
  let current = own;
  let version = 0;
  const refresh = async (): Promise<void> => {
    const active = await repository.documents.active('SURVIVORSHIP');
    if (!active || active.version === version) return;
    current = createSurvivorship(JSON.parse(active.text), clouds);
    version = active.version;
  };
  const keepLooking = async (): Promise<void> => {
    for (;;) {
      await wait(LOOK_AGAIN_MS, stopping.signal);
      if (stopping.signal.aborted) return;
      await refresh().catch((error: unknown) => {
        onWarning(`The survivorship document could not be read: ${error instanceof Error ? error.name : 'unknown'}.`);
      });
    }
  };
  void keepLooking();
  return {
    ruleOf: (field) => current.ruleOf(field),
    isPlaceholder: (field, text) => current.isPlaceholder(field, text),
    refresh,
    stop: () => stopping.abort(),
  };
}
