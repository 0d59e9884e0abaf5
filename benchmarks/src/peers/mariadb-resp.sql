SELECT CONCAT('*10\r\n$4\r\nHSET\r\n$', LENGTH(CONCAT('customer:', id)), '\r\ncustomer:', id,
  '\r\n$4\r\nname\r\n$', LENGTH(name), '\r\n', name,
  '\r\n$5\r\nemail\r\n$', LENGTH(email), '\r\n', email,
  '\r\n$7\r\ncountry\r\n$', LENGTH(country), '\r\n', country,
  '\r\n$5\r\ntotal\r\n$', LENGTH(total), '\r\n', total, '\r')
FROM customers
