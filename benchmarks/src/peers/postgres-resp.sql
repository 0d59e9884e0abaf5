SELECT E'*10\r\n$4\r\nHSET\r\n$' || octet_length('customer:' || id) || E'\r\ncustomer:' || id
  || E'\r\n$4\r\nname\r\n$' || octet_length(name) || E'\r\n' || name
  || E'\r\n$5\r\nemail\r\n$' || octet_length(email) || E'\r\n' || email
  || E'\r\n$7\r\ncountry\r\n$' || octet_length(country) || E'\r\n' || country
  || E'\r\n$5\r\ntotal\r\n$' || octet_length(total::text) || E'\r\n' || total || E'\r'
FROM customers
