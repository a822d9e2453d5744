-- What a mutation with an idempotency key gave, so that a repeated call gives it again. The input itself is not kept.
CREATE TABLE service.idempotency_key (
  subject       text NOT NULL,
  key           text NOT NULL,
  operation     text NOT NULL,
  input_digest  text NOT NULL,
  result        jsonb,
  created_at    timestamptz NOT NULL,
  PRIMARY KEY (subject, key)
);
CREATE INDEX idempotency_key_by_age ON service.idempotency_key (created_at);

CREATE SEQUENCE service.ticket_number;

-- The next free number. Numbers that came with an import are skipped at once, whatever their count.
CREATE FUNCTION service.next_ticket_no() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  number bigint := nextval('service.ticket_number');
  candidate text := 'CS-' || lpad(number::text, greatest(6, length(number::text)), '0');
BEGIN
  IF EXISTS (SELECT FROM service.ticket WHERE ticket_no = candidate) THEN
    PERFORM setval('service.ticket_number', (
      SELECT max(substring(ticket_no FROM 4)::bigint) FROM service.ticket WHERE ticket_no ~ '^CS-[0-9]{1,15}$'));
    RETURN service.next_ticket_no();
  END IF;
  RETURN candidate;
END $$;
