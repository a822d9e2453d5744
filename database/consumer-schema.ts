import { quoteIdentifier } from './identifiers.ts';

/**
 * Tables of the consumers whose effect lives in this schema. `consumed_event` remembers the latest events of each, so that what is
 * delivered again is known; `poison_event` keeps what was set aside, the event itself included.
 */
export function consumersSql(schema: string): string {
  const name = quoteIdentifier(schema);
  return `
CREATE TABLE ${name}.consumer (
  name       text PRIMARY KEY,
  -- the log it reads, such as commerce
  log        text NOT NULL,
  -- opaque; null before the first batch
  position   text,
  -- how many events it has ever taken or set aside
  taken      bigint NOT NULL DEFAULT 0,
  moved_at   timestamptz NOT NULL
);

CREATE TABLE ${name}.consumed_event (
  consumer   text NOT NULL REFERENCES ${name}.consumer ON DELETE CASCADE,
  event_id   text NOT NULL,
  -- counts with consumer.taken
  number     bigint NOT NULL,
  PRIMARY KEY (consumer, event_id)
);
CREATE INDEX consumed_event_by_number ON ${name}.consumed_event (consumer, number);

CREATE TABLE ${name}.poison_event (
  number       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  consumer     text NOT NULL REFERENCES ${name}.consumer ON DELETE CASCADE,
  event_id     text NOT NULL,
  event        jsonb NOT NULL,
  tries        integer NOT NULL,
  error        text NOT NULL,
  set_aside_at timestamptz NOT NULL,
  UNIQUE (consumer, event_id)
);
`;
}
