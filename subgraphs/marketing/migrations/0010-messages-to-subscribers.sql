-- What somebody was sent lately is asked before each message, also by the records of people who are one since a moment ago.
CREATE INDEX journey_message_to_subscriber ON marketing.journey_message (subscriber_key) WHERE state IN ('SENT', 'IN_DOUBT');
