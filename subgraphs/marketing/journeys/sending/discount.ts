import type { Queryable } from '../../../../database/database.ts';
import type { UnifiedGraph } from '../../../../schema/unified-graph.ts';
import { type DiscountReceiver, discountKeyOf } from '../contract.ts';
import type { MessageStep } from '../definition.ts';
import { durationMs } from '../duration.ts';
import {
  type DiscountPlan,
  type MessageIdentity,
  messageKeyOf,
  planDiscount,
  readMessage,
  type StoredMessage,
} from './message-store.ts';
import type { DiscountInMessage } from './templates/template-scope.ts';

/** A code that was granted, or why there is none. `isLasting`: asking again would not help. */
export type Grant =
  | { readonly kind: 'GRANTED'; readonly discount: DiscountInMessage }
  | { readonly kind: 'NOT_GRANTED'; readonly isLasting: boolean; readonly detail: string };

const GRANT = `mutation JourneyGrantsDiscount($input: GrantDiscountCodeInput!) {
  grantDiscountCode(input: $input) { discountCode { code discountPercent expirationDate } }
}`;

/** Answers after which asking again with the same would give the same. */
const LASTING = new Set([
  'BAD_USER_INPUT',
  'NOT_FOUND',
  'CONFLICT',
  'NOT_SUPPORTED_BY_CLOUD',
  'FORBIDDEN',
  'MALFORMED_ID',
]);
/** A code that runs out sooner than this after the message is not worth sending. */
const LEAST_LEFT_MS = 3_600_000;

/**
 * Writes down what the discount of a message is asked for with, in the transaction of the decision: the time when it runs out is
 * part of it, and must be the same when it is asked again. Gives null when the message was handed over meanwhile.
 */
export async function planStepDiscount(
  transaction: Queryable,
  identity: MessageIdentity,
  terms: {
    readonly discount: NonNullable<MessageStep['discount']>;
    readonly receiver: DiscountReceiver;
  },
  nowMs: number,
): Promise<StoredMessage | null> {
  const { discount, receiver } = terms;
  const known = await readMessage(transaction, messageKeyOf(identity.idempotencyKey));
  const plan: DiscountPlan = {
    customerNumber: receiver.customerNumber,
    cartId: receiver.cartId,
    percent: discount.percent,
    expiresAt: new Date(nowMs + durationMs(discount.validFor)),
    round: !known ? 1 : isRunOut(known, nowMs) ? known.discount_round + 1 : known.discount_round,
  };
  const planned = await planDiscount(transaction, identity, plan, new Date(nowMs));
  return planned && (planned.state === 'PLANNED' || planned.state === 'PREPARED') ? planned : null;
}

/** True when the discount that was planned for a message has run out, or nearly. Without one it has not. */
export function isRunOut(
  { discount_expires_at: expiresAt, planned_at: plannedAt }: StoredMessage,
  nowMs: number,
): boolean {
  if (!expiresAt) return false;
  const least = Math.min(LEAST_LEFT_MS, (expiresAt.getTime() - plannedAt.getTime()) / 2);
  return nowMs > expiresAt.getTime() - least;
}

/** Has commerce grant the planned discount: the same code however often it is asked. Never rejects. */
export async function grantDiscount(graph: UnifiedGraph, planned: StoredMessage): Promise<Grant> {
  const input = {
    idempotencyKey: discountKeyOf(planned.message_id, planned.discount_round),
    customerNumber: planned.discount_customer_no,
    cartId: planned.discount_cart_id,
    discountPercent: planned.discount_percent,
    expirationDate: planned.discount_expires_at?.toISOString(),
  };
  try {
    const { data, errors } = await graph.execute({ query: GRANT, variables: { input } });
    const payload = data?.['grantDiscountCode'] as { discountCode: GrantedCode } | null | undefined;
    if (payload) return granted(payload.discountCode);
    const code = String(errors?.[0]?.extensions?.['code'] ?? 'INTERNAL_SERVER_ERROR');
    return {
      kind: 'NOT_GRANTED',
      isLasting: LASTING.has(code),
      detail: `commerce did not grant the discount: ${code}`,
    };
  } catch {
    return { kind: 'NOT_GRANTED', isLasting: false, detail: 'commerce could not be asked for the discount' };
  }
}

interface GrantedCode {
  readonly code: string;
  readonly discountPercent: number;
  readonly expirationDate: string;
}

function granted({ code, discountPercent, expirationDate }: GrantedCode): Grant {
  return { kind: 'GRANTED', discount: { code, percent: discountPercent, expires: expirationDate } };
}
