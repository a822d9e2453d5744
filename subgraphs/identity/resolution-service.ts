import type { CreateEngine } from './durable/engine-state.ts';
import type { EngineWarning } from './resolution/engine.ts';
import type { MatchExplanation } from './resolution/explanation.ts';
import type { SourceRecordKey } from './store/repository.ts';

/** What the graph asks of the engine. */
export interface ResolutionService {
  readonly createEngine: CreateEngine;
  /** Why two records are, or are not, one person; undefined when one is not known. */
  explain(left: SourceRecordKey, right: SourceRecordKey): Promise<MatchExplanation | undefined>;
  /** What somebody should know about the records that this process's engine holds; null where another process resolves. */
  warnings(): Promise<readonly EngineWarning[] | null>;
  /** Lets the engine take in what was decided by hand, where this process resolves; resolves when what follows is written. */
  settle(): Promise<void>;
}
