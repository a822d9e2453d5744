-- When checking out was begun, and how a visitor's cart is known: by the address the visitor left.
ALTER TABLE commerce.cart ADD COLUMN checkout_started_at timestamptz, ADD COLUMN contact_email text;

-- A discount that can be used once: by one account, for one cart or any of the account's, until it runs out.
CREATE TABLE commerce.discount (
  code          text PRIMARY KEY,
  customer_no   text NOT NULL,
  -- null: any cart of the account
  cart_id       text,
  percent       smallint NOT NULL CHECK (percent BETWEEN 1 AND 100),
  granted_at    timestamptz NOT NULL,
  expires_at    timestamptz NOT NULL,
  redeemed_at   timestamptz,
  order_no      text,
  -- who granted it, and with which idempotency key: asked again, also years later, it is the same discount
  granted_by    text NOT NULL,
  grant_key     text NOT NULL,
  UNIQUE (granted_by, grant_key),
  CHECK ((redeemed_at IS NULL) = (order_no IS NULL))
);
CREATE INDEX discount_of_customer ON commerce.discount (customer_no, granted_at DESC, code DESC);
CREATE INDEX discount_of_order ON commerce.discount (order_no) WHERE order_no IS NOT NULL;

SELECT commerce.watch('discount', 'DiscountCodeChanged', 'code', 'customer_no');
