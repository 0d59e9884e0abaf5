import { defineReader, PluginError } from '@millrace/core/plugin'
import { configSchema, namedColumns } from './config.js'
import { openDatabase, signatureOf } from './database.js'
import { readError, readRows } from './read-rows.js'
import { partOf, splitsOf } from './splits.js'
import { check, requireTables } from './table.js'

/** Reads tables of an SQLite database file. */
export const sqliteReader = defineReader({
  apiVersion: 1,
  kind: 'reader',
  stepType: 'sqlite',
  description: 'Reads tables of an SQLite database file',
  capabilities: { parallelSplits: true, resumableSplits: true, follow: false },
  config: configSchema,
  validate: ({ table }) =>
    table.length > 0
      ? []
      : [{ severity: 'error', path: ['table'], message: 'no table is named', hint: 'Name one.' }],
  columnNames: (config) => namedColumns(config),
  // What decides which rows come, and in what form.
  identity: (config) => ({
    file: config.file,
    table: config.table,
    columns: namedColumns(config) ?? null,
    where: config.where ?? null,
    splitPk: config.splitPk ?? null,
    types: config.types ?? {},
  }),
  open: async (config, _context, { signal }) => {
    signal.throwIfAborted()
    return openSession(config)
  },
})

/**
 * @param {import('./config.js').Config} config
 * @returns {import('@millrace/core/plugin').ReaderSession}
 */
function openSession(config) {
  /** @type {Promise<readonly import('./table.js').Table[]> | undefined} */
  let described
  /** @type {string | undefined} */
  let signature
  /** @template T @param {AbortSignal} signal @param {(database: import('./database.js').Database) => T} use */
  const withDatabase = async (signal, use) => {
    signal.throwIfAborted()
    const database = await openDatabase(config.file)
    try {
      signal.throwIfAborted()
      return use(database)
    } finally {
      await database.close()
    }
  }
  // Made once: every batch refers to these very objects.
  const tables = (/** @type {AbortSignal} */ signal) =>
    (described ??= withDatabase(signal, (database) => requireTables(database, config)).catch(
      (error) => {
        described = undefined
        throw error
      },
    ))
  /** All reads see one state of the file: that is what makes them one snapshot. */
  const requireUnchanged = () => {
    const found = signatureOf(config.file)
    signature ??= found
    if (found === signature) return
    signature = found
    throw new PluginError({
      code: 'SOURCE_FAILED',
      message: `reading the database ${config.file}: it was changed meanwhile`,
      hint: 'Read a copy of a database that is in use: sqlite3 FILE ".backup COPY".',
      isRetryable: true,
    })
  }
  return {
    check: (options) => check(config, options),
    describe: async ({ signal }) => (await tables(signal)).map(({ schema }) => schema),
    async split(desired, { signal }) {
      const found = await tables(signal)
      signature = signatureOf(config.file)
      const each = Math.ceil(desired / found.length)
      const splits = await withDatabase(signal, (database) =>
        found.flatMap((table) => splitsOf(database, table, each)),
      )
      return { splits, consistency: 'one-snapshot' }
    },
    async *read(split, options) {
      const { signal } = options
      const { table, condition } = partOf(split, await tables(signal))
      signal.throwIfAborted()
      requireUnchanged()
      const database = await openDatabase(config.file)
      try {
        signal.throwIfAborted()
        yield* readRows(
          database,
          table,
          { condition, where: config.where, requireUnchanged },
          options,
        )
        requireUnchanged()
      } catch (error) {
        if (signal.aborted) throw signal.reason
        throw readError(error, table.name)
      } finally {
        await database.close()
      }
    },
    // Every read closes its connection itself.
    async [Symbol.asyncDispose]() {},
  }
}
