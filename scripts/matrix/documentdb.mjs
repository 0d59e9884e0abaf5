import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findMongodb, startMongodb } from '../services/mongodb.mjs'
import { startPostgres } from '../services/postgres.mjs'

/**
 * @typedef {import('../services/server-session.mjs').ServerSession} ServerSession
 * @typedef {import('../services/server-place.mjs').ServerPlace} ServerPlace
 */

const versions = 'usr/lib/postgresql'

/**
 * @param {string} root
 * @returns {string | undefined} the `postgres` that has the extension, as a path inside the root
 */
export function findDocumentdb(root) {
  const folder = join(root, versions)
  const version = (existsSync(folder) ? readdirSync(folder) : []).find((name) =>
    existsSync(controlFile(root, name)),
  )
  return version === undefined ? undefined : `/${versions}/${version}/bin/postgres`
}

/**
 * @param {string} root
 * @param {string} program as `findDocumentdb` gives it
 * @returns {string} version of the extension
 */
export function versionOfDocumentdb(root, program) {
  const control = readFileSync(controlFile(root, program.split('/').at(-3) ?? ''), 'utf8')
  return /default_version *= *'([^']*)'/.exec(control)?.[1] ?? '?'
}

/**
 * Starts a PostgreSQL with the extension DocumentDB, and the MongoDB test server in front of it.
 *
 * @param {ServerSession} session
 * @param {string} binFolder of PostgreSQL
 * @param {ServerPlace} place
 * @returns {Promise<{url: string, env: Record<string, string>}>}
 * @throws {Error} with the end of a server's log
 */
export async function startDocumentdb(session, binFolder, place) {
  const script = findMongodb()
  if (script === undefined) throw new Error('the MongoDB test server is not in this checkout')
  const engine = await startPostgres(session, binFolder, place, {
    settings: {
      shared_preload_libraries: 'pg_cron,pg_documentdb_core,pg_documentdb',
      'cron.database_name': 'test',
    },
    prepare: 'CREATE EXTENSION documentdb CASCADE',
  })
  const { url } = await startMongodb(session, script, engine.url)
  return { url, env: { MILLRACE_TEST_DOCUMENTDB_URL: engine.url } }
}

/**
 * @param {string} root
 * @param {string} version of PostgreSQL
 */
function controlFile(root, version) {
  return join(root, 'usr/share/postgresql', version, 'extension/documentdb.control')
}
