import { describe, expect, it } from 'vitest'
import { rowKey, type KeyedTable } from './row-key.ts'
import type { SourceObject } from './source-object.ts'

const column = (name: string, isNullable = false, isPrimaryKey = false) => ({
  name,
  isNullable,
  isPrimaryKey,
})
const unique = (...columns: string[]) => ({ isPrimary: false, columns })

function namedObject(keys: readonly string[] = []): SourceObject<never> {
  const named = { namespace: 'public', name: 't', keys }
  return { sourceIndex: 0, index: 0, label: 'public.t', path: [], named }
}

const table = (fields: Partial<KeyedTable>): KeyedTable => ({
  catalogue: [],
  uniqueKeys: [],
  columns: (fields.catalogue ?? []).map(({ name }) => name),
  ...fields,
})

describe('rowKey', () => {
  it('is the primary key in the order of its index', () => {
    const catalogue = [column('a', false, true), column('b', false, true), column('c')]
    const uniqueKeys = [unique('c'), { isPrimary: true, columns: ['b', 'a'] }]
    expect(rowKey(namedObject(['c']), table({ catalogue, uniqueKeys }))).toEqual([1, 0])
    expect(rowKey(namedObject(), table({ catalogue }))).toEqual([0, 1])
  })

  it('is else the shortest unique index without NULL that is read', () => {
    const catalogue = [column('a'), column('b'), column('c', true), column('d')]
    const uniqueKeys = [unique('c'), unique('a', 'b'), unique('d')]
    expect(rowKey(namedObject(), table({ catalogue, uniqueKeys }))).toEqual([3])
    const columns = ['b', 'a', undefined]
    expect(rowKey(namedObject(['b']), table({ catalogue, uniqueKeys, columns }))).toEqual([1, 0])
    expect(() => rowKey(namedObject(), table({ catalogue, uniqueKeys, columns: ['a'] }))).toThrow(
      'preparing to read table public.t: columns lacks d of its key',
    )
  })

  it('takes an index for what it is where the server calls its columns primary', () => {
    const catalogue = [column('a', false, true), column('b')]
    const uniqueKeys = [unique('a')]
    const columns = ['b']
    expect(rowKey(namedObject(['B']), table({ catalogue, uniqueKeys, columns }))).toEqual([0])
  })

  it('is else what the job says, among the columns that are read', () => {
    const catalogue = [column('a', true), column('b', true)]
    expect(rowKey(namedObject(['B', 'a']), table({ catalogue }))).toEqual([1, 0])
    expect(rowKey(namedObject(), table({ catalogue }))).toEqual([])
    expect(() => rowKey(namedObject(['z']), table({ catalogue }))).toThrow('no column "z"')
  })

  it('of a table with columns of the job is the primary key, when all of it is read', () => {
    const { named: _, ...written } = namedObject()
    const catalogue = [column('a', false, true), column('b')]
    const uniqueKeys = [unique('b')]
    expect(rowKey(written, table({ catalogue, uniqueKeys, columns: ['b', 'a'] }))).toEqual([1])
    expect(rowKey(written, table({ catalogue, uniqueKeys, columns: ['b'] }))).toEqual([])
  })
})
