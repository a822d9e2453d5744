import type { GateRequest, RunningInstance } from '../../subgraphs/marketing/journeys/contract.ts';
import {
  GATE_DEFAULTS,
  type JourneyDefinition,
  type MessageStep,
} from '../../subgraphs/marketing/journeys/definition.ts';
import { durationMs } from '../../subgraphs/marketing/journeys/duration.ts';

/** A step that sends a discount. */
export const DISCOUNT_STEP: MessageStep = {
  id: 'discount',
  kind: 'MESSAGE',
  channel: 'EMAIL',
  purpose: 'MARKETING',
  template: { subject: 'Your cart', mjml: '<mjml></mjml>', text: 'Your cart' },
  discount: { percent: 10, validFor: 'P3D' },
};

/** A journey about a cart that was left. Nobody is held out and it is never quiet. */
export const CART_JOURNEY: JourneyDefinition = {
  id: 'abandoned-cart',
  name: 'Abandoned cart',
  entry: { kind: 'CART_ABANDONED', abandonAfter: 'PT30M' },
  reentry: 'PER_OBJECT',
  exits: [],
  gates: { ...GATE_DEFAULTS, quietHours: { from: '00:00', to: '00:00' } },
  holdoutPercent: 0,
  conversionWindow: 'P7D',
  steps: [DISCOUNT_STEP],
};

/** Asks for the only message of a journey about a cart. It was entered half an hour ago. */
export function gateRequest(
  instance: Partial<RunningInstance> & Pick<RunningInstance, 'customer360Id' | 'objectId'>,
  changed: Partial<Omit<GateRequest, 'instance'>> = {},
): GateRequest {
  const nowMs = changed.nowMs ?? Date.now();
  return {
    instance: {
      id: 'instance-1',
      journeyId: 'abandoned-cart',
      version: 1,
      objectType: 'ShoppingCart',
      revision: null,
      enteredAt: new Date(nowMs - durationMs('PT30M')).toISOString(),
      ...instance,
    },
    definition: CART_JOURNEY,
    step: DISCOUNT_STEP,
    nowMs,
    standing: { isIn: true, message: 'In the journey.' },
    isProviderHealthy: true,
    ...changed,
  };
}
