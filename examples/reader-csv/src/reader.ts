import {
  defineReader,
  type CallOptions,
  type Finding,
  type ReaderSession,
} from '@millrace/core/plugin'
import type { TableSchema } from '@millrace/core/record'
import { columnsOf, configSchema, hasHeader, validate, type Column, type Config } from './config.ts'
import { filesOf, SourceFile, type FileList } from './files.ts'
import { findingsOf, layoutOf } from './layout.ts'
import { readRows } from './read-rows.ts'
import { namesOf, splitsOf } from './splits.ts'

const table = 'csv'

/** Reads files of CSV and of JSON lines. */
export const csvReader = defineReader({
  apiVersion: 1,
  kind: 'reader',
  stepType: 'csv',
  description: 'Reads files of CSV and of JSON lines',
  capabilities: { parallelSplits: true, resumableSplits: true, follow: false },
  config: configSchema,
  validate,
  columnNames: (config: Config) => columnsOf(config)?.map(({ name }) => name),
  // What decides which rows come, and in what form.
  identity: (config: Config) => ({
    path: config.path,
    format: config.format ?? null,
    columns: columnsOf(config)?.map(({ name, type }) => [name, type]) ?? null,
    delimiter: config.delimiter ?? null,
    header: hasHeader(config),
    encoding: config.encoding,
    nullValue: config.nullValue,
  }),
  open: async (config: Config, _context, { signal }: CallOptions): Promise<ReaderSession> => {
    signal.throwIfAborted()
    let schema: TableSchema | undefined
    // Made once: batches refer to this very object.
    const theSchema = async (options: CallOptions) =>
      (schema ??= schemaOf(columnsOf(config) ?? (await columnsOfHeader(config, options.signal))))
    return {
      check: (options) => check(config, options.signal),
      describe: async (options) => [await theSchema(options)],
      split: async (desired, options) => ({
        splits: splitsOf((await filesOf(config, options.signal)).names, desired, table),
        // Every file is as it is when it is opened.
        consistency: 'per-split',
      }),
      async *read(split, options) {
        const names = namesOf(split)
        const { folder } = await filesOf(config, options.signal)
        yield* readRows(config, folder, names, await theSchema(options), options)
      },
      // Every read closes its files itself.
      async [Symbol.asyncDispose]() {},
    }
  },
})

function schemaOf(columns: readonly Column[]): TableSchema {
  return {
    table,
    version: 1,
    fields: columns.map(({ name, type }) => ({ name, type, nullable: true, nativeType: type })),
    // Nothing makes a row of a file unique.
    key: [],
  }
}

/** The columns of the first file that has a header. */
async function columnsOfHeader(config: Config, signal: AbortSignal): Promise<readonly Column[]> {
  const list = await filesOf(config, signal)
  for (const name of list.names) {
    await using file = await SourceFile.open(list, name, signal)
    const layout = await layoutOf(config, undefined, name, file)
    if (layout !== undefined) return layout.columns
  }
  return []
}

async function check(config: Config, signal: AbortSignal): Promise<readonly Finding[]> {
  const list = await filesOf(config, signal)
  if (list.names.length === 0) {
    const message = `no file is found at ${JSON.stringify(config.path)}`
    const hint =
      'A folder is read for .csv, .tsv, .txt, .jsonl and .ndjson; name a pattern for others.'
    return [{ severity: 'error', path: ['path'], message, hint }]
  }
  return await allFindings(config, list, signal)
}

async function allFindings(
  config: Config,
  list: FileList,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const columns = columnsOf(config) ?? (await columnsOfHeader(config, signal))
  const findings: Finding[] = []
  for (const name of list.names) {
    await using file = await SourceFile.open(list, name, signal)
    findings.push(...(await findingsOf(config, columns, name, file)))
    // A mistake in the columns is in every file: a handful of them is enough.
    if (findings.length > 20) break
  }
  return findings
}
