import { checkRange, isIn, latestFirst, liesBetween, type PageArguments } from '../cloud/arguments.ts';
import type { CloudContext, CloudResolvers } from '../cloud/context.ts';
import {
  changedRow,
  checkOwned,
  customerFirst,
  customerPage,
  customerRows,
  entityByKey,
  ownedRowByKey,
  rowByKey,
} from '../cloud/fields.ts';
import type { IdempotentInput, IdempotentWrite } from '../cloud/idempotent-writes.ts';
import { checkReach } from '../cloud/own-records.ts';
import { type CommerceStore, LINE_QUANTITY_LIMIT } from './store.ts';

interface SalesOrdersArguments extends PageArguments {
  readonly filter?: {
    readonly statuses?: readonly string[] | null;
    readonly orderedFrom?: string | null;
    readonly orderedBefore?: string | null;
  } | null;
}

interface ShoppingCartsArguments extends PageArguments {
  readonly statuses?: readonly string[] | null;
}

interface Input<Fields> {
  readonly input: IdempotentInput & Fields;
}

type AddArguments = Input<{
  customerNumber: string;
  cartId?: string | null;
  productId: string;
  quantity?: number | null;
}>;
type SetArguments = Input<{ cartId: string; productId: string; quantity: number }>;
type CheckOutArguments = Input<{ cartId: string }>;

const OWNED = { by: 'customerNumber' } as const;
const CART = { ...OWNED, object: 'ShoppingCart', absence: 'There is no cart with this key.' } as const;

/** Resolvers of commerce's own types. */
export function createCommerceResolvers(store: CommerceStore, write: IdempotentWrite): CloudResolvers {
  return {
    Customer: {
      salesOrders: customerPage<SalesOrdersArguments>({
        ...OWNED,
        object: 'SalesOrder',
        orderBy: [latestFirst('orderedDate')],
        where: ({ filter }) => [
          ...isIn('salesOrderStatus', filter?.statuses),
          ...liesBetween('orderedDate', filter?.orderedFrom, filter?.orderedBefore),
        ],
      }),
      shoppingCarts: customerPage<ShoppingCartsArguments>({
        ...OWNED,
        object: 'ShoppingCart',
        orderBy: [latestFirst('lastActivityDate')],
        where: ({ statuses }) => isIn('status', statuses),
      }),
      openShoppingCart: customerFirst({
        ...OWNED,
        object: 'ShoppingCart',
        orderBy: [latestFirst('lastActivityDate')],
        where: () => isIn('status', ['ACTIVE', 'ABANDONED']),
      }),
      loyaltyProgramMembers: customerRows({ ...OWNED, object: 'LoyaltyProgramMember' }),
    },
    Query: {
      salesOrder: ownedRowByKey('SalesOrder', OWNED.by),
      shoppingCart: ownedRowByKey('ShoppingCart', OWNED.by),
      product: rowByKey('Product'),
    },
    SalesOrder: { __resolveReference: entityByKey('SalesOrder') },
    ShoppingCart: { __resolveReference: entityByKey('ShoppingCart') },
    Product: { __resolveReference: entityByKey('Product') },
    LoyaltyProgramMember: { __resolveReference: entityByKey('LoyaltyProgramMember') },
    Mutation: createMutations(store, write),
    ShoppingCartPayload: { shoppingCart: changedRow('ShoppingCart', 'cartId') },
    CheckOutShoppingCartPayload: {
      shoppingCart: changedRow('ShoppingCart', 'cartId'),
      salesOrder: changedRow('SalesOrder', 'orderNumber'),
    },
  };
}

function createMutations(store: CommerceStore, write: IdempotentWrite): CloudResolvers[string] {
  return {
    addShoppingCartProduct: (_source: unknown, { input }: AddArguments, context: CloudContext) => {
      const quantity = input.quantity ?? 1;
      checkRange('quantity', quantity, 1, LINE_QUANTITY_LIMIT);
      const { customerNumber, productId } = input;
      checkReach(customerNumber, context, 'There is no customer with this number.');
      return write(context, 'addShoppingCartProduct', input, async (transaction) => ({
        cartId: await store.addProduct(transaction, {
          customerNumber,
          cartId: input.cartId ?? undefined,
          productId,
          quantity,
        }),
      }));
    },
    setShoppingCartProductQuantity: async (_source: unknown, { input }: SetArguments, context: CloudContext) => {
      checkRange('quantity', input.quantity, 0, LINE_QUANTITY_LIMIT);
      await checkOwned(CART, input.cartId, context);
      return write(context, 'setShoppingCartProductQuantity', input, async (transaction) => {
        await store.setQuantity(transaction, input);
        return { cartId: input.cartId };
      });
    },
    checkOutShoppingCart: async (_source: unknown, { input }: CheckOutArguments, context: CloudContext) => {
      await checkOwned(CART, input.cartId, context);
      return write(context, 'checkOutShoppingCart', input, async (transaction) => ({
        cartId: input.cartId,
        orderNumber: await store.checkOut(transaction, input.cartId),
      }));
    },
  };
}
