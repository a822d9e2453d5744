import { PROTAGONISTS } from '../sample-data/protagonists.ts';
import { entryAt } from '../sample-data/random.ts';
import {
  daysAgo,
  minutesAgo,
  type SampleContext,
  type SampleRow,
  type SampleRows,
} from '../sample-data/sample-cloud.ts';
import { type Basket, cartLineRows, cartRow, orderLineRows, orderRow } from './sample-activity.ts';
import { PRODUCTS } from './sample-catalogue.ts';

const { alice, bob, carol, dan, erika, frank, hugoInMadrid, hugoInSevilla } = PROTAGONISTS;

const LONDON = {
  street: '12 Orchard Close',
  street_extra: 'Flat 3',
  city: 'London',
  region: null,
  postal_code: 'SE14 5AB',
  country_code: 'GB',
};
const BRISTOL = {
  street: '7 Victoria Road',
  street_extra: null,
  city: 'Bristol',
  region: null,
  postal_code: 'BS6 5EF',
  country_code: 'GB',
};
const CHICAGO = {
  street: '1420 Oak Avenue',
  street_extra: 'Apt 9',
  city: 'Chicago',
  region: 'IL',
  postal_code: '60614',
  country_code: 'US',
};
const HAMBURG = {
  street: 'Lindenstraße 22',
  street_extra: null,
  city: 'Hamburg',
  region: null,
  postal_code: '20099',
  country_code: 'DE',
};
const TORINO = {
  street: 'Via Mazzini 8',
  street_extra: 'Int. 4',
  city: 'Torino',
  region: 'TO',
  postal_code: '10123',
  country_code: 'IT',
};
const BERLIN = {
  street: 'Birkenweg 5',
  street_extra: null,
  city: 'Berlin',
  region: null,
  postal_code: '10437',
  country_code: 'DE',
};
const MADRID = {
  street: 'Calle Goya 31',
  street_extra: null,
  city: 'Madrid',
  region: 'Madrid',
  postal_code: '28001',
  country_code: 'ES',
};
const SEVILLA = {
  street: 'Calle Real 4',
  street_extra: 'Piso 2',
  city: 'Sevilla',
  region: 'Sevilla',
  postal_code: '41003',
  country_code: 'ES',
};

/** What the shop knows of the people that README.md tells of. */
export function protagonistRows(context: SampleContext): SampleRows {
  const orders = protagonistOrders(context);
  const carts = protagonistCarts(context);
  return {
    account: protagonistAccounts(context),
    sales_order: orders.map(({ row }) => row),
    order_line: orders.flatMap(({ basket }) => orderLineRows(basket)),
    cart: carts.map(({ row }) => row),
    cart_line: carts.flatMap(({ basket }) => cartLineRows(basket)),
    loyalty_card: [
      {
        card_id: `card_${alice.account.slice(2)}`,
        customer_no: alice.account,
        programme: 'Customer Rewards',
        card_number: alice.loyaltyNumber,
        tier: 'gold',
        points: 4210,
        joined_at: daysAgo(context, 480),
      },
    ],
  };
}

function protagonistAccounts(context: SampleContext): readonly SampleRow[] {
  const account = (
    customer_no: string,
    name: readonly [title: string | null, given: string, family: string],
    contact: readonly [email: string, phone: string | null],
    place: SampleRow,
    ages: readonly [created: number, updated: number],
    more: SampleRow = {},
  ): SampleRow => ({
    customer_no,
    account_kind: 'registered',
    title: name[0],
    given_name: name[1],
    family_name: name[2],
    email: contact[0],
    phone: contact[1],
    birth_date: null,
    ...place,
    social: {},
    loyalty_no: null,
    tax_number: null,
    created_at: daysAgo(context, ages[0]),
    updated_at: daysAgo(context, ages[1]),
    ...more,
  });
  const guest = { account_kind: 'guest' };
  return [
    account(
      alice.earlierAccount,
      ['Miss', 'Alice', 'Marsh'],
      [alice.earlierEmail, '07700 190001'],
      LONDON,
      [1900, 1200],
      { birth_date: alice.birthDate },
    ),
    account(alice.account, ['Ms', 'Alice', 'Martin'], [alice.email, '(07700) 190-001'], BRISTOL, [480, 12], {
      birth_date: alice.birthDate,
      loyalty_no: alice.loyaltyNumber,
      social: { instagram: 'alice.makes.things' },
    }),
    account(bob.account, [null, 'Bob', 'Miller'], [bob.email, '(312) 555-0142'], CHICAGO, [900, 40]),
    account(carol.account, ['Frau', 'Carol', 'Weber'], [carol.email, '0176 04900003'], HAMBURG, [700, 90]),
    account(
      dan.guests[0],
      [null, 'Dan', 'Rossi'],
      ['dan.rossi+shop@example.com', '333 5900004'],
      TORINO,
      [260, 260],
      guest,
    ),
    account(dan.guests[1], [null, 'DAN', 'ROSSI'], ['DAN.ROSSI@EXAMPLE.COM', '+393335900004'], TORINO, [35, 35], guest),
    account(erika.account, ['Frau', 'Erika', 'Lindgren'], [erika.email, '030 23900005'], BERLIN, [600, 200]),
    account(frank.account, ['Herr', 'Frank', 'Lindgren'], [frank.email, '030/23900005'], BERLIN, [580, 33]),
    account(
      hugoInMadrid.account,
      ['Sr.', 'Hugo', 'García López'],
      [hugoInMadrid.email, '600 90 00 08'],
      MADRID,
      [400, 100],
    ),
    account(
      hugoInSevilla.account,
      ['Sr.', 'Hugo', 'García López'],
      [hugoInSevilla.email, '600 90 00 09'],
      SEVILLA,
      [300, 50],
    ),
  ];
}

function protagonistOrders(context: SampleContext): readonly { row: SampleRow; basket: Basket }[] {
  const order = (id: string, customerNumber: string, state: string, days: number, products: readonly string[]) => {
    const lines = products.map((productId) => line(productId, 1));
    const orderedAt = daysAgo(context, days);
    const basket = { id, customerNumber, lines };
    return { basket, row: orderRow(basket, { state, orderedAt, cartId: null }) };
  };
  return [
    order(alice.orders[0], alice.earlierAccount, 'complete', 1700, ['kit-001', 'pan-004']),
    order(alice.orders[1], alice.earlierAccount, 'returned', 1250, ['bed-003']),
    order(alice.orders[2], alice.account, 'complete', 430, ['kit-002', 'kit-003']),
    order(alice.orders[3], alice.account, 'complete', 120, ['off-001', 'off-002', 'pan-007']),
    order(alice.orders[4], alice.account, 'shipped', 3, ['gar-004', 'out-004']),
    order('W100517-01', bob.account, 'complete', 75, ['out-001']),
    order('W100544-01', dan.guests[0], 'complete', 260, ['pla-003']),
    order('W100545-01', dan.guests[1], 'complete', 35, ['pan-001', 'pan-002']),
    order('W100566-01', frank.account, 'complete', 33, ['out-006']),
    order('W100588-01', hugoInMadrid.account, 'complete', 100, ['kit-005']),
    order('W100599-01', hugoInSevilla.account, 'cancelled', 50, ['bat-001']),
  ];
}

function protagonistCarts(context: SampleContext): readonly { row: SampleRow; basket: Basket }[] {
  const cart = (
    id: string,
    customerNumber: string,
    touched: number,
    isAbandoned: boolean,
    lines: Basket['lines'],
  ): { row: SampleRow; basket: Basket } => {
    const basket = { id, customerNumber, lines };
    const times = {
      createdAt: minutesAgo(context, touched + 15),
      touchedAt: minutesAgo(context, touched),
      abandonedAt: isAbandoned ? minutesAgo(context, touched - 30) : null,
    };
    return { basket, row: cartRow(basket, { state: isAbandoned ? 'abandoned' : 'open', ...times }) };
  };
  return [
    cart(alice.openCart, alice.account, 20, false, [line('bat-001', 2), line('bed-004', 1)]),
    cart(bob.abandonedCart, bob.account, 45, true, [line('out-002', 1), line('kit-005', 1)]),
    cart(carol.abandonedCart, carol.account, 180, true, [line('off-003', 1)]),
    cart(dan.abandonedCart, dan.guests[1], 60, true, [line('pan-004', 2)]),
  ];
}

function line(productId: string, quantity: number): Basket['lines'][number] {
  return {
    product: entryAt(
      PRODUCTS,
      PRODUCTS.findIndex((product) => product.productId === productId),
    ),
    quantity,
  };
}
