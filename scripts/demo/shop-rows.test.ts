import { expect, test } from 'vitest'
import { makeShopRows } from './shop-rows.mjs'

test('makes the same 10,000 rows every time', () => {
  const rows = makeShopRows()
  expect(Object.values(rows).reduce((sum, table) => sum + table.length, 0)).toBe(10_000)
  expect(rows).toEqual(makeShopRows())
  expect(new Set(rows.customers.map(([id]) => id)).size).toBe(rows.customers.length)
})

test('the total of an invoice is the sum of its lines', () => {
  const { invoices, invoice_lines } = makeShopRows()
  for (const [id, , , total] of invoices) {
    const lines = invoice_lines.filter(([invoice]) => invoice === id)
    const cents = lines.reduce(
      (sum, [, , , price, quantity]) => sum + Math.round(Number(price) * 100) * Number(quantity),
      0,
    )
    expect(lines.length).toBeGreaterThan(0)
    expect(total).toBe((cents / 100).toFixed(2))
  }
})

test('every line of an invoice has a number of its own', () => {
  const { invoice_lines } = makeShopRows()
  const keys = invoice_lines.map(([invoice, line]) => `${invoice}/${line}`)
  expect(new Set(keys).size).toBe(keys.length)
})
