import type { Queryable } from '../../../../database/database.ts';

const FACTS = `jsonb_to_recordset($1::jsonb) AS fact
  ("orderNumber" text, "orderedDate" timestamptz, amount numeric, "currencyCode" text, "isVoid" boolean)`;
const CLOCK_TOLERANCE = '10 minutes';

/** States of an order that counts no more. */
export const VOID_ORDER_STATUSES: ReadonlySet<string> = new Set(['CANCELLED', 'RETURNED']);

/** An order as commerce has it now. */
export interface OrderFact {
  readonly orderNumber: string;
  /** ISO 8601. */
  readonly orderedDate: string;
  /** A decimal number. */
  readonly amount: string;
  readonly currencyCode: string;
  /** Cancelled or returned. */
  readonly isVoid: boolean;
}

/** Whose orders: the person, and the commerce record, by which instances are known before identity knows the person. */
export interface OrderOwner {
  readonly customer360Id: string | null;
  readonly customerNumber: string | null;
}

/**
 * Notes orders of a person for every journey that the person is or was in and that they count for: entered before the order, and
 * not longer ago than the journey counts; those who are held out and those who are through are among them. Noted again it
 * brings the figures up to date. Two statements; to be called in the transaction in which the order's event is taken.
 */
export async function recordConversions(
  transaction: Queryable,
  { customer360Id, customerNumber }: OrderOwner,
  orders: readonly OrderFact[],
): Promise<void> {
  if (orders.length === 0) return;
  const facts = JSON.stringify(orders);
  await transaction.query(
    `UPDATE marketing.journey_conversion AS conversion
     SET ordered_on = fact."orderedDate", amount = fact.amount, currency = fact."currencyCode", is_void = fact."isVoid"
     FROM ${FACTS} WHERE conversion.order_number = fact."orderNumber"`,
    [facts],
  );
  // The order that somebody entered by is no merit of the journey. Clocks of two stores may be apart.
  await transaction.query(
    `INSERT INTO marketing.journey_conversion (instance_id, order_number, ordered_on, amount, currency, is_void)
     SELECT instance.instance_id, fact."orderNumber", fact."orderedDate", fact.amount, fact."currencyCode", fact."isVoid"
     FROM ${FACTS} JOIN marketing.journey_instance AS instance
       ON (instance.customer360_id = $2 OR (instance.source = 'commerce' AND instance.record_id = $3))
      AND instance.object_id <> fact."orderNumber"
      AND instance.entered_on <= fact."orderedDate" + interval '${CLOCK_TOLERANCE}'
      AND instance.counts_until >= fact."orderedDate"
     ON CONFLICT (instance_id, order_number) DO NOTHING`,
    [facts, customer360Id, customerNumber],
  );
}

/**
 * Makes what is noted of a person's instances what it would be if these had always been the person's orders: for those whose records
 * moved, since a merge brings orders along and an unmerge takes them away. `since` is the time (ISO 8601) from which on the
 * list is complete; what lies before stays.
 */
export async function reconcileConversions(
  transaction: Queryable,
  { customer360Id, since, orders }: { customer360Id: string; since: string; orders: readonly OrderFact[] },
): Promise<void> {
  await transaction.query(
    `DELETE FROM marketing.journey_conversion AS conversion USING marketing.journey_instance AS instance
     WHERE instance.customer360_id = $1 AND conversion.instance_id = instance.instance_id
       AND conversion.ordered_on >= $2::timestamptz
       AND conversion.order_number NOT IN (SELECT jsonb_array_elements_text($3::jsonb))`,
    [customer360Id, since, JSON.stringify(orders.map(({ orderNumber }) => orderNumber))],
  );
  await recordConversions(transaction, { customer360Id, customerNumber: null }, orders);
}

/** Those of the orders that count for somebody: when one of them changes, its figures do. */
export async function countedOrders(
  transaction: Queryable,
  orderNumbers: readonly string[],
): Promise<ReadonlySet<string>> {
  if (orderNumbers.length === 0) return new Set();
  const rows = await transaction.query<{ order_number: string }>(
    'SELECT DISTINCT order_number FROM marketing.journey_conversion WHERE order_number = ANY($1)',
    [orderNumbers],
  );
  return new Set(rows.map(({ order_number }) => order_number));
}
