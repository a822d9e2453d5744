-- Triggers follow the records of people.
CREATE INDEX journey_trigger_of_customer ON marketing.journey_trigger (customer360_id) WHERE customer360_id IS NOT NULL;

-- Whether somebody was in a journey before is told by the instances, which follow the records of people.
DELETE FROM marketing.journey_entry WHERE entry_key LIKE 'person %';

-- What is timed no more is kept for a while for journeys that wait longer, then goes.
CREATE INDEX journey_task_asleep ON marketing.journey_task (event_on)
  WHERE wake_on IS NULL AND set_aside_on IS NULL AND kind IN ('CART', 'BROWSE');

-- Journeys of people who have not ordered for long knew of orders only from the start of the engine on: the live orders are gone through once.
INSERT INTO marketing.journey_task (kind, object_id, source, event_id, event_type, event_on, due_on, wake_on)
SELECT 'SEED', 'ORDERS', 'commerce', 'seed ORDERS', 'SEED', now(), now(), now()
WHERE EXISTS (SELECT FROM marketing.journey WHERE entry_kind = 'CUSTOMER_LAPSED' AND status IN ('ACTIVE', 'PAUSED'));
