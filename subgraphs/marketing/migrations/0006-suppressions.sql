-- What a subscriber did on the shop's pages.
CREATE TABLE marketing.web_event (
  event_id       text PRIMARY KEY,
  subscriber_key text NOT NULL,
  kind           text NOT NULL CHECK (kind IN ('product', 'page', 'search')),
  product_id     text,
  happened_on    timestamptz NOT NULL
);
CREATE INDEX web_event_of_subscriber ON marketing.web_event (subscriber_key, happened_on DESC, event_id DESC);

-- Addresses that nothing may be sent to: a row for every subscriber that has the address, so that it holds for each of them.
CREATE TABLE marketing.suppression (
  suppression_id text PRIMARY KEY,
  subscriber_key text NOT NULL,
  channel        text NOT NULL CHECK (channel IN ('E', 'S', 'P', 'T')),
  address        text NOT NULL,
  cause          text NOT NULL CHECK (cause IN ('bounce', 'spam', 'manual')),
  suppressed_on  timestamptz NOT NULL,
  UNIQUE (subscriber_key, channel, address)
);
CREATE INDEX suppression_of_address ON marketing.suppression (channel, lower(trim(address)));
CREATE INDEX subscriber_by_email ON marketing.subscriber (lower(trim(email_address)));
CREATE INDEX subscriber_by_mobile ON marketing.subscriber (lower(trim(mobile_number)));

-- Whoever gets a suppressed address later is suppressed as well: it is the address that bounced or complained.
CREATE FUNCTION marketing.inherit_suppressions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO marketing.suppression (suppression_id, subscriber_key, channel, address, cause, suppressed_on)
  SELECT DISTINCT ON (held.channel, newer.subscriber_key)
         gen_random_uuid()::text, newer.subscriber_key, held.channel, held.address, held.cause, held.suppressed_on
  FROM added AS newer
  JOIN marketing.suppression AS held
    ON (held.channel = 'E' AND lower(trim(held.address)) = lower(trim(newer.email_address)))
    OR (held.channel IN ('S', 'T') AND lower(trim(held.address)) = lower(trim(newer.mobile_number)))
  WHERE NOT EXISTS (SELECT FROM marketing.suppression AS own
                     WHERE own.subscriber_key = newer.subscriber_key AND own.channel = held.channel
                      AND lower(trim(own.address)) = lower(trim(held.address)))
  ORDER BY held.channel, newer.subscriber_key, held.suppressed_on
  ON CONFLICT (subscriber_key, channel, address) DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER inherit_suppressions_insert AFTER INSERT ON marketing.subscriber
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION marketing.inherit_suppressions();
CREATE TRIGGER inherit_suppressions_update AFTER UPDATE ON marketing.subscriber
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION marketing.inherit_suppressions();

-- What was decided before each message of a journey: ids and reasons, nobody's data.
CREATE TABLE marketing.journey_decision (
  decision_id     text PRIMARY KEY,
  instance_id     text NOT NULL,
  step            text NOT NULL,
  decided_at      timestamptz NOT NULL,
  verdict         text NOT NULL CHECK (verdict IN ('SEND', 'SKIP', 'DEFER')),
  decided_by      text,
  next_allowed_at timestamptz,
  is_held_out     boolean NOT NULL,
  -- [{"gate", "outcome", "message", "evidence": {"dataSourceId", "objectType", "objectId"} or null}], in the order of the gates
  reasons         jsonb NOT NULL
);
CREATE INDEX journey_decision_of_instance ON marketing.journey_decision (instance_id, decided_at, decision_id);

SELECT marketing.watch('web_event', 'WebsiteEngagementChanged', 'event_id', 'subscriber_key');
SELECT marketing.watch('suppression', 'ContactPointSuppressionChanged', 'suppression_id', 'subscriber_key');
