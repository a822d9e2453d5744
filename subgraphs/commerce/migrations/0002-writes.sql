-- What a mutation with an idempotency key gave, so that a repeated call gives it again. The input itself is not kept.
CREATE TABLE commerce.idempotency_key (
  subject       text NOT NULL,
  key           text NOT NULL,
  operation     text NOT NULL,
  input_digest  text NOT NULL,
  result        jsonb,
  created_at    timestamptz NOT NULL,
  PRIMARY KEY (subject, key)
);
CREATE INDEX idempotency_key_by_age ON commerce.idempotency_key (created_at);

-- 999 of a dear product are more cents than an integer holds.
ALTER TABLE commerce.cart ALTER COLUMN total_cents TYPE bigint;
ALTER TABLE commerce.cart_line ALTER COLUMN line_cents TYPE bigint;
ALTER TABLE commerce.sales_order ALTER COLUMN total_cents TYPE bigint;
ALTER TABLE commerce.order_line ALTER COLUMN line_cents TYPE bigint;

CREATE SEQUENCE commerce.order_number;

-- The next free number. Numbers that came with an import are skipped at once, whatever their count.
CREATE FUNCTION commerce.next_order_no() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  number bigint := nextval('commerce.order_number');
  candidate text := 'SO-' || lpad(number::text, greatest(6, length(number::text)), '0');
BEGIN
  IF EXISTS (SELECT FROM commerce.sales_order WHERE order_no = candidate) THEN
    PERFORM setval('commerce.order_number', (
      SELECT max(substring(order_no FROM 4)::bigint) FROM commerce.sales_order WHERE order_no ~ '^SO-[0-9]{1,15}$'));
    RETURN commerce.next_order_no();
  END IF;
  RETURN candidate;
END $$;
