import { describe, expect, it } from 'vitest'
import type { TableSchema } from '@millrace/core/record'
import { truncatePatterns } from './truncate-patterns.ts'

const schema: TableSchema = {
  table: 'a*b[c]^',
  namespace: 'public',
  version: 1,
  key: [1],
  fields: ['v', 'id?'].map((name) => ({ name, type: 'int', nullable: false, nativeType: 'int' })),
}

describe('the keys of a table that was emptied', () => {
  it('are those of the default shape, matched to the letter', () => {
    expect(truncatePatterns([{ type: 'hash' }, { type: 'json' }], schema)).toEqual([
      String.raw`a\*b\[c\]\^:id\?:*`,
    ])
    const computed = { column: '$key0', isDefault: true }
    const prefixed = { ...schema, keyPrefix: 'p:k:' }
    expect(truncatePatterns([{ type: 'hash', key: computed }], prefixed)).toEqual(['p:k:*'])
  })

  it('stay in streams, and where they are told to', () => {
    expect(truncatePatterns([{ type: 'stream', key: { template: 's' } }], schema)).toEqual([])
    const key = { template: 'x:#{v}' }
    expect(truncatePatterns([{ type: 'hash', key, onTruncate: 'ignore' }], schema)).toEqual([])
  })

  it('cannot be told where they have another shape', () => {
    for (const key of [{ template: 'x:#{v}' }, { column: '$key0' }])
      expect(() => truncatePatterns([{ type: 'stream' }, { type: 'hash', key }], schema)).toThrow(
        'the source has emptied the table public.a*b[c]^, and what to remove of it cannot be told',
      )
    const nest = { path: '$.x', column: 'id?' }
    expect(() => truncatePatterns([{ type: 'json', nest }], schema)).toThrow('entries in documents')
  })
})
