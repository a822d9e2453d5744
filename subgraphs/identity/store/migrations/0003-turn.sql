-- Writers take turns: the lock is held until the transaction ends. Where the log stands is read by a second statement, which sees
-- what was committed while the first one waited; both in one function, so that a server is asked once.
CREATE FUNCTION identity.take_turn(OUT holder text, OUT token bigint, OUT head bigint, OUT has_tombstones boolean)
  LANGUAGE plpgsql AS $body$
BEGIN
  PERFORM 1 FROM identity.lease FOR UPDATE;
  SELECT held.holder, held.token, (SELECT coalesce(max(log.sequence), 0) FROM identity.outbox log),
    EXISTS (SELECT FROM identity.tombstone)
    INTO take_turn.holder, take_turn.token, take_turn.head, take_turn.has_tombstones
    FROM identity.lease held;
END
$body$;
