-- The service desk's own vocabulary: numeric contacts with the whole name in one text, dates as DD.MM.YYYY, numbered states.
CREATE TABLE service.contact (
  contact_id     text PRIMARY KEY,
  salutation     text,
  -- "Last, First", "First Last" or "Mr First Last", as agents typed it
  full_name      text,
  phone          text,
  mobile         text,
  email          text,
  dob            text,
  -- {"street", "street2", "town", "region", "zip", "country" as an English name or a two-letter code}
  mailing        jsonb,
  -- network to handle, such as {"twitter": "@ada"}
  handles        jsonb NOT NULL DEFAULT '{}',
  loyalty_no     text,
  opened         timestamptz NOT NULL,
  last_edit      timestamptz NOT NULL
);
CREATE INDEX contact_name_search ON service.contact USING gin (to_tsvector('simple', coalesce(full_name, '')));

CREATE TABLE service.ticket (
  ticket_id      text PRIMARY KEY,
  ticket_no      text NOT NULL UNIQUE,
  contact_id     text NOT NULL,
  topic          text NOT NULL,
  details        text,
  -- 1 new, 2 working, 3 waiting for the customer, 4 escalated, 9 closed
  state          smallint NOT NULL CHECK (state IN (1, 2, 3, 4, 9)),
  -- 1 critical … 4 low
  urgency        smallint NOT NULL CHECK (urgency BETWEEN 1 AND 4),
  channel        text NOT NULL CHECK (channel IN ('tel', 'mail', 'web', 'chat', 'social')),
  opened         timestamptz NOT NULL,
  closed         timestamptz,
  smiley         smallint CHECK (smiley BETWEEN 1 AND 5)
);
CREATE INDEX ticket_of_contact ON service.ticket (contact_id, opened DESC, ticket_id DESC);
CREATE INDEX ticket_by_urgency ON service.ticket (urgency, opened, ticket_id) WHERE state <> 9;
CREATE INDEX ticket_by_urgency_closed_too ON service.ticket (urgency, opened, ticket_id);
CREATE INDEX ticket_by_age ON service.ticket (opened, ticket_id);

CREATE TABLE service.ticket_note (
  note_id        text PRIMARY KEY,
  ticket_id      text NOT NULL REFERENCES service.ticket ON DELETE CASCADE,
  author         text,
  body           text NOT NULL,
  visible        boolean NOT NULL,
  written        timestamptz NOT NULL
);
CREATE INDEX ticket_note_of_ticket ON service.ticket_note (ticket_id, written, note_id);

SELECT service.watch('contact', 'SourceRecordChanged', 'contact_id');
SELECT service.watch('ticket', 'CaseChanged', 'ticket_id');
SELECT service.watch('ticket_note', 'CaseChanged', 'ticket_id');
