-- The shop's own vocabulary: customer numbers, given and family names, amounts in cents, states in lower case.
CREATE TABLE commerce.account (
  customer_no   text PRIMARY KEY,
  account_kind  text NOT NULL CHECK (account_kind IN ('registered', 'guest')),
  title         text,
  given_name    text,
  family_name   text,
  email         text,
  phone         text,
  birth_date    date,
  street        text,
  street_extra  text,
  city          text,
  region        text,
  postal_code   text,
  country_code  text,
  social        jsonb NOT NULL DEFAULT '{}',
  tax_number    text,
  -- number of the card shown at the till, if any
  loyalty_no    text,
  created_at    timestamptz NOT NULL,
  updated_at    timestamptz NOT NULL
);
CREATE INDEX account_name_search ON commerce.account
  USING gin (to_tsvector('simple', coalesce(given_name, '') || ' ' || coalesce(family_name, '')));

CREATE TABLE commerce.product (
  product_id    text PRIMARY KEY,
  sku           text NOT NULL UNIQUE,
  title         text NOT NULL,
  blurb         text,
  department    text,
  price_cents   integer NOT NULL CHECK (price_cents >= 0),
  currency      text NOT NULL,
  stock         integer NOT NULL CHECK (stock >= 0)
);

CREATE TABLE commerce.sales_order (
  order_no      text PRIMARY KEY,
  customer_no   text NOT NULL,
  ordered_at    timestamptz NOT NULL,
  state         text NOT NULL CHECK (state IN ('open', 'paid', 'shipped', 'complete', 'cancelled', 'returned')),
  total_cents   integer NOT NULL,
  currency      text NOT NULL,
  cart_id       text
);
CREATE INDEX sales_order_of_customer ON commerce.sales_order (customer_no, ordered_at DESC, order_no DESC);

CREATE TABLE commerce.order_line (
  line_id       text PRIMARY KEY,
  order_no      text NOT NULL REFERENCES commerce.sales_order ON DELETE CASCADE,
  position      integer NOT NULL,
  product_id    text,
  product_title text,
  quantity      integer NOT NULL CHECK (quantity > 0),
  unit_cents    integer NOT NULL,
  line_cents    integer NOT NULL,
  currency      text NOT NULL
);
CREATE INDEX order_line_of_order ON commerce.order_line (order_no, position);

CREATE TABLE commerce.cart (
  cart_id       text PRIMARY KEY,
  customer_no   text,
  state         text NOT NULL CHECK (state IN ('open', 'abandoned', 'ordered')),
  total_cents   integer NOT NULL DEFAULT 0,
  currency      text NOT NULL,
  created_at    timestamptz NOT NULL,
  touched_at    timestamptz NOT NULL,
  abandoned_at  timestamptz
);
CREATE INDEX cart_of_customer ON commerce.cart (customer_no, touched_at DESC, cart_id DESC);

CREATE TABLE commerce.cart_line (
  line_id       text PRIMARY KEY,
  cart_id       text NOT NULL REFERENCES commerce.cart ON DELETE CASCADE,
  position      integer NOT NULL,
  product_id    text NOT NULL,
  product_title text,
  quantity      integer NOT NULL CHECK (quantity > 0),
  unit_cents    integer NOT NULL,
  line_cents    integer NOT NULL,
  currency      text NOT NULL,
  UNIQUE (cart_id, product_id)
);
CREATE INDEX cart_line_of_cart ON commerce.cart_line (cart_id, position);

CREATE TABLE commerce.loyalty_card (
  card_id       text PRIMARY KEY,
  customer_no   text NOT NULL,
  programme     text NOT NULL,
  card_number   text NOT NULL UNIQUE,
  tier          text,
  points        integer NOT NULL DEFAULT 0,
  joined_at     timestamptz
);
CREATE INDEX loyalty_card_of_customer ON commerce.loyalty_card (customer_no);

SELECT commerce.watch('account', 'SourceRecordChanged', 'customer_no');
SELECT commerce.watch('loyalty_card', 'SourceRecordChanged', 'customer_no');
SELECT commerce.watch('sales_order', 'SalesOrderChanged', 'order_no');
SELECT commerce.watch('cart', 'ShoppingCartChanged', 'cart_id');
SELECT commerce.watch('cart_line', 'ShoppingCartChanged', 'cart_id');
