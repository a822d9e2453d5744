import type { Database } from '../../database/database.ts';
import { insertRows } from './cloud-fixture.ts';

/** Time of the fixture's rows: everything lies before it. */
export const NOW = Date.parse('2026-03-01T12:00:00.000Z');

const at = (day: number): string => new Date(NOW - day * 86_400_000).toISOString();

/** Two contacts, five tickets of every state and urgency, and notes. */
export async function fillService(database: Database): Promise<void> {
  const contact = { opened: at(700), last_edit: at(70), handles: {} };
  await insertRows(database, 'service.contact', [
    {
      ...contact,
      contact_id: '1001',
      salutation: 'Frau',
      full_name: 'Berg, Ada',
      mobile: '+49 170 1234567',
      email: 'ada@example.com',
      dob: '29.02.1984',
    },
    { ...contact, contact_id: '1002', full_name: 'Ben Cole', phone: '030 123', handles: { twitter: '@ben' } },
  ]);
  const ticket = { contact_id: '1001', topic: 'Kettle leaks', channel: 'web' };
  await insertRows(database, 'service.ticket', [
    {
      ...ticket,
      ticket_id: 'T1',
      ticket_no: 'CS-000001',
      state: 9,
      urgency: 2,
      opened: at(50),
      closed: at(45),
      smiley: 4,
    },
    { ...ticket, ticket_id: 'T2', ticket_no: 'CS-000002', state: 1, urgency: 4, opened: at(40), channel: 'tel' },
    { ...ticket, ticket_id: 'T3', ticket_no: 'CS-000003', state: 2, urgency: 1, opened: at(3) },
    {
      ...ticket,
      ticket_id: 'T4',
      ticket_no: 'CS-000004',
      state: 3,
      urgency: 1,
      opened: at(4),
      contact_id: '1002',
      channel: 'mail',
    },
    {
      ...ticket,
      ticket_id: 'T5',
      ticket_no: 'CS-000005',
      state: 4,
      urgency: 3,
      opened: at(5),
      contact_id: '1002',
      channel: 'chat',
    },
  ]);
  await insertRows(database, 'service.ticket_note', [
    { note_id: 'U2', ticket_id: 'T3', author: 'agent-7', body: 'Sent a new one.', visible: true, written: at(1) },
    { note_id: 'U1', ticket_id: 'T3', author: null, body: 'It leaks.', visible: true, written: at(2) },
  ]);
}
