import type { Person } from '../sample-data/person.ts';
import { Random } from '../sample-data/random.ts';
import {
  daysAgo,
  type SampleCloud,
  type SampleContext,
  type SampleRow,
  type SampleRows,
} from '../sample-data/sample-cloud.ts';
import { activityOf } from './sample-activity.ts';
import { productRows } from './sample-catalogue.ts';
import { accountsOf, type SampleAccount } from './sample-profiles.ts';
import { protagonistRows } from './sample-protagonists.ts';

/** The shop's sample data: accounts and guests, products, orders, carts and loyalty cards. */
export const COMMERCE_SAMPLE: SampleCloud = {
  name: 'commerce',
  tables: ['account', 'product', 'sales_order', 'order_line', 'cart', 'cart_line', 'loyalty_card'],
  sharedRows: (context) => ({ product: productRows(), ...protagonistRows(context) }),
  rowsOf,
};

function rowsOf(person: Person, context: SampleContext): SampleRows {
  const accounts = accountsOf(person, context);
  const activities = accounts.map((account) => activityOf(account, context));
  const all = (table: string): readonly SampleRow[] => activities.flatMap((activity) => activity[table] ?? []);
  return {
    account: accounts.map((account) => account.row),
    sales_order: all('sales_order'),
    order_line: all('order_line'),
    cart: all('cart'),
    cart_line: all('cart_line'),
    loyalty_card: loyaltyCards(person, accounts, context),
  };
}

function loyaltyCards(
  person: Person,
  accounts: readonly SampleAccount[],
  context: SampleContext,
): readonly SampleRow[] {
  const member = accounts.find((account) => !account.isGuest);
  if (!member || !person.loyaltyNumber) return [];
  const random = new Random(context.seed, 'commerce', 'loyalty', person.index);
  const tier = random.pickWeighted({ basic: 60, silver: 25, gold: 12, platinum: 3 });
  return [
    {
      card_id: `card_${member.customerNumber.slice(2)}`,
      customer_no: member.customerNumber,
      programme: 'Customer Rewards',
      card_number: person.loyaltyNumber,
      tier,
      points: random.below({ basic: 500, silver: 2_000, gold: 6_000, platinum: 20_000 }[tier]),
      joined_at: daysAgo(context, random.next() * member.createdDaysAgo),
    },
  ];
}
