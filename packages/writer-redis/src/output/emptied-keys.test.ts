import { describe, expect, it, test } from 'vitest'
import type { LogicalType, TableSchema } from '@millrace/core/record'
import { emptiedKeys } from './emptied-keys.ts'
import { keyTexts } from './key-texts.ts'
import { sharedKeyFindings } from './shared-keys.ts'
import type { WriterOutput } from './writer-output.ts'

const field = (name: string, type: LogicalType = 'int') => ({
  name,
  type,
  nullable: false,
  nativeType: type,
})
const schema: TableSchema = {
  table: 'a*b[c]^',
  namespace: 'public',
  route: 'r',
  version: 1,
  key: [1],
  fields: [field('v'), field('id?')],
}
/** A table whose columns are all of its key. */
const tableOf = (table: string, namespace: string, ...fields: TableSchema['fields']) => ({
  ...schema,
  table,
  namespace,
  fields,
  key: fields.map((_, at) => at),
})
const hash: WriterOutput = { type: 'hash' }
const keysOf = (outputs: readonly WriterOutput[], of = schema, tables = [of]) =>
  emptiedKeys(of, { routes: { r: outputs }, tables, sharedTables: [] })
const isRemoved = (key: string, ...fields: TableSchema['fields']) =>
  keysOf([hash], tableOf('t', 's', ...fields)).some((keys) => keys.matches(Buffer.from(key)))

describe('the keys of a table that was emptied', () => {
  it('are those of the default shape, matched to the letter', () => {
    expect(keysOf([hash, { type: 'json' }]).map(({ glob }) => glob)).toEqual([
      String.raw`a\*b\[c\]\^:id\?:*`,
    ])
    const computed = { column: '$key0', isDefault: true }
    const columns = { ...schema, table: 'p', key: [], keyFields: [field('k')] }
    const [keys] = keysOf([{ type: 'hash', key: computed }], columns)
    expect(keys?.glob).toBe('p:k:*')
    expect(keys?.matches(Buffer.from('p:k:-12'))).toBe(true)
    expect(keys?.matches(Buffer.from('p:k:12:cache'))).toBe(false)
  })

  it('have as many values as the key has columns, and such as the columns have', () => {
    expect(isRemoved('t:id:5', field('id'))).toBe(true)
    for (const key of ['t:id:5:cache', 't:id:', 't:id:x', 't:idx:5', 't:id:5\n'])
      expect(isRemoved(key, field('id')), key).toBe(false)
    const two = [field('id'), field('no.', 'string')]
    expect(isRemoved('t:id:5:no.:a:b\nc', ...two)).toBe(true)
    for (const key of ['t:id:5', 't:id:5:nox:a', 't:id:x:no.:a'])
      expect(isRemoved(key, ...two), key).toBe(false)
    const valuesByType = {
      bool: ['1', 'true'],
      float: ['-1.5e+300', 'NaN', '-Infinity'],
      decimal: ['-123.4500'],
      bytes: ['+/8=', 'fffe'],
      uuid: ['8c2f0b9a-07b7-4d63-9fb0-2b1c7d6c0a11'],
      date: ['19000', '2024-02-29', '0044-03-15 BC', 'infinity'],
      datetime: ['1700000000000', '2024-02-29T12:30:00.123456'],
      timestamptz: ['-1', '2024-02-29T12:30:00.123456Z', '-infinity'],
      time: ['86399999', '-838:59:59'],
      string: ['a:b', 'ä€😀', ''],
      value: ['{"a":1}'],
    } as const
    for (const [type, values] of Object.entries(valuesByType))
      for (const value of values)
        expect(isRemoved(`t:k:${value}`, field('k', type as LogicalType)), value).toBe(true)
  })

  it('stay in streams, where they are told to, and where an output names them', () => {
    expect(keysOf([{ type: 'stream', key: { template: 's' } }])).toEqual([])
    const key = { template: 'x:#{v}' }
    expect(keysOf([{ type: 'hash', key, onTruncate: 'ignore' }])).toEqual([])
    const feed: WriterOutput = { type: 'stream', key: { template: 't:k:all' } }
    const [keys] = keysOf([hash, feed], tableOf('t', 's', field('k', 'string')))
    expect(keys?.matches(Buffer.from('t:k:one'))).toBe(true)
    expect(keys?.matches(Buffer.from('t:k:all'))).toBe(false)
  })

  it('cannot be told where they have another shape', () => {
    for (const key of [{ template: 'x:#{v}' }, { column: '$key0' }])
      expect(() => keysOf([{ type: 'stream' }, { type: 'hash', key }])).toThrow(
        'the source has emptied the table public.a*b[c]^, and what to remove of it cannot be told',
      )
    const nest = { path: '$.x', column: 'id?' }
    expect(() => keysOf([{ type: 'json', nest }])).toThrow('entries in documents')
  })

  it('cannot be told where rows of another table may have them', () => {
    const cust = tableOf('cust', 's1', field('id'))
    const same = [
      tableOf('cust', 's2', field('id')),
      tableOf('cust', 's2', field('id', 'string')),
      tableOf('cust', 's2', field('id', 'string'), field('no')),
    ]
    for (const other of same) {
      expect(() => keysOf([hash], cust, [cust, other])).toThrow(
        'its keys are like those of s2.cust (cust:id:…)',
      )
      expect(sharedKeyFindings({ r: [hash] }, [cust, other])).toMatchObject([
        {
          severity: 'warning',
          message: expect.stringMatching(/^rows of s1\.cust, s2\.cust .*cust:id:…/) as string,
        },
      ])
    }
    // What is left of another table's messages counts as well.
    const routes = { r: [hash], q: [{ type: 'stream' as const }] }
    const streamed = { ...tableOf('cust', 's2', field('id')), route: 'q' }
    const target = { routes, tables: [streamed], sharedTables: [] }
    expect(() => emptiedKeys(cust, target)).toThrow('its keys are like those of')
    const shared = { routes, tables: [cust], sharedTables: ['cust'] }
    expect(() => emptiedKeys(cust, shared)).toThrow('another source of the pipeline')
    const different = [
      cust,
      tableOf('cust', 's2', field('no')),
      tableOf('cust', 's2', field('id'), field('no')),
      tableOf('customer', 's2', field('id')),
    ]
    expect(keysOf([hash], cust, different)).toHaveLength(1)
    expect(sharedKeyFindings({ r: [hash] }, different)).toEqual([])
    expect(keysOf([{ ...hash, onTruncate: 'ignore' }], cust, same)).toEqual([])
  })
})

test('keys are shown by what they are made of', () => {
  const outputs: WriterOutput[] = [
    hash,
    { type: 'stream', key: { template: 'feed' } },
    { type: 'set', key: { template: 'all' }, member: 'id?' },
    { type: 'json', key: { template: 'bill:#{v}' }, nest: { path: '$.Lines', column: 'id?' } },
    { type: 'string', key: { column: '$key0' }, value: 'v' },
  ]
  expect(keyTexts({ r: outputs }, schema)).toEqual([
    'a*b[c]^:id?:…',
    'members of all',
    '$.Lines in bill:…',
    'what an expression gives',
  ])
})
