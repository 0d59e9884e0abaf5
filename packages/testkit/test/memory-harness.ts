import type { ReaderPlugin, WriterPlugin } from '@millrace/core/plugin'
import type { TableSchema } from '@millrace/core/record'
import {
  memoryReader,
  memoryWriter,
  sampleDataset,
  type Dataset,
  type MemoryReaderOptions,
  type MemoryWriterOptions,
  type ReaderHarness,
  type ReaderSource,
  type WriterHarness,
  type WriterTarget,
} from '../src/index.ts'

/** Breaks a plugin; the identity leaves it whole. */
export type Breaking<P> = (plugin: P) => P

const secret = 'tiger-lily-47'

/** A harness for readers in memory, each broken in the same way. */
export function memoryReaderHarness(breaking: Breaking<ReaderPlugin>): ReaderHarness {
  // One plugin has many sources: the rows are found by the name of the table.
  const sources = new Map<string, ReturnType<typeof memoryReader>>()
  const shape = memoryReader(sampleDataset(0)).plugin
  const plugin = breaking({
    ...shape,
    open: (config, context, options) => {
      const { table = '' } = config as { table?: string }
      const source = sources.get(table)
      if (!source) throw new Error(`no table ${table}`)
      return source.plugin.open(config as never, context, options)
    },
  })
  const make = (
    dataset: Dataset,
    options: MemoryReaderOptions = {},
    config: Record<string, unknown> = {},
  ): ReaderSource => {
    const table = `t${sources.size}`
    const reader = memoryReader(dataset, options)
    sources.set(table, reader)
    return {
      config: { table, ...config },
      dataSources: [],
      openConnections: () => reader.openConnections(),
      rowsProduced: () => reader.rowsProduced(),
      async [Symbol.asyncDispose]() {},
    }
  }
  return {
    plugin,
    hold: async (dataset) => make(dataset),
    wrongConfigs: [{ table: 5 }],
    rightConfig: { table: 't' },
    blockedSource: async () => make(sampleDataset(10), { delayMs: 60_000 }),
    countsRows: true,
    refused: {
      secret,
      source: async () => make(sampleDataset(1), { password: 'another' }, { password: secret }),
    },
    timeoutMs: 500,
  }
}

const targetSchema: TableSchema = {
  table: 'pairs',
  version: 1,
  fields: ['key', 'value'].map((name) => {
    return { name, type: 'string', nullable: true, nativeType: 'text' }
  }),
  key: [],
}

const writerOptions: MemoryWriterOptions = {
  rejectRow: (row) =>
    row[0] === null ? { code: 'NULL_KEY', message: 'the key is null' } : undefined,
  refuseRow: (row) =>
    row[1] === 'refused' ? { code: 'REFUSED', message: 'the target says no' } : undefined,
}

/** A harness for writers into memory, each broken in the same way. */
export function memoryWriterHarness(breaking: Breaking<WriterPlugin>): WriterHarness {
  const targets = new Map<string, ReturnType<typeof memoryWriter>>()
  const shape = memoryWriter().plugin
  const plugin = breaking({
    ...shape,
    open: (config, context, options) => {
      const { target = '' } = config as { target?: string }
      const writer = targets.get(target)
      if (!writer) throw new Error(`no target ${target}`)
      return writer.plugin.open(config as never, context, options)
    },
  })
  const make = (
    options: MemoryWriterOptions = {},
    config: Record<string, unknown> = {},
  ): WriterTarget => {
    const name = `t${targets.size}`
    const writer = memoryWriter({ ...writerOptions, ...options })
    targets.set(name, writer)
    return {
      config: { target: name, ...config },
      dataSources: [],
      schema: targetSchema,
      keeps: 'all',
      row: (key, value) => [key, value],
      badRow: () => [null, 'v'],
      refusedRow: async () => ['k', 'refused'],
      openConnections: () => writer.openConnections(),
      contents: async () => {
        const contents = new Map<string, string[]>()
        for (const [key, value] of writer.rows()) {
          contents.set(String(key), [...(contents.get(String(key)) ?? []), String(value)])
        }
        return contents
      },
      async [Symbol.asyncDispose]() {},
    }
  }
  return {
    plugin,
    makeTarget: async () => make({ delayMs: 1 }),
    wrongConfigs: [{ password: 5 }],
    rightConfig: {},
    isIdempotent: false,
    hasBadRows: true,
    hasRefusedRows: true,
    refused: {
      secret,
      target: async () => make({ password: 'another' }, { password: secret }),
    },
    timeoutMs: 500,
  }
}
