-- Journeys: what they are, who is in them, and everything that waits. Times are those of the engine's clock, unless it is said.

CREATE TABLE marketing.journey (
  journey_id     text PRIMARY KEY,
  name           text NOT NULL,
  status         text NOT NULL CHECK (status IN ('DRAFT', 'ACTIVE', 'PAUSED', 'STOPPED')),
  reentry        text NOT NULL CHECK (reentry IN ('PER_OBJECT', 'NONE', 'AFTER_EXIT', 'ANYTIME')),
  -- the version that people enter now
  version        integer NOT NULL CHECK (version > 0),
  entry_kind     text NOT NULL,
  -- how long something is left, or an order ago, before the entry; null where the entry does not wait
  entry_after_ms bigint,
  package_name   text,
  modified_on    timestamptz NOT NULL
);
CREATE INDEX journey_by_entry ON marketing.journey (entry_kind) WHERE status IN ('ACTIVE', 'PAUSED');

-- Never changed: whoever is in a version stays in it.
CREATE TABLE marketing.journey_version (
  journey_id     text NOT NULL REFERENCES marketing.journey ON DELETE CASCADE,
  version        integer NOT NULL,
  -- as it was handed in
  document       text NOT NULL,
  saved_on       timestamptz NOT NULL,
  saved_by       text NOT NULL,
  PRIMARY KEY (journey_id, version)
);

CREATE TABLE marketing.journey_trigger (
  trigger_id     text PRIMARY KEY,
  kind           text NOT NULL,
  due_on         timestamptz NOT NULL,
  written_on     timestamptz NOT NULL,
  object_type    text NOT NULL,
  object_id      text NOT NULL,
  revision       text,
  -- what makes it the same one: the contents and the time they were left for, the closing of a case, the order before
  occasion       text NOT NULL,
  -- the time it was left for, for journeys that wait for just that
  after_ms       bigint,
  customer360_id text,
  -- the cloud's own customer record that it came from
  source         text,
  record_id      text,
  UNIQUE (kind, object_type, object_id, occasion)
);
-- Whose record identity does not know yet.
CREATE INDEX journey_trigger_unknown ON marketing.journey_trigger (source, record_id) WHERE customer360_id IS NULL;

CREATE TABLE marketing.journey_instance (
  instance_id    text PRIMARY KEY,
  journey_id     text NOT NULL REFERENCES marketing.journey,
  version        integer NOT NULL,
  trigger_id     text NOT NULL REFERENCES marketing.journey_trigger,
  -- the person by the id that survives, and the record by which it came: merges move the one, the other tells whose it is after an unmerge
  customer360_id text NOT NULL,
  source         text,
  record_id      text,
  object_type    text NOT NULL,
  object_id      text NOT NULL,
  revision       text,
  status         text NOT NULL
    CHECK (status IN ('WAITING', 'DEFERRED', 'PAUSED', 'COMPLETED', 'EXITED', 'EJECTED', 'FOLDED', 'FAILED')),
  entered_on     timestamptz NOT NULL,
  -- until when an order counts for the journey
  counts_until   timestamptz NOT NULL,
  step           text,
  -- true while the wait of `step` runs, false when it is yet to be begun
  is_begun       boolean NOT NULL DEFAULT false,
  due_on         timestamptz,
  waits_for      text,
  -- when a worker looks at it: `due_on`, or the end of the lease of the worker that has it; null when nothing is to be done
  wake_on        timestamptz,
  -- of the worker that has it: whoever finds another one here has lost it
  claim          text,
  tries          integer NOT NULL DEFAULT 0,
  is_held_out    boolean NOT NULL,
  -- false for journeys that the same person may be in several times at once
  is_single      boolean NOT NULL,
  order_number   text,
  ended_on       timestamptz,
  end_reason     text,
  folded_into    text REFERENCES marketing.journey_instance,
  -- what it was when it was held or folded
  status_before  text
);
CREATE UNIQUE INDEX journey_instance_single ON marketing.journey_instance (journey_id, customer360_id)
  WHERE is_single AND status IN ('WAITING', 'DEFERRED', 'PAUSED');
CREATE INDEX journey_instance_due ON marketing.journey_instance (journey_id, wake_on) WHERE wake_on IS NOT NULL;
CREATE INDEX journey_instance_of_customer ON marketing.journey_instance (customer360_id, entered_on DESC, instance_id DESC);
CREATE INDEX journey_instance_of_journey ON marketing.journey_instance (journey_id, entered_on DESC, instance_id DESC);
CREATE INDEX journey_instance_of_trigger ON marketing.journey_instance (trigger_id);
CREATE INDEX journey_instance_of_record ON marketing.journey_instance (source, record_id);
CREATE INDEX journey_instance_of_object ON marketing.journey_instance (object_type, object_id)
  WHERE status IN ('WAITING', 'DEFERRED', 'PAUSED');
CREATE INDEX journey_instance_waiting_for ON marketing.journey_instance (waits_for, customer360_id) WHERE waits_for IS NOT NULL;
CREATE INDEX journey_instance_folded ON marketing.journey_instance (folded_into) WHERE folded_into IS NOT NULL;

-- What may be entered once: an object with its contents, a person, a trigger.
CREATE TABLE marketing.journey_entry (
  journey_id     text NOT NULL REFERENCES marketing.journey ON DELETE CASCADE,
  entry_key      text NOT NULL,
  -- written before the instance, which may turn out not to begin
  instance_id    text NOT NULL,
  PRIMARY KEY (journey_id, entry_key)
);
CREATE INDEX journey_entry_of_instance ON marketing.journey_entry (instance_id);

CREATE TABLE marketing.journey_timeline (
  entry_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  instance_id    text NOT NULL REFERENCES marketing.journey_instance ON DELETE CASCADE,
  occurred_on    timestamptz NOT NULL,
  entry_type     text NOT NULL,
  step           text,
  -- without personal data beyond ids
  message        text NOT NULL,
  by_subject     text
);
CREATE INDEX journey_timeline_of_instance ON marketing.journey_timeline (instance_id, entry_id);

-- What is to be looked at in the live clouds, and when: carts that may be left, orders and cases that came, people whose records moved.
-- One row for each object; an event that comes while a worker has it moves it, so that what the worker has read counts no more.
CREATE TABLE marketing.journey_task (
  kind           text NOT NULL,
  object_id      text NOT NULL,
  -- the cloud's own customer record, and the event that it stands for
  source         text NOT NULL,
  record_id      text,
  event_id       text NOT NULL,
  event_type     text NOT NULL,
  -- by the clock of the store it happened in
  event_on       timestamptz NOT NULL,
  -- the longest time it was already found left for, milliseconds
  fired_ms       bigint NOT NULL DEFAULT 0,
  due_on         timestamptz,
  -- as in journey_instance
  wake_on        timestamptz,
  claim          text,
  moves          bigint NOT NULL DEFAULT 0,
  tries          integer NOT NULL DEFAULT 0,
  error          text,
  set_aside_on   timestamptz,
  PRIMARY KEY (kind, object_id)
);
CREATE INDEX journey_task_due ON marketing.journey_task (kind, wake_on) WHERE wake_on IS NOT NULL;
CREATE INDEX journey_task_set_aside ON marketing.journey_task (set_aside_on) WHERE set_aside_on IS NOT NULL;

-- People whose records moved lately: what was read of them before does not count any more.
CREATE SEQUENCE marketing.journey_move;
CREATE TABLE marketing.journey_moved_customer (
  customer360_id text PRIMARY KEY,
  number         bigint NOT NULL,
  moved_on       timestamptz NOT NULL
);
CREATE INDEX journey_moved_customer_by_age ON marketing.journey_moved_customer (moved_on);
CREATE INDEX journey_moved_customer_by_number ON marketing.journey_moved_customer (number DESC);
