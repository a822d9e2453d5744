import { cartRevision } from '../../subgraphs/marketing/journeys/cart-revision.ts';
import { GATE_DEFAULTS } from '../../subgraphs/marketing/journeys/definition.ts';
import { decide } from '../../subgraphs/marketing/journeys/gate/decide.ts';
import { CART_JOURNEY, DISCOUNT_STEP, gateRequest } from '../support/gate-requests.ts';
import { CUSTOMER_360_ID, liveCart, liveView } from '../support/live-views.ts';

const REVISION = cartRevision(liveCart().shoppingCartProducts);

function decideAt(time: string, revision = REVISION, isProviderHealthy = true) {
  const request = gateRequest(
    { customer360Id: CUSTOMER_360_ID, objectId: 'C1', revision },
    {
      nowMs: Date.parse(`2026-03-01T${time}Z`),
      definition: { ...CART_JOURNEY, holdoutPercent: 0, gates: GATE_DEFAULTS },
      step: DISCOUNT_STEP,
      isProviderHealthy,
    },
  );
  return decide(request, liveView(), 'UTC');
}

it('tells whom a message goes to that is put off, by night as by day; the discount is granted with sending only', () => {
  const sent = decideAt('12:00:00.000');
  expect(sent).toMatchObject({ verdict: 'SEND', recipient: { emailAddress: 'ada@example.com' } });
  for (const putOff of [decideAt('23:00:00.000'), decideAt('12:00:00.000', REVISION, false)]) {
    expect(putOff).toMatchObject({ verdict: 'DEFER', recipient: sent.recipient, discountFor: null });
  }
  expect(decideAt('12:00:00.000', 'other')).toMatchObject({ verdict: 'SKIP', recipient: null });
});
