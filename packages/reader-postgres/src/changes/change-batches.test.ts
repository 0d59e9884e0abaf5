import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RecordBatch, TableSchema } from '@millrace/core/record'
import { ChangeBatches } from './change-batches.ts'
import { logPositionOf, type LogPosition } from './log-position.ts'

const schemas: readonly TableSchema[] = ['a', 'b'].map((table) => ({
  table,
  version: 1,
  fields: [],
  key: [],
}))

/** A transaction: for each change the table it is of, or minus that and one for a truncate. */
type Transaction = readonly number[]

const stepLsn = 100n

/** Sends transactions as a server would that begins at `from`; gives the batches. */
function batchesOf(
  transactions: readonly Transaction[],
  limits: { readonly maxRows: number; readonly maxBytes: number },
  from: LogPosition,
  flushes: readonly boolean[] = [],
): readonly RecordBatch[] {
  const batches = new ChangeBatches(schemas[0]!, limits, from)
  for (const [number, transaction] of transactions.entries()) {
    const commitLsn = BigInt(number + 1) * stepLsn
    if (commitLsn < from.lsn) continue
    batches.begin(commitLsn, number)
    for (const [index, table] of transaction.entries()) {
      if (!batches.next()) continue
      if (table < 0) batches.addTruncate(schemas[-table - 1]!)
      else batches.add(schemas[table]!, 'c', [`${number}.${index}`], null, 3)
    }
    if (flushes[2 * number] === true) batches.flush()
    batches.commit(commitLsn + 8n)
    if (flushes[2 * number + 1] === true) batches.flush()
  }
  batches.end(BigInt(transactions.length + 1) * stepLsn)
  return batches.ready
}

/** Every change in order. */
function shown(batches: readonly RecordBatch[]): string[] {
  return batches.flatMap(({ schema, rows, isTruncate, changes }) => {
    if (isTruncate === true) return [`truncate ${schema.table}`]
    for (const part of [changes?.operations, changes?.before, changes?.committedAtMs])
      if (part?.length !== rows.length) throw new Error('the parts of a batch are not parallel')
    return rows.map(
      ([id], index) => `${schema.table} ${String(id)} ${changes?.transactions[index]}`,
    )
  })
}

function plain(transactions: readonly Transaction[]): string[] {
  return transactions.flatMap((transaction, number) =>
    transaction.map((table, index) =>
      table < 0
        ? `truncate ${schemas[-table - 1]?.table}`
        : `${schemas[table]?.table} ${number}.${index} ${(number + 1) * Number(stepLsn)}`,
    ),
  )
}

/** Whether each batch with rows begins its first transaction for its table, as told by the batches before. */
function beginnings(batches: readonly RecordBatch[], resumed?: number): readonly boolean[] {
  const seen = new Set<string>()
  return batches.flatMap(({ schema, rows, changes }) => {
    if (rows.length === 0) return []
    const nameOf = (transaction?: number) => `${schema.table} ${transaction}`
    const first = changes?.transactions[0]
    const begins = first !== resumed && !seen.has(nameOf(first))
    for (const transaction of changes?.transactions ?? []) seen.add(nameOf(transaction))
    return [begins]
  })
}

const none: LogPosition = { lsn: 0n, index: 0 }
const wide = { maxRows: 100, maxBytes: 1000 }

const transactions = fc.array(fc.array(fc.constantFrom(0, 0, 0, 1, -1, -2), { maxLength: 8 }), {
  maxLength: 6,
})

describe('batches of changes', () => {
  it('hold every change once and in order, and can be gone on from behind each', () => {
    fc.assert(
      fc.property(
        transactions,
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.boolean(), { maxLength: 12 }),
        (sent, maxRows, maxBytes, flushes) => {
          const wanted = plain(sent)
          const batches = batchesOf(sent, { maxRows, maxBytes }, none, flushes)
          expect(shown(batches)).toEqual(wanted)
          for (const [index, { rows, byteSize, position }] of batches.entries()) {
            const isWithin = rows.length <= maxRows && (rows.length <= 1 || byteSize <= maxBytes)
            expect(isWithin && byteSize === 3 * rows.length).toBe(true)
            const rest = batchesOf(sent, wide, logPositionOf(position!))
            const all = [...shown(batches.slice(0, index + 1)), ...shown(rest)]
            expect(all.join()).toBe(wanted.join())
            const { lsn, index: handedOut } = logPositionOf(position!)
            const resumed = handedOut > 0 ? Number(lsn) : undefined
            const said = rest.flatMap(({ rows, changes }) =>
              rows.length > 0 ? [changes?.beginsTransaction] : [],
            )
            expect(said).toEqual(beginnings(rest, resumed))
          }
        },
      ),
    )
  })

  it('share a batch between transactions, and cut one only where it does not fit a batch', () => {
    const limits = { maxRows: 4, maxBytes: 1000 }
    const sent = [[0, 0], [0, 0, 0], [0], [0, 0, 0, 0, 0], [0]]
    const sizes = batchesOf(sent, limits, none).map(({ rows }) => rows.length)
    expect(sizes.filter((size) => size > 0)).toEqual([2, 4, 4, 2])
  })

  it('say how far the log has come when it has nothing for the job', () => {
    const batches = new ChangeBatches(schemas[0]!, wide, { lsn: 50n, index: 0 })
    batches.mark()
    batches.advance(40n)
    batches.mark()
    expect(batches.ready).toHaveLength(0)
    batches.advance(60n)
    batches.mark()
    batches.mark()
    expect(batches.ready.map(({ position, rows }) => [position?.label, rows])).toEqual([
      ['0/3C', []],
    ])
    batches.begin(100n, 0)
    batches.advance(200n)
    batches.mark()
    expect(batches.ready).toHaveLength(1)
  })

  it.each(['begin', 'advance'] as const)(
    'are refused when the transaction in which to go on does not come: %s',
    (method) => {
      const batches = new ChangeBatches(schemas[0]!, wide, { lsn: 50n, index: 2 })
      const next = () => (method === 'begin' ? batches.begin(60n, 0) : batches.advance(60n))
      expect(next).toThrow(expect.objectContaining({ code: 'POSITION_LOST' }) as Error)
    },
  )
})
