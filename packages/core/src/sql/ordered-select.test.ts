import { describe, expect, it } from 'vitest'
import { orderedSelect, type OrderDialect, type OrderedRead } from './ordered-select.ts'

interface Column {
  readonly name: string
}

const dialect: OrderDialect<Column> = {
  nullsFirst: true,
  comparesRows: true,
  quoteName: (name) => `<${name}>`,
  hiddenExpression: (_, quotedColumn) => `HEX(${quotedColumn})`,
  literal: ({ name }, value) => `${name}:${JSON.stringify(value)}`,
}
const order = {
  columns: [
    { column: { name: 'k' }, cellIndex: 1, isNullable: true },
    { column: { name: 'id' }, cellIndex: 0, isNullable: false },
  ],
  hidden: [{ name: 'k' }],
}
const read: OrderedRead<Column> = {
  table: 't',
  selectList: ['<id>'],
  conditions: ['<id> > 0 -- all', undefined, '<k> < 9'],
  order,
  isOrdered: true,
  from: undefined,
  until: undefined,
  doing: 'reading table t',
}
const where = 'WHERE (<id> > 0 -- all\n) AND (<k> < 9\n)'

describe('orderedSelect', () => {
  it('has no order and no hidden columns when none is wanted', () => {
    const plain = `SELECT <id> FROM t ${where}`
    expect(orderedSelect({ ...read, order: undefined }, dialect)).toBe(plain)
    expect(orderedSelect({ ...read, isOrdered: false }, dialect)).toBe(plain)
  })

  it('orders by the columns of the table, not by aliases of the select list', () => {
    expect(orderedSelect(read, dialect)).toBe(
      `SELECT <id>, HEX(t.<k>) FROM t ${where} ORDER BY t.<k>, t.<id>`,
    )
  })

  it('leaves out the rows up to a position, in order or not', () => {
    const token = [
      ['k', 'x'],
      ['id', '7'],
    ]
    const from = { token, label: 'x' }
    const condition = 'AND ((t.<k>, t.<id>) > (k:"x", id:"7")\n)'
    expect(orderedSelect({ ...read, from }, dialect)).toBe(
      `SELECT <id>, HEX(t.<k>) FROM t ${where} ${condition} ORDER BY t.<k>, t.<id>`,
    )
    expect(orderedSelect({ ...read, from, isOrdered: false }, dialect)).toBe(
      `SELECT <id> FROM t ${where} ${condition}`,
    )
  })

  it('goes on from NULL', () => {
    const token = [
      ['k', null],
      ['id', '7'],
    ]
    expect(orderedSelect({ ...read, from: { token, label: 'x' } }, dialect)).toContain(
      '((t.<k> IS NULL AND (t.<id> > id:"7")) OR t.<k> IS NOT NULL\n)',
    )
  })
})
