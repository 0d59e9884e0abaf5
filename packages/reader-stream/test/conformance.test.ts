import { runReaderCases, sampleDataset, type Dataset, type ReaderSource } from '@millrace/testkit'
import { describe, test } from 'vitest'
import { streamReader } from '../src/index.ts'

function sourceOf({ schema, rows }: Dataset, parameters: object = {}): ReaderSource {
  const column = schema.fields.map(({ name, type }) => {
    return { name, type: type === 'int' ? 'long' : 'string' }
  })
  return {
    config: { column, rows, ...parameters },
    dataSources: [],
    [Symbol.asyncDispose]: async () => undefined,
  }
}

describe('the stream reader', () => {
  runReaderCases(
    {
      plugin: streamReader,
      hold: async (dataset) => sourceOf(dataset),
      wrongConfigs: [{}, { column: [] }, { column: [{}], sliceRecordCount: 'ten' }],
      rightConfig: { column: [{ value: 'x' }], sliceRecordCount: '1' },
      blockedSource: async () => sourceOf(sampleDataset(3), { delayMs: 60_000 }),
    },
    { test },
  )
})
