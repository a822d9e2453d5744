import type { GraphQLResolveInfo } from 'graphql';
import type { Clock } from '../../schema/clock.ts';
import { CodedError } from '../../schema/errors.ts';
import {
  checkEmailAddress,
  checkLength,
  checkRange,
  isIn,
  latestFirst,
  liesBetween,
  type PageArguments,
} from '../cloud/arguments.ts';
import type { CloudContext, CloudResolvers } from '../cloud/context.ts';
import {
  changedRow,
  checkOwned,
  customerFirst,
  customerList,
  customerPage,
  customerRows,
  entityByKey,
  ownedRowByKey,
  rootPage,
  rowByKey,
} from '../cloud/fields.ts';
import type { IdempotentInput, IdempotentWrite } from '../cloud/idempotent-writes.ts';
import { selectedChildren } from '../cloud/look-ahead.ts';
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

interface AllShoppingCartsArguments extends ShoppingCartsArguments {
  readonly lastActivityFrom?: string | null;
  readonly lastActivityBefore?: string | null;
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
type CheckOutArguments = Input<{ cartId: string; discountCode?: string | null }>;
type BeginCheckOutArguments = Input<{ cartId: string }>;
type IdentifyArguments = Input<{ cartId: string; contactEmailAddress: string }>;
type GrantArguments = Input<{
  customerNumber: string;
  cartId?: string | null;
  discountPercent: number;
  expirationDate: string;
}>;

interface DiscountCodesArguments {
  readonly grantedFrom?: string | null;
}

const OWNED = { by: 'customerNumber' } as const;
/** Most discount codes of a customer that are told of. */
const DISCOUNT_CODES = 100;
const TYPED_CODE_LIMIT = 40;
const CART = { ...OWNED, object: 'ShoppingCart', absence: 'There is no cart with this key.' } as const;

/** Resolvers of commerce's own types. */
export function createCommerceResolvers(store: CommerceStore, write: IdempotentWrite, clock: Clock): CloudResolvers {
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
      discountCodes: customerList<DiscountCodesArguments>({
        ...OWNED,
        object: 'DiscountCode',
        orderBy: [latestFirst('grantedDate')],
        where: ({ grantedFrom }) => liesBetween('grantedDate', grantedFrom),
        most: DISCOUNT_CODES,
      }),
    },
    Query: {
      shoppingCartReading: cartReading(clock),
      salesOrder: ownedRowByKey('SalesOrder', OWNED.by),
      shoppingCart: ownedRowByKey('ShoppingCart', OWNED.by),
      salesOrders: rootPage<SalesOrdersArguments>('SalesOrder', ({ filter }) => ({
        orderBy: [latestFirst('orderedDate')],
        where: [
          ...isIn('salesOrderStatus', filter?.statuses),
          ...liesBetween('orderedDate', filter?.orderedFrom, filter?.orderedBefore),
        ],
      })),
      shoppingCarts: rootPage<AllShoppingCartsArguments>('ShoppingCart', (args) => ({
        orderBy: [latestFirst('lastActivityDate')],
        where: [
          ...isIn('status', args.statuses),
          ...liesBetween('lastActivityDate', args.lastActivityFrom, args.lastActivityBefore),
        ],
      })),
      product: rowByKey('Product'),
    },
    SalesOrder: { __resolveReference: entityByKey('SalesOrder') },
    ShoppingCart: { __resolveReference: entityByKey('ShoppingCart') },
    Product: { __resolveReference: entityByKey('Product') },
    LoyaltyProgramMember: { __resolveReference: entityByKey('LoyaltyProgramMember') },
    DiscountCode: { __resolveReference: entityByKey('DiscountCode') },
    Mutation: { ...createMutations(store, write), ...createDiscountMutations(store, write) },
    GrantDiscountCodePayload: { discountCode: changedRow('DiscountCode', 'code') },
    ShoppingCartPayload: { shoppingCart: changedRow('ShoppingCart', 'cartId', OWNED.by) },
    CheckOutShoppingCartPayload: {
      shoppingCart: changedRow('ShoppingCart', 'cartId', OWNED.by),
      salesOrder: changedRow('SalesOrder', 'orderNumber', OWNED.by),
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
    beginCheckOut: async (_source: unknown, { input }: BeginCheckOutArguments, context: CloudContext) => {
      await checkOwned(CART, input.cartId, context);
      return write(context, 'beginCheckOut', input, async (transaction) => {
        await store.beginCheckOut(transaction, input.cartId);
        return { cartId: input.cartId };
      });
    },
    // Whoever has the key of a visitor's cart is the visitor: it is nobody's until an account takes it over.
    identifyShoppingCart: (_source: unknown, { input }: IdentifyArguments, context: CloudContext) => {
      checkEmailAddress('contactEmailAddress', input.contactEmailAddress);
      return write(context, 'identifyShoppingCart', input, async (transaction) => {
        await store.identifyCart(transaction, input);
        return { cartId: input.cartId };
      });
    },
  };
}

function createDiscountMutations(store: CommerceStore, write: IdempotentWrite): CloudResolvers[string] {
  return {
    grantDiscountCode: (_source: unknown, { input }: GrantArguments, context: CloudContext) => {
      checkRange('discountPercent', input.discountPercent, 1, 100);
      return write(context, 'grantDiscountCode', input, async (transaction) => ({
        code: await store.grantDiscount(transaction, {
          ...input,
          cartId: input.cartId ?? undefined,
          grantedBy: context.principal.subject,
          grantKey: input.idempotencyKey,
        }),
      }));
    },
    checkOutShoppingCart: async (_source: unknown, { input }: CheckOutArguments, context: CloudContext) => {
      const discountCode = input.discountCode ?? undefined;
      if (discountCode !== undefined) checkLength('discountCode', discountCode, TYPED_CODE_LIMIT);
      await checkOwned(CART, input.cartId, context);
      return write(context, 'checkOutShoppingCart', input, async (transaction) => ({
        cartId: input.cartId,
        orderNumber: await store.checkOut(transaction, { cartId: input.cartId, discountCode }),
      }));
    },
  };
}

/** Carts read at once, beyond which a program asks again. */
const CARTS_LIMIT = 100;

/** The time is taken before the carts are read: whatever is done with them later is newer than it. */
function cartReading(clock: Clock) {
  return async (
    _source: unknown,
    { ids }: { readonly ids: readonly string[] },
    context: CloudContext,
    info: GraphQLResolveInfo,
  ) => {
    if (ids.length === 0 || ids.length > CARTS_LIMIT) {
      throw new CodedError('BAD_USER_INPUT', `\`ids\` has 1 to ${CARTS_LIMIT} keys.`);
    }
    const readAt = new Date(clock()).toISOString();
    const children = selectedChildren(info, 'ShoppingCart', ['shoppingCarts']);
    const shoppingCarts = await context.reads.rows({ object: 'ShoppingCart', by: 'id', children }, [...new Set(ids)]);
    return { readAt, shoppingCarts };
  };
}
