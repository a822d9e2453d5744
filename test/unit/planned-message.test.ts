import type { JourneyDefinition, JourneyStep } from '../../subgraphs/marketing/journeys/definition.ts';
import { nextMessage, sentenceOf } from '../../subgraphs/marketing/journeys/planned/planned-message.ts';

const NOW = Date.parse('2026-03-01T14:00:00Z');
const HOUR = 3_600_000;
const mail: JourneyStep = {
  id: 'mail',
  kind: 'MESSAGE',
  channel: 'EMAIL',
  purpose: 'MARKETING',
  template: { subject: 's', mjml: '<mjml></mjml>', text: 't' },
  discount: { percent: 10, validFor: 'P3D' },
};
const journey = (...steps: JourneyStep[]): JourneyDefinition => ({
  id: 'j',
  name: 'Abandoned cart',
  entry: { kind: 'CART_ABANDONED' },
  reentry: 'PER_OBJECT',
  exits: [],
  gates: {
    minimumCartAmount: '0',
    frequencyCap: { messages: 1, within: 'PT16H' },
    quietHours: { from: '21:00', to: '08:00' },
    discountEvery: 'P30D',
  },
  holdoutPercent: 10,
  conversionWindow: 'P7D',
  steps,
});
const sentence = (
  definition: JourneyDefinition,
  standing: Partial<Parameters<typeof nextMessage>[1]>,
  timeZone = 'UTC',
): string | null => {
  const step = definition.steps[0]?.id ?? null;
  const planned = nextMessage(definition, { status: 'WAITING', step, isBegun: true, dueMs: null, ...standing }, NOW);
  return planned && sentenceOf({ planned, journeyName: definition.name, nowMs: NOW, timeZone });
};
const wait: JourneyStep = { id: 'wait', kind: 'WAIT', for: 'PT2H' };

describe('what an agent is told of a message to come', () => {
  const due = NOW + 2 * HOUR + 300_000;

  it('is when the wait before it is over, in the zone asked for', () => {
    expect(sentence(journey(wait, mail), { dueMs: due })).toBe('gets a 10 % discount mail at 16:05 (Abandoned cart)');
    expect(sentence(journey(wait, mail), { dueMs: due }, 'Europe/Madrid')).toMatch(/at 17:05 /);
    expect(sentence(journey(wait, mail), { dueMs: NOW + 24 * HOUR })).toMatch(/on 2 March 2026 at 14:00 /);
  });

  it('adds up the waits that are to come', () => {
    const later: JourneyStep = { id: 'later', kind: 'WAIT', for: 'PT1H' };
    const clock: JourneyStep = { id: 'clock', kind: 'WAIT_FOR_TIME', time: '18:30', zone: 'UTC' };
    expect(sentence(journey(wait, later, mail), { dueMs: due })).toMatch(/at 17:05 /);
    expect(sentence(journey(wait, clock, mail), { dueMs: due })).toMatch(/at 18:30 /);
  });

  it('is put off when the message is', () => {
    expect(sentence(journey(mail), { status: 'DEFERRED', dueMs: NOW + HOUR })).toMatch(/at 15:00 /);
    expect(sentence(journey(mail), { isBegun: false, dueMs: null })).toMatch(/ mail now /);
  });

  it('does not promise what it can not know', () => {
    const branch: JourneyStep = {
      id: 'branch',
      kind: 'BRANCH',
      when: { selection: 'customer360Id', all: [{ path: 'customer360Id', is: 'EXISTS' }] },
      otherwise: 'end',
    };
    const local: JourneyStep = { id: 'local', kind: 'WAIT_FOR_TIME', time: '09:00' };
    expect(sentence(journey(wait, branch, mail), { dueMs: due })).toMatch(/^may get a 10 % discount mail at 16:05 /);
    expect(sentence(journey(wait, mail), { status: 'PAUSED', dueMs: due })).toMatch(/nobody knows yet when$/);
    expect(sentence(journey(wait, local, mail), { dueMs: due })).toMatch(/nobody knows yet when$/);
  });

  it('is nothing when no message comes', () => {
    expect(sentence(journey(wait), { dueMs: due })).toBeNull();
    expect(sentence(journey(wait, { id: 'end', kind: 'END', reason: 'X' }, mail), { dueMs: due })).toBeNull();
    expect(sentence(journey(mail), { step: null })).toBeNull();
    const round: JourneyStep = { id: 'round', kind: 'WAIT', for: 'PT1H', next: 'wait' };
    expect(sentence(journey(wait, round), { dueMs: due })).toBeNull();
  });
});
