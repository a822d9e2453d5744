import type { Database } from '../../database/database.ts';
import { insertRows } from './cloud-fixture.ts';

/** Time of the fixture's rows: everything lies before it. */
export const NOW = Date.parse('2026-03-01T12:00:00.000Z');

const at = (day: number): string => new Date(NOW - day * 86_400_000).toISOString();

/** Two subscribers of one person, one of another, two campaigns and what was done with their e-mails. */
export async function fillMarketing(database: Database): Promise<void> {
  const subscriber = { created_on: at(500), modified_on: at(50) };
  await insertRows(database, 'marketing.subscriber', [
    {
      ...subscriber,
      subscriber_key: 'M1',
      email_address: 'ada@example.com',
      mobile_number: '+49 170 1234567',
      attributes: { FirstName: 'Ada', LastName: 'Berg', BirthDate: '02/29/1984', City: 'Berlin', Country: 'Germany' },
    },
    { ...subscriber, subscriber_key: 'M2', email_address: 'a.berg@example.org', attributes: {} },
    { ...subscriber, subscriber_key: 'M3', email_address: 'ben@example.com', attributes: { FirstName: 'Ben' } },
  ]);
  await insertRows(database, 'marketing.consent', [
    {
      consent_id: 'N1',
      subscriber_key: 'M1',
      channel: 'E',
      purpose: 'promo',
      address: 'ada@example.com',
      granted: 'Y',
      captured_on: at(40),
      captured_by: 'signup-form',
    },
    {
      consent_id: 'N2',
      subscriber_key: 'M1',
      channel: 'S',
      purpose: 'service',
      address: '+49 170 1234567',
      granted: 'N',
      captured_on: at(30),
    },
    {
      consent_id: 'N3',
      subscriber_key: 'M2',
      channel: 'E',
      purpose: 'profile',
      address: 'a.berg@example.org',
      granted: '?',
      captured_on: at(20),
    },
  ]);
  await insertRows(database, 'marketing.campaign', [
    { campaign_id: 'K1', title: 'Winter', stage: 'done', channel: 'E', starts_on: at(60), ends_on: at(30) },
    { campaign_id: 'K2', title: 'Spring', stage: 'live', channel: 'E', starts_on: at(10) },
    { campaign_id: 'K3', title: 'Summer', stage: 'draft', channel: 'S', starts_on: at(-90) },
  ]);
  await insertRows(database, 'marketing.campaign_member', [
    { member_id: 'B1', campaign_id: 'K1', subscriber_key: 'M1', added_on: at(60), responded: true },
    { member_id: 'B2', campaign_id: 'K2', subscriber_key: 'M2', added_on: at(9), responded: false },
  ]);
  await insertRows(database, 'marketing.email_event', [
    {
      event_id: 'E1',
      subscriber_key: 'M1',
      campaign_id: 'K1',
      kind: 'sent',
      subject_line: 'Warm up',
      happened_on: at(59),
    },
    {
      event_id: 'E2',
      subscriber_key: 'M1',
      campaign_id: 'K1',
      kind: 'click',
      subject_line: 'Warm up',
      url: 'https://shop.example/tea',
      happened_on: at(58),
    },
    {
      event_id: 'E3',
      subscriber_key: 'M2',
      campaign_id: null,
      kind: 'unsub',
      subject_line: 'News',
      happened_on: at(5),
    },
  ]);
}
