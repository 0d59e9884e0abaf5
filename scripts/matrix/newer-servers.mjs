import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isExecutable } from '../services/find-binary.mjs'
import { startMysql } from '../services/mysql.mjs'
import { startPostgres } from '../services/postgres.mjs'
import { startRedis } from '../services/redis.mjs'
import { findDocumentdb, startDocumentdb, versionOfDocumentdb } from './documentdb.mjs'

/**
 * @typedef {import('../services/server-session.mjs').ServerSession} ServerSession
 * @typedef {import('../services/server-place.mjs').ServerPlace} ServerPlace
 *
 * A server of the matrix that takes the place of one of the usual.
 *
 * @typedef {object} NewerServer
 * @property {string} title
 * @property {import('../services/index.mjs').ServiceName} replaces
 * @property {(root: string) => string | undefined} find its program, as a path inside the root
 * @property {(root: string, program: string) => string} [version] where the program does not say it itself
 * @property {(session: ServerSession, program: string, place: ServerPlace) => Promise<StartedServer>} start
 * @property {(root: string) => Record<string, string>} [env] for its tests
 * @property {readonly string[]} [tests] parts of the names of the integration tests it is for; absent: all
 * @property {readonly string[]} faultTests parts of the names of those that it has to stand
 *
 * @typedef {{url: string, env?: Readonly<Record<string, string>>}} StartedServer `env` is for its tests, too
 */

const changes = ['/changes', '/following']

/** @type {readonly NewerServer[]} */
export const newerServers = [
  {
    title: 'MySQL',
    replaces: 'mysql',
    find: (root) => programIn(root, '/usr/sbin/mysqld'),
    start: (session, server, place) => startMysql(session, { server, flavour: 'mysql' }, place),
    env: (root) => ({ MILLRACE_TEST_MYSQLBINLOG: `chroot ${root} mysqlbinlog` }),
    faultTests: changes,
  },
  {
    title: 'PostgreSQL',
    replaces: 'postgres',
    find: (root) => {
      const [newest] = subfolders(join(root, 'usr/lib/postgresql')).sort(
        (a, b) => Number(b) - Number(a),
      )
      return newest === undefined
        ? undefined
        : programIn(root, `/usr/lib/postgresql/${newest}/bin/postgres`)
    },
    start: (session, server, place) => startPostgres(session, join(server, '..'), place),
    faultTests: changes,
  },
  {
    title: 'Redis',
    replaces: 'redis',
    find: (root) => programIn(root, '/usr/bin/redis-server'),
    start: startRedis,
    faultTests: [],
  },
  {
    title: 'Valkey',
    replaces: 'redis',
    find: (root) => programIn(root, '/usr/bin/valkey-server'),
    start: startRedis,
    faultTests: [],
  },
  {
    // A MongoDB-compatible engine behind our own test server: it reads and writes, and has no changes to follow.
    title: 'DocumentDB',
    replaces: 'mongodb',
    find: findDocumentdb,
    version: versionOfDocumentdb,
    start: (session, server, place) => startDocumentdb(session, join(server, '..'), place),
    tests: [
      ...['check', 'conformance', 'reading', 'splits', 'types'].map(
        (name) => `packages/reader-mongodb/test/${name}.test`,
      ),
      'apps/cli/test/mongodb-jobs.test',
      'tools/mongo-test-server/test/documentdb.test',
    ],
    faultTests: [],
  },
]

/**
 * @param {string} root
 * @param {string} program
 * @returns {string} its version, as it says itself
 */
export function versionOf(root, program) {
  const { stdout } = spawnSync('chroot', [root, program, '--version'], {
    encoding: 'utf8',
    cwd: '/',
  })
  return /\d+\.\d+(?:\.\d+)?/.exec(stdout ?? '')?.[0] ?? '?'
}

/**
 * @param {string} root
 * @param {string} program
 */
function programIn(root, program) {
  return isExecutable(join(root, program)) ? program : undefined
}

/** @param {string} folder */
function subfolders(folder) {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
