-- Text that is ordered, compared or looked up is in the C collation: every store and the code then sort alike.

-- An id that was given stays for ever. `survivor360_id` is the customer that stands for it now, itself unless it was
-- merged: always the end of the chain, so that a chain of any length costs one lookup.
CREATE TABLE identity.customer (
  customer360_id text COLLATE "C" PRIMARY KEY,
  survivor360_id text COLLATE "C" NOT NULL,
  created_at     timestamptz NOT NULL
);
CREATE INDEX customer_merged ON identity.customer (survivor360_id) WHERE survivor360_id <> customer360_id;

-- `home360_id` is the customer the record was linked to, `customer360_id` its survivor: what an unmerge goes back by.
-- Writers number the records themselves, they take turns anyway.
CREATE TABLE identity.source_record (
  record_id             bigint PRIMARY KEY,
  data_source_id        text COLLATE "C" NOT NULL,
  source_record_id      text COLLATE "C" NOT NULL,
  data_source_object_id text NOT NULL,
  given_name_hash       text,
  home360_id            text COLLATE "C" NOT NULL,
  customer360_id        text COLLATE "C" NOT NULL,
  rule                  text NOT NULL,
  linked_at             timestamptz NOT NULL,
  UNIQUE (data_source_id, source_record_id)
);
CREATE INDEX source_record_of_customer ON identity.source_record (customer360_id);

CREATE TABLE identity.identifier (
  record_id        bigint NOT NULL,
  identifier_type  text COLLATE "C" NOT NULL,
  normalized_value text COLLATE "C" NOT NULL,
  PRIMARY KEY (identifier_type, normalized_value, record_id)
);
CREATE INDEX identifier_of_record ON identity.identifier (record_id);

CREATE TABLE identity.merge_event (
  merge_event_id text PRIMARY KEY,
  survivor360_id text NOT NULL,
  merged360_id   text COLLATE "C" NOT NULL,
  rule           text NOT NULL,
  at             timestamptz NOT NULL,
  undone_at      timestamptz
);
CREATE UNIQUE INDEX merge_in_effect ON identity.merge_event (merged360_id) WHERE undone_at IS NULL;

CREATE TABLE identity.follow_position (
  data_source_id text PRIMARY KEY,
  position       jsonb NOT NULL
);

-- One row. Writers lock it first, so they take turns and never meet in a deadlock.
CREATE TABLE identity.lease (
  only_one   boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  holder     text,
  token      bigint NOT NULL DEFAULT 0,
  expires_at bigint NOT NULL DEFAULT 0
);
INSERT INTO identity.lease DEFAULT VALUES;

-- One row, written by the first process that prepares the store.
CREATE TABLE identity.secret (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  hash_key text NOT NULL
);
