import type { ReaderPlugin, WriterPlugin } from '@millrace/core/plugin'
import type { TableSchema } from '@millrace/core/record'
import {
  memoryReader,
  MemoryLog,
  memoryWriter,
  sampleDataset,
  typeSampleNames,
  type Dataset,
  type FollowedSource,
  type MemoryReaderOptions,
  type MemoryWriterOptions,
  type ReaderHarness,
  type ReaderSource,
  type SourceChange,
  type TypeSampleName,
  type WriterHarness,
  type WriterTarget,
} from '../src/index.ts'

/** The password of sources and targets in memory that ask for one. */
export const secret = 'tiger-lily-47'

const nativeTypes = Object.fromEntries(typeSampleNames.map((name) => [name, name])) as Record<
  TypeSampleName,
  string
>

/** Tables in memory with their log, and a reader on them. */
function openSource(dataset: Dataset | readonly Dataset[], options: MemoryReaderOptions) {
  const log = new MemoryLog()
  const datasets = 'rows' in dataset ? [dataset] : dataset
  return { log, datasets, reader: memoryReader(datasets, { log, ...options }) }
}

/** A harness for readers in memory. One plugin has many sources: the rows are found by the name of the table. */
export function memoryReaderHarness(): ReaderHarness {
  const sources = new Map<string, ReturnType<typeof openSource>>()
  const shape = memoryReader(sampleDataset(0), { log: new MemoryLog() }).plugin
  const plugin: ReaderPlugin = {
    ...shape,
    open: (config, context, options) => {
      const { table = '' } = config as { table?: string }
      const source = sources.get(table)
      if (!source) throw new Error(`no table ${table}`)
      return source.reader.plugin.open(config as never, context, options)
    },
  }
  const make = (
    dataset: Dataset | readonly Dataset[],
    options: MemoryReaderOptions = {},
    config: Record<string, unknown> = {},
  ): FollowedSource => {
    const table = `t${sources.size}`
    const source = openSource(dataset, options)
    sources.set(table, source)
    const { log, reader } = source
    return {
      config: { table, ...config },
      dataSources: [],
      openConnections: () => reader.openConnections(),
      rowsProduced: () => reader.rowsProduced(),
      commit: async (changes) => commit(log, changes),
      rollBack: async () => undefined,
      truncate: async (index) => log.truncate(index),
      addColumn: async (index, name) => {
        const { schema } = source.datasets[index] as Dataset
        log.define(index, {
          ...schema,
          version: schema.version + 1,
          fields: [...schema.fields, { name, type: 'string', nullable: true, nativeType: 'text' }],
        })
      },
      forgetChanges: async () => log.forget(log.length),
      async [Symbol.asyncDispose]() {},
    }
  }
  const closed = {
    secret,
    source: async (): Promise<ReaderSource> =>
      make(sampleDataset(1), { password: 'another' }, { password: secret }),
  }
  return {
    plugin,
    hold: async (dataset) => make(dataset),
    holdTables: async (datasets) => make(datasets),
    holdFollowed: async (datasets) => make(datasets),
    nativeTypes,
    wrongConfigs: [{ table: 5 }],
    rightConfig: { table: 't' },
    blockedSource: async () => make(sampleDataset(10), { delayMs: 60_000 }),
    pausingSource: async () => make(sampleDataset(10), { silentAfterRows: 2 }),
    failingSource: async () =>
      make(sampleDataset(10), { failAfterRows: 2, password: secret }, { password: secret }),
    accepted: {
      secret,
      source: async () => make(sampleDataset(10), { password: secret }, { password: secret }),
    },
    refused: closed,
    unreachable: closed,
  }
}

function commit(log: MemoryLog, changes: readonly SourceChange[]): void {
  const committedAtMs = Date.now()
  log.append(
    ...changes.map(({ table, ...change }) => ({ dataset: table, committedAtMs, ...change })),
  )
}

const targetSchema: TableSchema = {
  table: 'pairs',
  version: 1,
  fields: ['key', 'value'].map((name) => {
    return { name, type: 'string', nullable: true, nativeType: 'text' }
  }),
  key: [0],
}

const writerOptions: MemoryWriterOptions = {
  keepsCheckpoint: true,
  rejectRow: (row) =>
    row[0] === null ? { code: 'NULL_KEY', message: 'the key is null' } : undefined,
  refuseRow: (row) =>
    row[1] === 'refused' ? { code: 'REFUSED', message: 'the target says no' } : undefined,
}

/** Values by key, in order. */
function valuesByKey(
  rows: readonly (readonly unknown[])[],
): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>()
  for (const [key, value] of rows)
    values.set(String(key), [...(values.get(String(key)) ?? []), String(value)])
  return values
}

/** A harness for writers into memory that keep the last value of a key, or all of them. */
export function memoryWriterHarness({ isKeyed }: { readonly isKeyed: boolean }): WriterHarness {
  const targets = new Map<string, ReturnType<typeof memoryWriter>>()
  const plugin: WriterPlugin = {
    ...memoryWriter({ isKeyed }).plugin,
    open: (config, context, options) => {
      const { target = '' } = config as { target?: string }
      const writer = targets.get(target)
      if (!writer) throw new Error(`no target ${target}`)
      return writer.plugin.open(config as never, context, options)
    },
  }
  const make = (
    options: MemoryWriterOptions = {},
    config: Record<string, unknown> = {},
  ): WriterTarget => {
    const name = `t${targets.size}`
    const writer = memoryWriter({ ...writerOptions, isKeyed, ...options })
    targets.set(name, writer)
    return {
      config: { target: name, ...config },
      dataSources: [],
      schema: targetSchema,
      keeps: isKeyed ? 'last' : 'all',
      row: (key, value) => [key, value],
      badRow: () => [null, 'v'],
      refusedRow: async () => ['k', 'refused'],
      openConnections: () => writer.openConnections(),
      cutConnections: async () => writer.cutConnections(),
      contents: async () => valuesByKey(isKeyed ? writer.table() : writer.rows()),
      async [Symbol.asyncDispose]() {},
    }
  }
  const closed = {
    secret,
    target: async () => make({ password: 'another' }, { password: secret }),
  }
  const changes = {
    changesTarget: async () => make(),
    truncatedTarget: async () => make(),
  }
  return {
    plugin,
    makeTarget: async () => make({ delayMs: 1 }),
    wrongConfigs: [{ password: 5 }],
    rightConfig: {},
    isIdempotent: isKeyed,
    keepsCheckpoint: 'with-data',
    accepted: { secret, target: async () => make({ password: secret }, { password: secret }) },
    ...(isKeyed ? changes : { lacks: { truncatedTarget: 'rows have no key' } }),
    refused: closed,
    unreachable: closed,
  }
}
