import {
  type CustomerIdentity,
  type IdentityRepository,
  recordKey,
  type SourceRecordKey,
} from '../store/repository.ts';
import type { LiveEvent } from './live-event.ts';

const IDS_PER_STATEMENT = 1_000;

/** Whoever follows a person, by the id they asked for. */
export interface Follower {
  readonly askedFor: string;
  /** The person that the id stands for now. Set by `People`. */
  person: Person | undefined;
}

/** A person that is followed, as identity had them when they were last looked up. Never changed: a later look-up makes another. */
export class Person<F extends Follower = Follower> {
  readonly customer360Id: string;
  /** The person's id and those merged into it. */
  readonly ids: ReadonlySet<string>;
  readonly records: readonly SourceRecordKey[];
  /** `recordKey()` of the records. */
  readonly recordKeys: ReadonlySet<string>;
  readonly isErased: boolean;
  readonly followers = new Set<F>();

  constructor(identity: CustomerIdentity, isErased: boolean) {
    this.customer360Id = identity.customer360Id;
    this.ids = new Set([identity.customer360Id, ...identity.mergedCustomer360Ids]);
    this.records = identity.records;
    this.recordKeys = new Set(identity.records.map(recordKey));
    this.isErased = isErased;
  }

  /** True for the same person in the same state. */
  isLike(other: Person<F>): boolean {
    return (
      this.customer360Id === other.customer360Id &&
      this.isErased === other.isErased &&
      isEqual(this.ids, other.ids) &&
      isEqual(this.recordKeys, other.recordKeys)
    );
  }

  /** True for an event about the person or one of their records. */
  isConcernedBy({ record, customer360Ids }: LiveEvent): boolean {
    return record === null ? customer360Ids.some((id) => this.ids.has(id)) : this.recordKeys.has(record);
  }
}

/** Which followed person an event is about: by maps, whatever the number of followers. */
export class People<F extends Follower> {
  readonly #repository: IdentityRepository;
  readonly #byId = new Map<string, Person<F>>();
  readonly #byRecord = new Map<string, Person<F>>();

  constructor(repository: IdentityRepository) {
    this.#repository = repository;
  }

  /** The people that an event is about, as far as somebody follows them. */
  concernedBy({ record, customer360Ids }: LiveEvent): readonly Person<F>[] {
    if (record !== null) {
      const person = this.#byRecord.get(record);
      return person ? [person] : NOBODY;
    }
    if (customer360Ids.length === 0) return NOBODY;
    return [...new Set(customer360Ids.flatMap((id) => this.#byId.get(id) ?? []))];
  }

  /** Looks followers' people up and follows them from then on. Gives those whose id nobody has. */
  async add(followers: readonly F[]): Promise<F[]> {
    const found = await this.#lookUp([...new Set(followers.map(({ askedFor }) => askedFor))]);
    return this.#placeAll(followers, found);
  }

  /** Lets followers go. */
  remove(follower: F): void {
    const person = follower.person as Person<F> | undefined;
    follower.person = undefined;
    if (!person?.followers.delete(follower) || person.followers.size > 0) return;
    this.#forget(person);
  }

  /** Looks people up again of whom identity has changed, and moves their followers to who their ids stand for now. */
  async refresh(changed: ReadonlySet<Person<F>>): Promise<void> {
    const followers = [...changed].flatMap((person) => [...person.followers]);
    if (followers.length === 0) return;
    const found = await this.#lookUp([...new Set(followers.map(({ askedFor }) => askedFor))]);
    // Whoever has left meanwhile stays away.
    this.#placeAll(
      followers.filter(({ person }) => person !== undefined),
      found,
    );
  }

  #placeAll(followers: readonly F[], found: ReadonlyMap<string, FoundPerson>): F[] {
    const people = new Map<string, Person<F>>();
    const unknown: F[] = [];
    for (const follower of followers) {
      const known = found.get(follower.askedFor);
      if (known) this.#place(follower, known, people);
      else unknown.push(follower);
    }
    return unknown;
  }

  #place(follower: F, known: FoundPerson, people: Map<string, Person<F>>): void {
    const { customer360Id } = known.identity;
    const person = people.get(customer360Id) ?? this.#latest(known);
    people.set(customer360Id, person);
    const before = follower.person as Person<F> | undefined;
    if (before !== person && before?.followers.delete(follower) && before.followers.size === 0) {
      this.#forget(before);
      this.#remember(person);
    }
    follower.person = person;
    person.followers.add(follower);
  }

  /** The person as just looked up; the one that is known where nothing has changed. */
  #latest({ identity, isErased }: FoundPerson): Person<F> {
    const latest = new Person<F>(identity, isErased);
    const known = this.#byId.get(identity.customer360Id);
    if (known?.isLike(latest)) return known;
    this.#replace(known, latest);
    return latest;
  }

  /** A later state of a person takes their followers over. */
  #replace(before: Person<F> | undefined, person: Person<F>): void {
    if (before && before.customer360Id === person.customer360Id) {
      this.#forget(before);
      for (const follower of before.followers) {
        follower.person = person;
        person.followers.add(follower);
      }
      before.followers.clear();
    }
    this.#remember(person);
  }

  #remember(person: Person<F>): void {
    for (const id of person.ids) this.#byId.set(id, person);
    for (const key of person.recordKeys) this.#byRecord.set(key, person);
  }

  #forget(person: Person<F>): void {
    for (const id of person.ids) if (this.#byId.get(id) === person) this.#byId.delete(id);
    for (const key of person.recordKeys) if (this.#byRecord.get(key) === person) this.#byRecord.delete(key);
  }

  async #lookUp(ids: readonly string[]): Promise<Map<string, FoundPerson>> {
    const found = new Map<string, FoundPerson>();
    for (let at = 0; at < ids.length; at += IDS_PER_STATEMENT) {
      const page = await this.#repository.customersByIds(ids.slice(at, at + IDS_PER_STATEMENT));
      for (const [id, identity] of page) found.set(id, { identity, isErased: await this.#isErased(identity) });
    }
    return found;
  }

  /** Whoever was erased has no records; that is rare, and asked for only then. */
  async #isErased({ customer360Id, records }: CustomerIdentity): Promise<boolean> {
    return records.length === 0 && (await this.#repository.erasure.proof(customer360Id)) !== null;
  }
}

interface FoundPerson {
  readonly identity: CustomerIdentity;
  readonly isErased: boolean;
}

const NOBODY: readonly never[] = [];

function isEqual(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((each) => other.has(each));
}
