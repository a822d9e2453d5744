import type { CloudResolvers } from '../cloud/context.ts';
import { type LiveArguments, type LiveUpdates, updatedRow } from '../cloud/live-updates.ts';

interface CartUpdatedArguments extends LiveArguments {
  readonly id?: string | null;
  readonly customerNumber?: string | null;
}

/** What can be followed in commerce. */
export function createCommerceLive(live: LiveUpdates): CloudResolvers {
  return {
    Subscription: {
      cartUpdated: live<CartUpdatedArguments>(
        {
          field: 'cartUpdated',
          object: 'ShoppingCart',
          objectField: 'shoppingCart',
          keyField: 'cartId',
          eventType: 'ShoppingCartChanged',
        },
        ({ id, customerNumber }) => ({ key: id, owner: customerNumber }),
      ),
    },
    CartUpdate: { shoppingCart: updatedRow('ShoppingCart', 'cartId', 'customerNumber') },
  };
}
