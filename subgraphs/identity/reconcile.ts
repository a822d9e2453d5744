import type {
  ContactPointAddress,
  ContactPointEmail,
  ContactPointPhone,
  ContactPointSocial,
  FieldCandidate,
  FieldProvenance,
  IdentityLink,
  PartyIdentification,
} from '../../schema/generated/identity.ts';
import { type ReadProfile, readProfile, singleCandidates } from './candidates.ts';
import { type ItemCandidate, rankedCandidates } from './contact-points.ts';
import type { Profile } from './profile.ts';
import { type Candidate, type RankedGroup, type Ranking, rankCandidates } from './survivorship.ts';
import {
  RANKED_FIELDS,
  type RankedField,
  type ReconciledField,
  type SingleField,
  type Survivorship,
} from './survivorship-document.ts';

/** One person as the rules make it from what the records say. Each field is worked out when it is first asked for. */
export class Reconciliation {
  readonly #profiles: readonly ReadProfile[];
  readonly #survivorship: Survivorship;
  readonly #single = new Map<SingleField, Ranking<Candidate>>();
  readonly #ranked: { [F in RankedField]?: Ranking<ItemCandidate<F>> } = {};

  constructor(profiles: readonly Profile[], survivorship: Survivorship) {
    this.#profiles = profiles.map(readProfile);
    this.#survivorship = survivorship;
  }

  /** The value of a single field; null when no record has one that says something. */
  single(field: SingleField): string | null {
    return winnerOf(this.#singleRanking(field))?.text ?? null;
  }

  /** First and last name as one text; null when neither is known. */
  fullName(): string | null {
    const parts = [this.single('firstName'), this.single('lastName')].filter((part) => part !== null);
    return parts.length > 0 ? parts.join(' ') : null;
  }

  /** All e-mail addresses, each once, ranked. */
  emails(): ContactPointEmail[] {
    return this.#show('contactPointEmails', ({ text }, shared) => ({ emailAddress: text, ...shared }));
  }

  /** All telephone numbers, each once, ranked. */
  phones(): ContactPointPhone[] {
    return this.#show('contactPointPhones', ({ text, normalForm }, shared) => ({
      telephoneNumber: text,
      formattedE164PhoneNumber: normalForm.startsWith('+') ? normalForm : null,
      ...shared,
    }));
  }

  /** All addresses, each once, ranked; every one is whole from one record. */
  addresses(): ContactPointAddress[] {
    return this.#show('contactPointAddresses', ({ item }, shared) => ({ ...item, ...shared }));
  }

  /** All social network accounts, each once, ranked. */
  socials(): ContactPointSocial[] {
    return this.#show('contactPointSocials', ({ item }, { sources }) => ({ ...item, sources }));
  }

  /** All official and business numbers, each once, ranked. */
  partyIdentifications(): PartyIdentification[] {
    return this.#show('partyIdentifications', ({ item }, { sources }) => ({ ...item, sources }));
  }

  /** Where a field's value comes from: every candidate is the winner or one loser. */
  provenance(field: ReconciledField): FieldProvenance {
    const isRanked = isRankedField(field);
    const ranking: Ranking<Candidate> = isRanked ? this.#rankedRanking(field) : this.#singleRanking(field);
    const winner = winnerOf(ranking);
    const losers = ranking.groups.flat().filter((candidate) => candidate !== winner);
    return {
      field,
      rule: isRanked ? 'ALL_RANKED' : this.#survivorship.ruleOf(field).rule,
      winner: winner ? describe(winner) : null,
      losers: losers.map((loser) => {
        const reason = loser.isPlaceholder ? 'PLACEHOLDER' : ranking.reasonOf(loser);
        const { value, source, lastModifiedDate } = describe(loser);
        const why = reason === null ? 'AGREES_WITH_WINNER' : rankedReason(reason, isRanked);
        return { value, source, lastModifiedDate, reason: why };
      }),
    };
  }

  #singleRanking(field: SingleField): Ranking<Candidate> {
    const known = this.#single.get(field);
    if (known) return known;
    const ranking = rankCandidates(
      singleCandidates(this.#profiles, field, this.#survivorship),
      this.#survivorship.ruleOf(field),
    );
    this.#single.set(field, ranking);
    return ranking;
  }

  #rankedRanking<F extends RankedField>(field: F): Ranking<ItemCandidate<F>> {
    const rankings: { [K in F]?: Ranking<ItemCandidate<F>> } = this.#ranked;
    rankings[field] ??= rankCandidates(
      rankedCandidates(this.#profiles, field, this.#survivorship),
      this.#survivorship.ruleOf(field),
    );
    return rankings[field];
  }

  #show<F extends RankedField, Shown>(
    field: F,
    show: (candidate: ItemCandidate<F>, shared: { isPrimary: boolean; sources: IdentityLink[] }) => Shown,
  ): Shown[] {
    return this.#rankedRanking(field).groups.map((group, index) =>
      show(group[0], { isPrimary: index === 0 && !group[0].isPlaceholder, sources: sourcesOf(group) }),
    );
  }
}

function isRankedField(field: ReconciledField): field is RankedField {
  return RANKED_FIELDS.some((ranked) => ranked === field);
}

/** A placeholder never wins, also when there is nothing else. */
function winnerOf<C extends Candidate>(ranking: Ranking<C>): C | null {
  const first = ranking.groups[0]?.[0];
  return first && !first.isPlaceholder ? first : null;
}

function rankedReason(reason: NonNullable<ReturnType<Ranking<Candidate>['reasonOf']>>, isRanked: boolean) {
  return isRanked && reason !== 'PLACEHOLDER' ? 'RANKED_LOWER' : reason;
}

function describe({ text, origin }: Candidate): FieldCandidate {
  return { value: text, source: origin.source, lastModifiedDate: origin.lastModifiedDate };
}

function sourcesOf(group: RankedGroup<Candidate>): IdentityLink[] {
  const sources = new Map(
    group.map(({ origin: { source } }) => [`${source.dataSourceId}|${source.sourceRecordId}`, source]),
  );
  return [...sources.values()];
}
