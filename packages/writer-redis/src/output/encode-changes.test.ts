import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Changes, OperationCode, RecordBatch, Row, TableSchema } from '@millrace/core/record'
import { previewCommands } from '../preview-commands.ts'
import { OutputEncoder } from './output-encoder.ts'
import type { WriterOutput } from './writer-output.ts'

const names = ['id', 'a', 'b', 'é']
const schema: TableSchema = {
  table: 't',
  version: 1,
  key: [0],
  fields: names.map((name) => ({ name, type: 'string', nullable: true, nativeType: 'text' })),
}
const hash: WriterOutput = { type: 'hash' }
const stream: WriterOutput = { type: 'stream', key: { template: 'feed' } }

interface Change {
  readonly operation: OperationCode
  readonly row: Row
  readonly before: Row | null
  /** Whether it belongs to the transaction of the one before. */
  readonly goesOn: boolean
}

function batchOf(changes: readonly Change[]): RecordBatch {
  let transaction = 0
  const made: Changes = {
    operations: changes.map(({ operation }) => operation),
    before: changes.map(({ before }) => before),
    transactions: changes.map(({ goesOn }) => (goesOn ? transaction : (transaction += 1))),
    committedAtMs: changes.map(() => 0),
  }
  return { schema, rows: changes.map(({ row }) => [...row]), byteSize: 0, changes: made }
}

/** The commands of changes that keep their keys, as plainly as they can be made. */
function plainCommands(changes: readonly Change[], hasStream: boolean) {
  return changes.flatMap(({ operation, row }) => {
    const sent = row.flatMap((cell, at) =>
      typeof cell === 'string' ? [names[at] ?? '', cell] : [],
    )
    const nulls = row.flatMap((cell, at) => (cell === null ? [names[at] ?? ''] : []))
    const key = `t:id:${String(row[0])}`
    return [
      ['HSET', key, ...sent],
      ...(nulls.length > 0 ? [['HDEL', key, ...nulls]] : []),
      ...(hasStream ? [['XADD', 'feed', '*', ...sent, 'op_code', operation]] : []),
    ]
  })
}

const cell = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 70 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 20 }) },
  { weight: 1, arbitrary: fc.constant('é'.repeat(9000)) },
  { weight: 1, arbitrary: fc.constantFrom(null, undefined) },
)
const cells = fc.tuple(cell, cell, cell)
const change = fc.record({
  kind: fc.constantFrom('c', 'r', 'u', 'u', 'u with the row before'),
  now: cells,
  old: cells,
  goesOn: fc.boolean(),
})

const changes = fc.array(change, { maxLength: 12 }).map((all) =>
  all.map(({ kind, now, old, goesOn }, at): Change => {
    const operation = kind.slice(0, 1) as OperationCode
    const before = kind.length > 1 ? [String(at), ...old] : null
    return { operation, row: [String(at), ...now], before, goesOn }
  }),
)

describe('changes that keep their keys', () => {
  it.each([[[hash]], [[hash, stream]]])('are written as they stand: %j', (outputs) => {
    const encoder = new OutputEncoder(outputs, schema, { isCluster: false })
    fc.assert(
      fc.property(changes, (all) => {
        const batch = batchOf(all)
        const encoded = encoder.encode(batch)
        expect(encoded.rejected).toEqual([])
        const found = previewCommands(encoded.payload)
        expect(found).toEqual(plainCommands(all, outputs.length > 1))
        const again = encoder.encode(batch, encoded.rows)
        expect(previewCommands(again.payload)).toEqual(found)
        expect(again.rows).toEqual(encoded.rows)
      }),
      { numRuns: 300 },
    )
  })

  it('are told from those that move, in one batch', () => {
    const moved = (from: string, to: string): Change => ({
      operation: 'u',
      row: [to, 'a', null, 'ø'],
      before: [from, 'a', null, 'ø'],
      goesOn: false,
    })
    const kept: Change = { operation: 'c', row: ['9', 'ø', 'b', 'c'], before: null, goesOn: false }
    const gone: Change = { operation: 'd', row: ['9', 'ø', 'b', 'c'], before: null, goesOn: false }
    const encoder = new OutputEncoder([hash], schema, { isCluster: false })
    const encoded = encoder.encode(
      batchOf([kept, moved('1', '2'), kept, gone, moved('2', '1'), kept]),
    )
    expect(
      previewCommands(encoded.payload).map(([name, key]) => `${String(name)} ${String(key)}`),
    ).toEqual([
      'HSET t:id:9',
      'DEL t:id:1',
      'HSET t:id:2',
      'HDEL t:id:2',
      'HSET t:id:9',
      'DEL t:id:9',
      'DEL t:id:2',
      'HSET t:id:1',
      'HDEL t:id:1',
      'HSET t:id:9',
    ])
  })
})
