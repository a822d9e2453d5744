-- Events tell whose record changed, and lines belong to their cart or order.
SELECT commerce.watch('account', 'SourceRecordChanged', 'customer_no', 'customer_no');
SELECT commerce.watch('loyalty_card', 'SourceRecordChanged', 'customer_no', 'customer_no');
SELECT commerce.watch('sales_order', 'SalesOrderChanged', 'order_no', 'customer_no');
SELECT commerce.watch('order_line', 'SalesOrderChanged', 'order_no', 'sales_order.customer_no');
SELECT commerce.watch('cart', 'ShoppingCartChanged', 'cart_id', 'customer_no');
SELECT commerce.watch('cart_line', 'ShoppingCartChanged', 'cart_id', 'cart.customer_no');
