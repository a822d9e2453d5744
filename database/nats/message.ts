import type { OutboxEvent } from '../outbox.ts';
import type { NatsHeaders } from './link.ts';

/** The event's sequence in its log. */
const SEQUENCE = 'C360-Sequence';
/** The sequence of the event before it: the messages form a chain, so that a reader sees when one is missing. */
const PREVIOUS = 'C360-Previous';
/** The server keeps one message of an id. */
const MESSAGE_ID = 'Nats-Msg-Id';
/** The message is taken only when it becomes the one after this. */
const EXPECTED = 'Nats-Expected-Last-Sequence';
/** Below what a server takes by default (1 MiB). Whoever reads the message of a larger event gets it from the store. */
const LARGEST_BYTES = 512 * 1024;

/** Where a message stands in its log. */
export interface Link {
  readonly sequence: number;
  /** The sequence before it; both are equal in a marker, which carries no event. */
  readonly previous: number;
}

/** A message as it is read; the event is null in a marker, and of an event that was too large. */
export interface RelayedMessage extends Link {
  readonly event: OutboxEvent | null;
}

/** The last part of a subject: the event's type, in which a subject's own signs can't occur. */
export function subjectToken(type: string): string {
  return type.replace(/[^A-Za-z0-9_-]/g, '_') || '_';
}

/** Writes an event as a message that may only follow the message `expectedLast` of its stream. */
export function encodeEvent(
  headers: NatsHeaders,
  event: OutboxEvent,
  place: { readonly previous: number; readonly expectedLast: number },
): { readonly data: string; readonly headers: NatsHeaders } {
  const data = JSON.stringify(event);
  setPlace(headers, { sequence: event.sequence, ...place });
  headers.set(MESSAGE_ID, event.id);
  return { data: Buffer.byteLength(data) > LARGEST_BYTES ? '' : data, headers };
}

/** Writes a marker: so far the log was relayed. */
export function encodeMarker(
  headers: NatsHeaders,
  { sequence, expectedLast }: { readonly sequence: number; readonly expectedLast: number },
): NatsHeaders {
  setPlace(headers, { sequence, previous: sequence, expectedLast });
  return headers;
}

function setPlace(headers: NatsHeaders, place: Link & { readonly expectedLast: number }): void {
  headers.set(SEQUENCE, String(place.sequence));
  headers.set(PREVIOUS, String(place.previous));
  headers.set(EXPECTED, String(place.expectedLast));
}

/** Reads where a message stands; null when it is none of ours. */
export function readLink(headers: { get(name: string): string } | undefined): Link | null {
  if (!headers) return null;
  const [sequence, previous] = [headers.get(SEQUENCE), headers.get(PREVIOUS)];
  return /^\d{1,15}$/.test(sequence) && /^\d{1,15}$/.test(previous)
    ? { sequence: Number(sequence), previous: Number(previous) }
    : null;
}

/** Reads a message; null when it is none of ours. */
export function decodeMessage(
  headers: { get(name: string): string } | undefined,
  data: Uint8Array,
): RelayedMessage | null {
  const link = readLink(headers);
  return (
    link && { ...link, event: data.length === 0 ? null : (JSON.parse(Buffer.from(data).toString()) as OutboxEvent) }
  );
}

/** The id under which the server keeps a message, such as to compare it with the event of the store. */
export function messageIdOf(headers: { get(name: string): string } | undefined): string {
  return headers?.get(MESSAGE_ID) ?? '';
}
