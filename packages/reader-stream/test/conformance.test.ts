import { runReaderCases, sampleDataset, type Dataset, type ReaderSource } from '@millrace/testkit'
import type { Cell } from '@millrace/core/record'
import { describe, test } from 'vitest'
import { streamReader } from '../src/index.ts'

const nativeTypes = {
  bool: 'bool',
  int32: 'long',
  int64: 'long',
  uint64: 'long',
  string: 'string',
  bytes: 'bytes',
}

const cellOf = (cell: Cell) =>
  cell instanceof Uint8Array ? { $bytes: Buffer.from(cell).toString('base64') } : cell

function sourceOf({ schema, rows }: Dataset, parameters: object = {}): ReaderSource {
  const own = new Set<string>(Object.values(nativeTypes))
  const column = schema.fields.map(({ name, type, nativeType }) => {
    const fallback = type === 'int' ? 'long' : 'string'
    return { name, type: own.has(nativeType) ? nativeType : fallback }
  })
  return {
    config: { column, rows: rows.map((row) => row.map(cellOf)), ...parameters },
    dataSources: [],
    [Symbol.asyncDispose]: async () => undefined,
  }
}

const inTheJob = 'the rows stand in the job, or are made: there is nothing to connect to'

describe('the stream reader', () => {
  runReaderCases(
    {
      plugin: streamReader,
      hold: async (dataset) => sourceOf(dataset),
      nativeTypes,
      wrongConfigs: [{}, { column: [] }, { column: [{}], sliceRecordCount: 'ten' }],
      rightConfig: { column: [{ value: 'x' }], sliceRecordCount: '1' },
      blockedSource: async () => sourceOf(sampleDataset(3), { delayMs: 60_000 }),
      lacks: {
        holdTables: 'a job has one list of columns',
        pausingSource: 'rows that are there are never waited for',
        failingSource: inTheJob,
        refused: inTheJob,
        unreachable: inTheJob,
        openConnections: inTheJob,
        rowsProduced: inTheJob,
      },
    },
    { test },
  )
})
