import { describe, expect, it } from 'vitest'
import { parseTableName } from './table-name.ts'

describe('parseTableName', () => {
  it.each([
    ['orders', '`orders`', undefined, 'orders'],
    ['shop.orders', '`shop`.`orders`', 'shop', 'orders'],
    ['`a.b`.`c``d`', '`a.b`.`c``d`', 'a.b', 'c`d'],
    ['"shop"."order-1"', '`shop`.`order-1`', 'shop', 'order-1'],
    ['größe-1', '`größe-1`', undefined, 'größe-1'],
    ['orders PARTITION (p0)', 'orders PARTITION (p0)', undefined, undefined],
  ])('%s', (text, quoted, schema, name) => {
    expect(parseTableName(text)).toEqual({
      text,
      quoted,
      ...(schema === undefined ? {} : { schema }),
      ...(name === undefined ? {} : { name }),
    })
  })
})
