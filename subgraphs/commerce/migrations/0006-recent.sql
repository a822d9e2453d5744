-- Carts and orders of everybody, the latest first.
CREATE INDEX cart_by_activity ON commerce.cart (touched_at DESC, cart_id DESC);
CREATE INDEX sales_order_by_date ON commerce.sales_order (ordered_at DESC, order_no DESC);
