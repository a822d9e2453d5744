-- What was closed lately.
CREATE INDEX ticket_by_closing ON service.ticket (closed DESC) WHERE closed IS NOT NULL;
