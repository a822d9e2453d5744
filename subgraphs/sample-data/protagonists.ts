/**
 * The people that README.md tells of, with the keys of their records in each cloud.
 * Documentation, the playground's starter queries and tests rely on them: they are the same whatever the seed.
 */
export const PROTAGONISTS = {
  /** In all three clouds. Two accounts: the older one under her maiden name, Marsh. Open cart, open case, no text messages please. */
  alice: {
    firstName: 'Alice',
    lastName: 'Martin',
    earlierLastName: 'Marsh',
    email: 'alice.martin@example.org',
    earlierEmail: 'alice.marsh@example.org',
    phone: '+447700190001',
    /** Known to the shop; it is what both of her accounts have in common besides the telephone, whatever model weighs them. */
    birthDate: '1988-04-12',
    loyaltyNumber: 'LC-00900001',
    account: 'C-100482',
    earlierAccount: 'C-100119',
    subscriber: 'sub_7f3a91c04e8b2d65',
    contact: '003000000100482',
    openCart: 'cart_a11ce00000000001',
    orders: ['W100119-01', 'W100119-02', 'W100482-01', 'W100482-02', 'W100482-03'],
    openTicket: 'T-0000100482',
    closedTicket: 'T-0000100119',
  },
  /** Robert to marketing and service, Bob to the shop. Left a cart 45 minutes ago and wants to hear from us. */
  bob: {
    firstName: 'Robert',
    nickname: 'Bob',
    lastName: 'Miller',
    email: 'bob.miller@example.com',
    phone: '+13125550142',
    account: 'C-100517',
    subscriber: 'sub_b0b3c41d5e6f7081',
    contact: '003000000100517',
    abandonedCart: 'cart_b0b0000000000001',
  },
  /** Left a cart three hours ago and has opted out of everything. */
  carol: {
    firstName: 'Carol',
    lastName: 'Weber',
    email: 'carol.weber@example.net',
    phone: '+4917604900003',
    account: 'C-100533',
    subscriber: 'sub_ca401d0e5f607182',
    abandonedCart: 'cart_ca40100000000001',
  },
  /** Buys as a guest only, types his address in another way each time, and subscribed without telling his name. Left a cart an hour ago. */
  dan: {
    firstName: 'Dan',
    lastName: 'Rossi',
    email: 'dan.rossi@example.com',
    phone: '+393335900004',
    guests: ['C-100544', 'C-100545'],
    subscriber: 'sub_da4a5b6c7d8e9f01',
    abandonedCart: 'cart_da40000000000001',
  },
  /** Shares a landline with Frank: two people in one household. */
  erika: {
    firstName: 'Erika',
    lastName: 'Lindgren',
    email: 'erika.lindgren@example.net',
    phone: '+493023900005',
    account: 'C-100555',
    subscriber: 'sub_e41ca5b6c7d8e9f0',
  },
  /** Shares a landline with Erika: two people in one household. */
  frank: {
    firstName: 'Frank',
    lastName: 'Lindgren',
    email: 'frank.lindgren@example.net',
    phone: '+493023900005',
    account: 'C-100566',
    contact: '003000000100566',
  },
  /** Known to the service desk only, by telephone; her case is escalated. */
  grace: {
    firstName: 'Grace',
    lastName: 'Dupont',
    phone: '+33639900007',
    contact: '003000000100577',
    openTicket: 'T-0000100577',
  },
  /** One of two people with the same name and nothing else in common. */
  hugoInMadrid: {
    firstName: 'Hugo',
    lastName: 'García López',
    email: 'hugo.garcia@example.com',
    phone: '+34600900008',
    account: 'C-100588',
  },
  /** The other one. */
  hugoInSevilla: {
    firstName: 'Hugo',
    lastName: 'García López',
    email: 'h.garcia.lopez@example.org',
    phone: '+34600900009',
    account: 'C-100599',
  },
} as const;
