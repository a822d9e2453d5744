import { Random } from '../sample-data/random.ts';
import { daysAgo, type SampleContext, type SampleRow, type SampleRows } from '../sample-data/sample-cloud.ts';
import { AGENTS, TOPICS } from './sample-catalogue.ts';
import type { SampleContact } from './sample-profiles.ts';

/** A ticket before its rows are written. */
export interface SampleTicket {
  readonly ticketId: string;
  readonly contactId: string;
  readonly topic: string;
  readonly details: string;
  readonly state: 1 | 2 | 3 | 4 | 9;
  readonly urgency: 1 | 2 | 3 | 4;
  /** q question, p problem, r request, c complaint. */
  readonly kind: 'q' | 'p' | 'r' | 'c';
  readonly channel: 'tel' | 'mail' | 'web' | 'chat' | 'social';
  readonly openedDaysAgo: number;
  readonly closedDaysAgo: number | undefined;
  readonly smiley: number | undefined;
  readonly notes: readonly {
    readonly body: string;
    readonly visible: boolean;
    readonly author: string;
    readonly daysAgo: number;
  }[];
}

/** The tickets of one contact. */
export function activityOf(contact: SampleContact, context: SampleContext): SampleRows {
  const random = new Random(context.seed, 'service', 'activity', contact.contactId);
  const count = Number(random.pickWeighted({ 0: 22, 1: 42, 2: 20, 3: 10, 6: 6 }));
  const tickets = Array.from({ length: count }, (_, place) => drawTicket(contact, place, random));
  return ticketRows(tickets, context);
}

/** The rows of tickets and of their notes. */
export function ticketRows(tickets: readonly SampleTicket[], context: SampleContext): SampleRows {
  return {
    ticket: tickets.map((ticket) => ({
      ticket_id: ticket.ticketId,
      ticket_no: ticket.ticketId.replace('T-', ''),
      contact_id: ticket.contactId,
      topic: ticket.topic,
      details: ticket.details,
      state: ticket.state,
      urgency: ticket.urgency,
      channel: ticket.channel,
      opened: daysAgo(context, ticket.openedDaysAgo),
      closed: ticket.closedDaysAgo === undefined ? null : daysAgo(context, ticket.closedDaysAgo),
      smiley: ticket.smiley ?? null,
      kind: ticket.kind,
    })),
    ticket_note: tickets.flatMap((ticket) => noteRows(ticket, context)),
  };
}

function noteRows(ticket: SampleTicket, context: SampleContext): SampleRow[] {
  return ticket.notes.map((note, place) => ({
    note_id: `${ticket.ticketId}-${place + 1}`,
    ticket_id: ticket.ticketId,
    author: note.author,
    body: note.body,
    visible: note.visible,
    written: daysAgo(context, note.daysAgo),
  }));
}

function drawTicket(contact: SampleContact, place: number, random: Random): SampleTicket {
  const { topic, details, kind, notes } = random.pick(TOPICS);
  const openedDaysAgo = random.chance(0.25)
    ? random.next() * Math.min(10, contact.createdDaysAgo)
    : random.next() * contact.createdDaysAgo;
  const isClosed = random.chance(openedDaysAgo > 10 ? 0.94 : 0.45);
  const state = isClosed ? 9 : random.pick([1, 2, 2, 3, 4] as const);
  const days = isClosed ? Math.min(openedDaysAgo * 0.9, 0.1 + random.next() * 6) : openedDaysAgo * 0.9;
  const noteCount = state === 1 ? 0 : random.between(1, notes.length);
  return {
    ticketId: `T-${contact.contactId.slice(6)}${place}`,
    contactId: contact.contactId,
    topic,
    details,
    kind,
    state,
    urgency: random.pick([1, 2, 2, 3, 3, 3, 3, 4, 4] as const),
    channel: random.pick(['tel', 'tel', 'mail', 'mail', 'web', 'chat', 'social'] as const),
    openedDaysAgo,
    closedDaysAgo: isClosed ? openedDaysAgo - days : undefined,
    smiley: isClosed && random.chance(0.55) ? random.pick([1, 2, 3, 4, 4, 5, 5, 5]) : undefined,
    notes: notes.slice(0, noteCount).map((note, index) => ({
      ...note,
      author: random.pick(AGENTS),
      daysAgo: openedDaysAgo - (days * (index + 1)) / (noteCount + 1),
    })),
  };
}
