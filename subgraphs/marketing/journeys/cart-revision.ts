import { createHash } from 'node:crypto';

/** A line of a cart, as far as it makes the cart's contents. */
export interface CartContent {
  readonly productId: string;
  readonly quantity: number;
}

const DIGITS = 16;

/**
 * Names the contents of a cart: which products and how many of each, whatever their order and prices. Two carts with equal
 * contents have equal names, others differ; 16 hexadecimal digits.
 */
export function cartRevision(lines: readonly CartContent[]): string {
  const quantities = new Map<string, number>();
  for (const { productId, quantity } of lines) quantities.set(productId, (quantities.get(productId) ?? 0) + quantity);
  const contents = [...quantities].sort(([one], [other]) => (one < other ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(contents)).digest('hex').slice(0, DIGITS);
}
