-- What a mutation with an idempotency key gave, so that a repeated call gives it again. The input itself is not kept.
CREATE TABLE marketing.idempotency_key (
  subject       text NOT NULL,
  key           text NOT NULL,
  operation     text NOT NULL,
  input_digest  text NOT NULL,
  result        jsonb,
  created_at    timestamptz NOT NULL,
  PRIMARY KEY (subject, key)
);
CREATE INDEX idempotency_key_by_age ON marketing.idempotency_key (created_at);
