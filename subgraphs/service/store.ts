import type { Queryable } from '../../database/database.ts';
import type { Clock } from '../../schema/clock.ts';
import { CodedError } from '../../schema/errors.ts';

/** Input of `openCase`, in the schema's words. */
export interface OpenCase {
  readonly contactId: string;
  readonly subject: string;
  readonly description: string | undefined;
  readonly priority: keyof typeof URGENCIES;
  readonly caseOrigin: keyof typeof CHANNELS;
  readonly caseType: keyof typeof KINDS | undefined;
}

/** Input of `commentOnCase`. */
export interface CommentOnCase {
  readonly caseId: string;
  readonly authorName: string;
  readonly commentBody: string;
  readonly isPublished: boolean;
}

/** Input of `closeCase`. */
export interface CloseCase {
  readonly caseId: string;
  readonly satisfactionScore: number | undefined;
}

/** The service desk's own writes, each inside the transaction it is given. Throws NOT_FOUND and CONFLICT. */
export interface ServiceStore {
  /** Gives the new case's key. */
  openCase(transaction: Queryable, input: OpenCase): Promise<string>;
  commentOnCase(transaction: Queryable, input: CommentOnCase): Promise<void>;
  closeCase(transaction: Queryable, input: CloseCase): Promise<void>;
}

/** The schema's words in the store's vocabulary. */
const URGENCIES = { CRITICAL: 1, HIGH: 2, MEDIUM: 3, LOW: 4 } as const;
const CHANNELS = { PHONE: 'tel', EMAIL: 'mail', WEB: 'web', CHAT: 'chat', SOCIAL: 'social' } as const;
const KINDS = { QUESTION: 'q', PROBLEM: 'p', REQUEST: 'r', COMPLAINT: 'c' } as const;
const NEW = 1;
const CLOSED = 9;

/** Makes the service desk's writes. `newId` gives the keys of new cases and comments. */
export function createServiceStore(options: { readonly clock: Clock; readonly newId: () => string }): ServiceStore {
  const { clock, newId } = options;
  const now = (): Date => new Date(clock());
  return {
    async openCase(transaction, input) {
      const [ticket] = await transaction.query<{ ticket_id: string }>(
        `INSERT INTO service.ticket (ticket_id, ticket_no, contact_id, topic, details, state, urgency, channel, opened, kind)
         SELECT $1::text, service.next_ticket_no(), contact_id, $3::text, $4::text, ${NEW}, $5::smallint, $6::text,
                $7::timestamptz, $8::text
         FROM service.contact WHERE contact_id = $2
         RETURNING ticket_id`,
        [
          newId(),
          input.contactId,
          input.subject,
          input.description ?? null,
          URGENCIES[input.priority],
          CHANNELS[input.caseOrigin],
          now(),
          input.caseType === undefined ? null : KINDS[input.caseType],
        ],
      );
      if (!ticket) throw new CodedError('NOT_FOUND', 'There is no contact with this key.');
      return ticket.ticket_id;
    },

    async commentOnCase(transaction, input) {
      const written = await transaction.query(
        `INSERT INTO service.ticket_note (note_id, ticket_id, author, body, visible, written)
         SELECT $1::text, ticket_id, $3::text, $4::text, $5::boolean, $6::timestamptz FROM service.ticket WHERE ticket_id = $2
         RETURNING note_id`,
        [newId(), input.caseId, input.authorName, input.commentBody, input.isPublished, now()],
      );
      if (written.length === 0) throw noSuchCase();
    },

    async closeCase(transaction, input) {
      const [ticket] = await transaction.query<{ state: number }>(
        'SELECT state FROM service.ticket WHERE ticket_id = $1 FOR UPDATE',
        [input.caseId],
      );
      if (!ticket) throw noSuchCase();
      if (ticket.state === CLOSED) throw new CodedError('CONFLICT', 'The case is closed already.');
      await transaction.query(
        `UPDATE service.ticket SET state = ${CLOSED}, closed = $2, smiley = coalesce($3, smiley) WHERE ticket_id = $1`,
        [input.caseId, now(), input.satisfactionScore ?? null],
      );
    },
  };
}

function noSuchCase(): CodedError {
  return new CodedError('NOT_FOUND', 'There is no case with this key.');
}
