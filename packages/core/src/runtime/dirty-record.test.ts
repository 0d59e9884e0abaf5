import { expect, test } from 'vitest'
import type { TableSchema } from '../record/index.ts'
import { formatDirtyRecord } from './dirty-record.ts'

const schema: TableSchema = {
  table: 'shop.customer',
  version: 1,
  key: [],
  fields: ['id', 'note', 'photo', 'note', 'score', 'gone'].map((name) => ({
    name,
    type: 'string',
    nullable: true,
    nativeType: 'text',
  })),
}

test('cells are lossless: bytes, big integers, infinities, absent cells, columns of the same name', () => {
  const line = formatDirtyRecord(
    {
      row: [18446744073709551615n, null, Uint8Array.of(0, 255), 'second', Infinity, undefined],
      error: { code: 'NULL_KEY', message: 'the key column is null' },
    },
    {
      run: 'r1',
      split: '0',
      schema,
      position: { token: 7, label: 'id 7' },
      isTransformed: false,
    },
    new Date(0),
  )
  expect(JSON.parse(line)).toEqual({
    time: '1970-01-01T00:00:00.000Z',
    run: 'r1',
    source: 'shop.customer',
    code: 'NULL_KEY',
    reason: 'the key column is null',
    row: {
      id: '18446744073709551615',
      note: null,
      photo: { $bytes: 'AP8=' },
      'note#2': 'second',
      score: 'Infinity',
    },
    position: 7,
    split: '0',
  })
  expect(line).not.toContain('\n')
})
