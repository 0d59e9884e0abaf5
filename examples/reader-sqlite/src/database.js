import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { PluginError } from '@millrace/core/plugin'

let openConnections = 0

/** How many connections are open now: the conformance suite looks whether any is left behind. */
export function countOpenConnections() {
  return openConnections
}

/**
 * An open database. `signature` tells the state of the file: it is another one once somebody has written.
 *
 * @typedef {{
 *   all: (sql: string, values?: import('node-sqlite3-wasm').BindValues) => Record<string, Value>[],
 *   iterate: (sql: string, values: import('node-sqlite3-wasm').BindValues) => Generator<Record<string, Value>, void>,
 *   accepts: (sql: string) => string | undefined,
 *   close: () => Promise<void>,
 * }} Database
 * @typedef {number | bigint | string | Uint8Array | null} Value
 */

/**
 * Opens a database for reading. The library marks a database that is in use by a folder beside it, which a reader has no
 * business to make, and which would keep two channels from reading side by side: so it is opened by another name, in a
 * folder of its own. What such a mark is for, writers that change the file meanwhile, `signatureOf` finds out.
 *
 * @param {string} file
 * @returns {Promise<Database>}
 */
export async function openDatabase(file) {
  const path = resolve(file)
  const isLogged = await hasWriteAheadLog(path)
  const folder = await mkdtemp(join(tmpdir(), 'millrace-sqlite-'))
  try {
    const name = join(folder, 'db')
    await symlink(path, name)
    for (const suffix of ['-wal', '-journal'])
      if (statSync(path + suffix, { throwIfNoEntry: false }))
        await symlink(path + suffix, name + suffix)
    const library = await import('node-sqlite3-wasm')
    const { Database } = library.default ?? library
    const database = new Database(name, { readOnly: true })
    openConnections += 1
    let isOpen = true
    const close = async () => {
      if (!isOpen) return
      isOpen = false
      openConnections -= 1
      try {
        database.close()
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    }
    try {
      // A write-ahead log can only be read by one who needs no shared memory.
      if (isLogged) database.exec('PRAGMA locking_mode = EXCLUSIVE')
      database.exec('PRAGMA query_only = ON')
      database.all('SELECT 1 FROM sqlite_schema LIMIT 1')
    } catch (error) {
      await close()
      throw error
    }
    return {
      all: (sql, values) => /** @type {any} */ (database.all(sql, values)),
      iterate: (sql, values) => iterate(database, sql, values),
      accepts(sql) {
        try {
          database.prepare(sql).finalize()
          return undefined
        } catch (error) {
          return messageOf(error)
        }
      },
      close,
    }
  } catch (cause) {
    await rm(folder, { recursive: true, force: true })
    throw new PluginError({
      code: 'SOURCE_UNREACHABLE',
      message: `opening the database ${file}: ${messageOf(cause)}`,
      hint: 'Name a file that is an SQLite database and can be read. After a crash of its writer, open it once with sqlite3.',
      cause,
    })
  }
}

/**
 * @param {import('node-sqlite3-wasm').Database} database
 * @param {string} sql
 * @param {import('node-sqlite3-wasm').BindValues} values
 * @returns {Generator<Record<string, Value>, void>}
 */
function* iterate(database, sql, values) {
  const statement = database.prepare(sql)
  try {
    yield* /** @type {Iterable<Record<string, Value>>} */ (statement.iterate(values))
  } finally {
    try {
      statement.finalize()
    } catch {
      // It repeats the error of the row that failed.
    }
  }
}

/** @param {string} path */
async function hasWriteAheadLog(path) {
  const file = await open(path).catch((/** @type {unknown} */ cause) => {
    throw new PluginError({
      code: 'SOURCE_UNREACHABLE',
      message: `opening the file ${path}: ${messageOf(cause)}`,
      hint: 'Name a file that can be read.',
      cause,
    })
  })
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(20), 0, 20, 0)
    return bytesRead === 20 && buffer[18] === 2
  } finally {
    await file.close()
  }
}

/**
 * What changes whenever the database is written.
 *
 * @param {string} file
 */
export function signatureOf(file) {
  return ['', '-wal', '-journal']
    .map((suffix) => statSync(resolve(file) + suffix, { bigint: true, throwIfNoEntry: false }))
    .map((found) => (found && found.size > 0n ? `${found.ino}:${found.size}:${found.mtimeNs}` : ''))
    .join()
}

/** @param {unknown} error */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error)
}

/** @param {string} name */
export function quoteName(name) {
  return `"${name.replaceAll('"', '""')}"`
}
