-- Evidence by which a record was linked and customers were merged, in bits; null where none was weighed.
ALTER TABLE identity.source_record ADD COLUMN bits double precision;
ALTER TABLE identity.merge_event ADD COLUMN bits double precision;
CREATE INDEX merge_event_merged ON identity.merge_event (merged360_id);
CREATE INDEX merge_event_survivor ON identity.merge_event (survivor360_id);

-- What each record is matched by, as the engine gave it: names, birth dates and addresses in normal form. Personal data:
-- it goes with the record, and is read by the engine alone.
CREATE TABLE identity.match_feature (
  record_id bigint PRIMARY KEY,
  features  text NOT NULL
);

-- What identity was at an earlier time is read from the log: events of a customer, and of a record.
CREATE INDEX outbox_key ON identity.outbox (key, sequence);
CREATE INDEX outbox_record ON identity.outbox ((payload ->> 'dataSourceId'), (payload ->> 'sourceRecordId'), sequence)
  WHERE payload ? 'sourceRecordId';
CREATE INDEX outbox_alarm ON identity.outbox (sequence) WHERE type = 'ErasedIdentifierReturned';
CREATE INDEX outbox_decision ON identity.outbox (sequence) WHERE type IN ('MatchDecided', 'MatchDecisionRevoked');

-- What people decided about records, one row for each verdict in effect. `left_key` and `right_key` are record keys in
-- order; of a PIN the record's key and the customer's id.
CREATE TABLE identity.match_decision (
  decision_id text COLLATE "C" NOT NULL,
  left_key    text COLLATE "C" NOT NULL,
  right_key   text COLLATE "C" NOT NULL,
  kind        text NOT NULL,
  origin      text NOT NULL,
  decided_at  timestamptz NOT NULL,
  decided_by  text,
  reason      text,
  PRIMARY KEY (decision_id, left_key, right_key)
);
CREATE INDEX match_decision_left ON identity.match_decision (left_key);
CREATE INDEX match_decision_right ON identity.match_decision (right_key);

-- Pairs that wait for a person.
CREATE TABLE identity.match_review (
  review_id      text COLLATE "C" PRIMARY KEY,
  kind           text NOT NULL,
  left_key       text COLLATE "C" NOT NULL,
  right_key      text COLLATE "C" NOT NULL,
  bits           double precision,
  expected_value double precision NOT NULL,
  reasons        jsonb NOT NULL,
  created_at     timestamptz NOT NULL
);
CREATE INDEX match_review_queue ON identity.match_review (expected_value DESC, review_id);
CREATE INDEX match_review_left ON identity.match_review (left_key);
CREATE INDEX match_review_right ON identity.match_review (right_key);

-- Rules, models and survivorship, in versions that are never changed. At most one of a kind is active.
CREATE TABLE identity.document (
  kind       text NOT NULL,
  version    integer NOT NULL,
  text       text NOT NULL,
  created_at timestamptz NOT NULL,
  created_by text,
  reason     text,
  is_active  boolean NOT NULL,
  PRIMARY KEY (kind, version)
);
CREATE UNIQUE INDEX document_active ON identity.document (kind) WHERE is_active;

-- People who live together. A customer lives in one household.
CREATE TABLE identity.household (
  household_id text COLLATE "C" PRIMARY KEY,
  created_at   timestamptz NOT NULL
);
CREATE TABLE identity.household_member (
  customer360_id text COLLATE "C" PRIMARY KEY,
  household_id   text COLLATE "C" NOT NULL
);
CREATE INDEX household_member_of ON identity.household_member (household_id);

-- What is left of erased people: who was erased, keyed digests of their records and identifiers.
CREATE TABLE identity.erasure (
  customer360_id text COLLATE "C" PRIMARY KEY,
  erased_at      timestamptz NOT NULL,
  erased_by      text,
  tombstones     integer NOT NULL
);
CREATE TABLE identity.tombstone (
  digest          text COLLATE "C" PRIMARY KEY,
  customer360_id  text COLLATE "C" NOT NULL,
  identifier_type text NOT NULL
);

-- Each mutation once. Only digests and ids are kept.
CREATE TABLE identity.idempotency_key (
  subject    text NOT NULL,
  key        text NOT NULL,
  operation  text NOT NULL,
  digest     text NOT NULL,
  result     jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (subject, key)
);
CREATE INDEX idempotency_key_age ON identity.idempotency_key (created_at);
