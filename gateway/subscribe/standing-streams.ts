import type { Cursor } from './live-operation.ts';

/** Streams that tell the same, by where they stand: whoever has moved finds those that it may become one with. */
export class StandingStreams<Stream extends object> {
  readonly #at = new Map<string, Map<Cursor, Set<Stream>>>();
  readonly #places = new Map<Stream, { readonly key: string; readonly position: Cursor }>();

  /** Notes where a stream stands and gives all that stand there, itself among them. */
  move(stream: Stream, key: string, position: Cursor): ReadonlySet<Stream> {
    this.delete(stream);
    const positions = this.#at.get(key) ?? new Map<Cursor, Set<Stream>>();
    const there = positions.get(position) ?? new Set<Stream>();
    this.#at.set(key, positions.set(position, there.add(stream)));
    this.#places.set(stream, { key, position });
    return there;
  }

  delete(stream: Stream): void {
    const place = this.#places.get(stream);
    if (!place) return;
    this.#places.delete(stream);
    const positions = this.#at.get(place.key);
    const there = positions?.get(place.position);
    there?.delete(stream);
    if (there?.size === 0) positions?.delete(place.position);
    if (positions?.size === 0) this.#at.delete(place.key);
  }
}
