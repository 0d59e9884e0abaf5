import { describe, expect, it } from 'vitest'
import { orderableTable, splitOrderOf, type UniqueKey } from './split-order.ts'

interface Known {
  readonly name: string
  readonly isNullable: boolean
  readonly type: 'int' | 'enum' | 'json'
}

const column = (name: string, others: Partial<Known> = {}): Known => {
  return { name, isNullable: false, type: 'int', ...others }
}
const catalogue = [
  column('id'),
  column('shop'),
  column('k', { isNullable: true }),
  column('mood', { type: 'enum' }),
  column('doc', { type: 'json' }),
]
const key = (...columns: string[]): UniqueKey => ({ isPrimary: false, columns })
const primary = (...columns: string[]): UniqueKey => ({ isPrimary: true, columns })

/** The order of a split as the names of its columns, and the rest of what there is to know. */
function orderOf(keys: readonly UniqueKey[], selected: readonly string[], splitColumn?: string) {
  const known = selected.map((name) => catalogue.find((each) => each.name === name))
  const table = orderableTable(catalogue, keys, known, {
    orderable: ({ name, type }) => (type === 'json' ? undefined : { name }),
    isExact: ({ type }) => type === 'int',
  })
  const range = { sourceIndex: 0, objectIndex: 0, range: { includesNull: true } }
  const cut = { key: { column: splitColumn ?? '' }, range: { upper: '5', includesNull: true } }
  const order = splitOrderOf(table, splitColumn === undefined ? range : { ...range, ...cut })
  return {
    names: order?.columns.map((each) => each.column.name),
    cells: order?.columns.map(({ cellIndex }) => cellIndex),
    nullable: order?.columns.map(({ isNullable }) => isNullable),
    hidden: order?.hidden.map(({ name }) => name),
  }
}

describe('splitOrderOf', () => {
  it('takes the primary key for a whole table, else the shortest unique key', () => {
    expect(orderOf([key('shop'), primary('id', 'shop')], ['id']).names).toEqual(['id', 'shop'])
    expect(orderOf([key('id', 'shop'), key('mood')], ['id']).names).toEqual(['mood'])
  })

  it('puts the split key in front, unless a unique key begins with it', () => {
    const keys = [primary('id')]
    expect(orderOf(keys, ['id'], 'k').names).toEqual(['k', 'id'])
    expect(orderOf(keys, ['id'], 'id').names).toEqual(['id'])
    expect(orderOf([primary('id', 'shop')], ['id'], 'shop').names).toEqual(['shop', 'id'])
    expect(orderOf([primary('id'), key('shop', 'mood')], ['id'], 'shop').names).toEqual([
      'shop',
      'mood',
    ])
  })

  it('finds cells among those selected, and adds the others at the end', () => {
    const order = orderOf([primary('id', 'shop')], ['doc', 'shop', ''], 'k')
    expect(order.names).toEqual(['k', 'id', 'shop'])
    expect(order.cells).toEqual([3, 4, 1])
    expect(order.hidden).toEqual(['k', 'id'])
  })

  it('adds a selected column whose cell does not tell its exact value', () => {
    expect(orderOf([primary('mood')], ['mood'])).toMatchObject({ cells: [1], hidden: ['mood'] })
  })

  it('knows that only the split key may be NULL, and only where it is in front', () => {
    expect(orderOf([primary('id')], ['id'], 'k').nullable).toEqual([true, false])
    expect(orderOf([primary('id')], ['id']).nullable).toEqual([false])
  })

  it('has none without a unique key that is never NULL and can be ordered by', () => {
    const none = { names: undefined, hidden: undefined }
    expect(orderOf([], ['id'])).toMatchObject(none)
    expect(orderOf([key('k')], ['id'])).toMatchObject(none)
    expect(orderOf([key('id', 'doc')], ['id'])).toMatchObject(none)
    expect(orderOf([key('gone')], ['id'])).toMatchObject(none)
    expect(orderOf([primary('id')], ['id'], 'doc')).toMatchObject(none)
  })
})
