import type { JourneyTriggerKind } from '../../../../../schema/generated/marketing.ts';
import type { MessageModel } from '../../contract.ts';
import { cleanValue } from './clean-text.ts';

/** A discount as templates see it. */
export interface DiscountInMessage {
  readonly code: string;
  readonly percent: number;
  /** ISO 8601. */
  readonly expires: string;
}

/** What a message is written from. */
export interface MessageContent {
  readonly model: MessageModel;
  readonly discount: DiscountInMessage | null;
  readonly unsubscribeUrl: string;
}

/**
 * The variables of a template. What the message is not about is not among them, rather than null: Liquid writes nothing for a
 * field of null, and a message with holes in it would go out.
 */
export function scopeOf({ model, discount, unsubscribeUrl }: MessageContent): Record<string, unknown> {
  const { customer, cart, order, case: supportCase } = model;
  const present = Object.entries({ customer, cart, order, case: supportCase, discount }).filter(([, value]) => value);
  return { ...(clean(Object.fromEntries(present)) as Record<string, unknown>), unsubscribeUrl };
}

function clean(value: unknown): unknown {
  if (typeof value === 'string') return cleanValue(value);
  if (Array.isArray(value)) return value.map(clean);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, clean(inner)]));
}

const SAMPLE_MODEL: MessageModel = {
  timeZone: 'Etc/UTC',
  customer: { firstName: 'Ada', lastName: 'Example', fullName: 'Ada Example' },
  cart: {
    id: 'cart-1',
    customerNumber: 'C-1',
    totalAmount: '59.90',
    currencyCode: 'EUR',
    products: [
      {
        productId: 'P-1',
        productName: 'Kettle',
        quantity: 2,
        unitPriceAmount: '29.95',
        totalLineAmount: '59.90',
        isInStock: true,
      },
    ],
  },
  order: { orderNumber: 'O-1', orderedDate: '2026-01-02T03:04:05.000Z', totalAmount: '59.90', currencyCode: 'EUR' },
  case: { caseNumber: '1001', subject: 'Where is my kettle?' },
};
const SAMPLE_DISCOUNT: DiscountInMessage = {
  code: 'SAMPLE-CODE',
  percent: 10,
  expires: '2026-01-05T03:04:05.000Z',
};
const SAMPLE_URL = 'https://shop.example.com/unsubscribe/sample';

const BEGINS_WITH: Readonly<Record<JourneyTriggerKind, 'cart' | 'order' | 'case' | undefined>> = {
  CART_ABANDONED: 'cart',
  CHECKOUT_ABANDONED: 'cart',
  BROWSE_ABANDONED: undefined,
  ORDER_PLACED: 'order',
  CASE_CLOSED: 'case',
  CUSTOMER_LAPSED: undefined,
};

/** Everything that a template could ever be given. */
export function fullSample(hasDiscount: boolean): MessageContent {
  return { model: SAMPLE_MODEL, discount: hasDiscount ? SAMPLE_DISCOUNT : null, unsubscribeUrl: SAMPLE_URL };
}

/** The least that a template is given in a journey that begins so: what may be missing, is. */
export function leastSample(kind: JourneyTriggerKind, hasDiscount: boolean): MessageContent {
  const present = BEGINS_WITH[kind];
  const products = SAMPLE_MODEL.cart?.products.map((product) => ({ ...product, productName: null })) ?? [];
  const cart = SAMPLE_MODEL.cart && { ...SAMPLE_MODEL.cart, customerNumber: null, products };
  return {
    model: {
      timeZone: SAMPLE_MODEL.timeZone,
      customer: { firstName: null, lastName: null, fullName: null },
      cart: present === 'cart' ? cart : null,
      order: present === 'order' ? SAMPLE_MODEL.order : null,
      case: present === 'case' ? SAMPLE_MODEL.case : null,
    },
    discount: hasDiscount ? SAMPLE_DISCOUNT : null,
    unsubscribeUrl: SAMPLE_URL,
  };
}
