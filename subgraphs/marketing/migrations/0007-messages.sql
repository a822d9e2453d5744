-- Messages of journeys, one for each idempotency key, ever. Without a mail server this is the outbox itself.
CREATE TABLE marketing.journey_message (
  -- the first 32 hexadecimal digits of the SHA-256 of the idempotency key: whoever makes it again makes the same
  message_id            text PRIMARY KEY,
  idempotency_key       text NOT NULL UNIQUE,
  journey_id            text NOT NULL,
  instance_id           text NOT NULL,
  step                  text NOT NULL,
  channel               text NOT NULL CHECK (channel IN ('E', 'S', 'P', 'T')),
  purpose               text NOT NULL CHECK (purpose IN ('promo', 'service', 'profile')),
  -- PLANNED: a discount is being granted, nothing is written yet. The others are the schema's words.
  state                 text NOT NULL CHECK (state IN ('PLANNED', 'PREPARED', 'IN_DOUBT', 'SENT', 'FAILED')),
  -- counts how often it was written: only who has the last writing may hand it over
  preparation           integer NOT NULL DEFAULT 0,
  -- times that it could not be handed over in passing
  attempts              integer NOT NULL DEFAULT 0,
  planned_at            timestamptz NOT NULL,
  -- what the discount is asked for with, written before it is asked for, so that a second asking is the same
  discount_customer_no  text,
  discount_cart_id      text,
  discount_percent      smallint,
  discount_expires_at   timestamptz,
  discount_round        integer NOT NULL DEFAULT 0,
  discount_code         text,
  subscriber_key        text,
  consent_id            text,
  address               text,
  header_message_id     text,
  subject               text,
  html_body             text,
  text_body             text,
  prepared_at           timestamptz,
  -- somebody has decided that it was not sent although it was in doubt: it is sent apart from its instance, which has gone on
  is_decided            boolean NOT NULL DEFAULT false,
  -- whoever handed it over has the answer until then, or will never have it
  doubt_until           timestamptz,
  sent_at               timestamptz,
  error                 text,
  CHECK (state = 'PLANNED' OR
    (subscriber_key IS NOT NULL AND address IS NOT NULL AND header_message_id IS NOT NULL AND subject IS NOT NULL
     AND prepared_at IS NOT NULL)),
  CHECK ((state = 'SENT') = (sent_at IS NOT NULL))
);
CREATE INDEX journey_message_of_instance ON marketing.journey_message (instance_id, planned_at, message_id);
CREATE INDEX journey_message_by_time ON marketing.journey_message (prepared_at DESC, message_id DESC) WHERE state <> 'PLANNED';
CREATE INDEX journey_message_of_journey ON marketing.journey_message (journey_id, prepared_at DESC, message_id DESC)
  WHERE state <> 'PLANNED';
-- Bodies are kept for a time only.
CREATE INDEX journey_message_with_body ON marketing.journey_message (prepared_at) WHERE html_body IS NOT NULL;

-- The message of a journey that an engagement is about.
ALTER TABLE marketing.email_event ADD COLUMN message_id text;
CREATE INDEX email_event_of_message ON marketing.email_event (message_id) WHERE message_id IS NOT NULL;

-- MJML is slow to compile and slower to load: what it gave for a template, by the template's digest.
CREATE TABLE marketing.compiled_template (
  digest      text PRIMARY KEY,
  html        text NOT NULL,
  compiled_at timestamptz NOT NULL
);

-- Keys that were made by the store's first user, such as the one that signs unsubscribe links.
CREATE TABLE marketing.secret_key (
  name        text PRIMARY KEY,
  value       bytea NOT NULL,
  created_at  timestamptz NOT NULL
);
