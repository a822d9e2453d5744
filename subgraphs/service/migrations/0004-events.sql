-- Events tell whose record changed, and notes belong to their ticket.
SELECT service.watch('contact', 'SourceRecordChanged', 'contact_id', 'contact_id');
SELECT service.watch('ticket', 'CaseChanged', 'ticket_id', 'contact_id');
SELECT service.watch('ticket_note', 'CaseChanged', 'ticket_id', 'ticket.contact_id');
