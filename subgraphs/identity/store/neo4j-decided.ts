import { isoTime } from './answers.ts';
import { type MatchDecision, type Verdict, verdictEnds, verdictOfEnds } from './decision.ts';
import type { DocumentKind } from './document.ts';
import type { DecidedEffects, DecidedState } from './fold-decided.ts';
import type { NamedByChangeSet } from './named.ts';
import { type CypherRow, cypherInteger, type RunCypher } from './neo4j-connection.ts';
import * as cypher from './neo4j-decided-cypher.ts';
import { type ChangeSet, recordKey } from './repository.ts';

/** A verdict in effect as Cypher gives it. */
export interface DecisionRow extends CypherRow {
  readonly decisionId: string;
  readonly kind: 'SAME' | 'NOT_SAME' | 'PINNED_TO';
  readonly origin: MatchDecision['origin'];
  readonly leftKey: string;
  readonly rightKey: string;
  readonly decidedAt: string;
  readonly decidedBy: string | null;
  readonly reason: string | null;
}

/** The decision of a row. */
export function decisionOfRow(row: DecisionRow): MatchDecision {
  const kind: Verdict['kind'] = row.kind === 'PINNED_TO' ? 'PIN' : row.kind;
  return {
    decisionId: row.decisionId,
    origin: row.origin,
    verdict: verdictOfEnds(kind, row.leftKey, row.rightKey),
    decidedAt: isoTime(row.decidedAt),
    decidedBy: row.decidedBy,
    reason: row.reason,
  };
}

/** Reads the decisions and documents that a change set names; nothing when it names none. */
export async function readDecidedState(run: RunCypher, named: NamedByChangeSet): Promise<DecidedState> {
  const decisions =
    named.decisions.length === 0
      ? []
      : await run<DecisionRow>(cypher.DECISIONS_BY_IDS, { decisionIds: named.decisions });
  const versions =
    named.documentKinds.length === 0
      ? []
      : await run<{ kind: DocumentKind; version: number }>(cypher.LATEST_VERSIONS, { kinds: named.documentKinds });
  return {
    decisions: decisions.map(decisionOfRow),
    latestVersions: new Map(versions.map(({ kind, version }) => [kind, version])),
  };
}

/** Writes what was decided: a statement or two for each kind that a change set has. */
export async function writeDecided(run: RunCypher, { at, author }: ChangeSet, effects: DecidedEffects): Promise<void> {
  const made = { at, by: author?.by ?? null, reason: author?.reason ?? null };
  if (effects.revoked.length > 0) await run(cypher.REVOKE_DECISIONS, { verdicts: effects.revoked });
  await writeDecisions(run, effects, made);
  if (effects.closedReviews.length > 0) await run(cypher.CLOSE_REVIEWS, { reviewIds: effects.closedReviews });
  if (effects.reviews.length > 0) {
    const reviews = effects.reviews.map(({ left, right, ...review }) => {
      const [leftKey, rightKey] = [recordKey(left), recordKey(right)].sort();
      return { ...review, leftKey, rightKey };
    });
    await run(cypher.WRITE_REVIEWS, { reviews, at });
  }
  for (const { kind, version, text } of effects.documents) {
    await run(cypher.DEACTIVATE_DOCUMENTS, { kind });
    const named = { kind, version: cypherInteger(version) };
    if (text === null) await run(cypher.REACTIVATE_DOCUMENT, named);
    else await run(cypher.ADD_DOCUMENT, { ...named, text, ...made });
  }
  for (const household of effects.households) await run(cypher.WRITE_HOUSEHOLD, { ...household, at });
}

async function writeDecisions(
  run: RunCypher,
  effects: DecidedEffects,
  made: { readonly at: string; readonly by: string | null; readonly reason: string | null },
): Promise<void> {
  const rows = effects.decisions.flatMap(({ decisionId, origin, verdicts }) =>
    verdicts.map((verdict) => {
      const [leftKey, rightKey] = verdictEnds(verdict);
      return { decisionId, origin, leftKey, rightKey, kind: verdict.kind };
    }),
  );
  for (const [kind, text] of [
    ['SAME', cypher.ADD_SAME],
    ['NOT_SAME', cypher.ADD_NOT_SAME],
    ['PIN', cypher.ADD_PINS],
  ] as const) {
    const verdicts = rows.filter((row) => row.kind === kind);
    if (verdicts.length > 0) await run(text, { verdicts, ...made });
  }
}
