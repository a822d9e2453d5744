import type { SampleRow } from '../sample-data/sample-cloud.ts';

/** What orders and carts need to know of a product. */
export interface SampleProduct {
  readonly productId: string;
  readonly sku: string;
  readonly title: string;
  readonly blurb: string;
  readonly department: string;
  readonly priceCents: number;
  readonly stock: number;
}

/** The shop's only currency. */
export const CURRENCY = 'EUR';

/** Department, its letters in the SKU, and products as `title|blurb|cents|stock`. */
const SHELVES: readonly (readonly [string, string, string])[] = [
  [
    'Kitchen',
    'KIT',
    `Kettle Alba|Enamel kettle, 1.7 litres|4990|38
    Chef's knife 20 cm|Forged steel, beech handle|6900|21
    Cutting board oak|End grain, oiled|3450|64
    Stove-top coffee maker|Six cups, aluminium|2995|0
    Cast-iron pan 28 cm|Ready seasoned|5490|17
    Salad bowl Lago|Stoneware, 30 cm|2790|43
    Spice grinder|Ceramic mill, adjustable|1890|120
    Bread tin with lid|For toast bread, 30 cm|2450|9
    Tea towels, set of three|Linen and cotton|1690|210`,
  ],
  [
    'Bath',
    'BAT',
    `Bath towel Nube|Organic cotton, 70 × 140 cm|2490|140
    Guest towel Nube|Organic cotton, 30 × 50 cm|890|260
    Soap dish slate|Natural stone|1250|75
    Shower curtain Fern|Washable, 180 × 200 cm|2990|33
    Laundry basket|Willow with lining|4590|12
    Bath mat Moss|Tufted, non-slip|3290|0
    Hair towel|Quick drying waffle weave|1490|88
    Mirror with shelf|Oak veneer, 45 cm|7900|6
    Hand soap cedar|500 ml, refillable|1150|310`,
  ],
  [
    'Bedroom',
    'BED',
    `Duvet cover Dune|Washed linen, double|11900|25
    Pillow case Dune|Washed linen, 50 × 75 cm|2490|96
    Wool blanket|Merino, 130 × 200 cm|8990|18
    Bedside lamp Orb|Opal glass, dimmable|5490|41
    Alarm clock Tock|Silent sweep, no ticking|3290|57
    Mattress protector|Cotton, 140 × 200 cm|4490|70
    Clothes hangers, set of ten|Beech|1990|180
    Storage box felt|With lid, 40 cm|2290|0
    Reading pillow|Buckwheat filling|3890|22`,
  ],
  [
    'Garden',
    'GAR',
    `Garden secateurs|Bypass blades, ash handles|3990|48
    Watering can 5 l|Galvanised, brass rose|3450|29
    Bird feeder|Larch with copper roof|2790|61
    Herb seeds, box of eight|Basil to thyme|1490|400
    Raised bed larch|120 × 80 × 40 cm|12900|5
    Folding chair Lido|Steel and canvas|5990|34
    Fire bowl 60 cm|Raw steel|8990|0
    Garden gloves|Goatskin and cotton|1890|150
    Lantern Brig|For storm and candle|2690|52`,
  ],
  [
    'Office',
    'OFF',
    `Notebook dotted A5|160 pages, thread bound|1290|520
    Fountain pen Quill|Steel nib, fine|3490|47
    Desk lamp Arc|LED, two joints|8900|19
    Desk tidy cork|Four compartments|2190|82
    Wall calendar|Letterpress, undated|1890|36
    Laptop stand|Folded aluminium|4290|0
    Paper knife|Brass|1590|66
    Letter scale|Spring balance to 250 g|2990|14
    Pin board 60 × 90|Cork in oak frame|3790|27`,
  ],
  [
    'Play',
    'PLA',
    `Building blocks, 50 pieces|Maple, untreated|3990|58
    Wooden railway starter set|Thirty pieces|4990|24
    Chess set travel|Magnetic, folding|2990|39
    Jigsaw Harbour|1,000 pieces|1990|112
    Kite Swift|For beginners, 120 cm|2490|0
    Watercolours, 24 pans|With brush and tin|2890|45
    Memory game Animals|Forty pairs|1490|130
    Hand puppet Fox|Wool felt|2290|31
    Skipping rope|Cotton, ash handles|990|175`,
  ],
  [
    'Outdoor',
    'OUT',
    `Rucksack Fell 24 l|Waxed cotton|11900|16
    Vacuum flask 0.75 l|Keeps hot for twelve hours|3290|90
    Pocket knife|Olive wood, two blades|4590|44
    Enamel mug|0.35 litres|1290|240
    Picnic blanket|Wool, coated back|6990|20
    Head torch|300 lumen, rechargeable|3990|68
    Compass|Liquid filled, with mirror|3490|0
    Camping stove|Folding, for gas|5490|13
    Trekking socks|Merino, two pairs|2490|155`,
  ],
  [
    'Pantry',
    'PAN',
    `Olive oil Picual 0.5 l|First cold pressing|1490|220
    Acacia honey|From one apiary, 500 g|990|185
    Sea salt flakes|Tin of 150 g|790|330
    Darjeeling first flush|Loose tea, 100 g|1690|74
    Espresso beans 1 kg|Dark roast|2190|98
    Quince jelly|Small batch, 210 g|690|140
    Dark chocolate 72 %|Three bars|1190|265
    Dried tomatoes|In oil, 280 g|850|0
    Chestnut flour|Stone milled, 500 g|990|42`,
  ],
];

/** Everything the shop sells; some of it is out of stock. */
export const PRODUCTS: readonly SampleProduct[] = SHELVES.flatMap(([department, letters, shelf]) =>
  shelf.split('\n').map((line, place) => {
    const [title = '', blurb = '', cents = '0', stock = '0'] = line.trim().split('|');
    const number = String(place + 1).padStart(3, '0');
    return {
      productId: `${letters.toLowerCase()}-${number}`,
      sku: `${letters}-${number}`,
      title,
      blurb,
      department,
      priceCents: Number(cents),
      stock: Number(stock),
    };
  }),
);

/** The products as rows. */
export function productRows(): readonly SampleRow[] {
  return PRODUCTS.map((product) => ({
    product_id: product.productId,
    sku: product.sku,
    title: product.title,
    blurb: product.blurb,
    department: product.department,
    price_cents: product.priceCents,
    currency: CURRENCY,
    stock: product.stock,
  }));
}
