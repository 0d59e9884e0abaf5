import { describe, expect, it } from 'vitest'
import { suggestKey } from './suggest-key.ts'

const known = ['splitPk', 'querySql', 'column', 'where', 'id', 'table', 'keyIndexes']

describe('suggestKey', () => {
  it.each([
    ['splitPK', 'splitPk'],
    ['querysql', 'querySql'],
    ['colunm', 'column'],
    ['colums', 'column'],
    ['tabel', 'table'],
    ['wehre', 'where'],
    ['keyIndex', 'keyIndexes'],
    ['iid', 'id'],
  ])('finds for %s %s', (name, expected) => {
    expect(suggestKey(name, known)).toBe(expected)
  })

  it.each(['tableComment', 'ab', 'x', '', 'columnsss'])('finds nothing for %j', (name) => {
    expect(suggestKey(name, known)).toBeUndefined()
  })
})
