import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findBinary, postgresFolders } from './find-binary.mjs'
import { postgresAnswers } from './probes.mjs'
import { thisMachine } from './server-place.mjs'

/**
 * @typedef {import('./server-session.mjs').ServerSession} ServerSession
 * @typedef {import('./server-place.mjs').ServerPlace} ServerPlace
 */

const user = 'millrace'
const database = 'test'

/** Debian's packages that bring the server. */
export const postgresPackages = ['postgresql']

/**
 * @returns {string | undefined} the `bin` folder of a PostgreSQL server on this machine
 */
export function findPostgres() {
  const server = findBinary('postgres', postgresFolders())
  const folder = server === undefined ? undefined : dirname(server)
  return folder !== undefined && existsSync(join(folder, 'initdb')) ? folder : undefined
}

/**
 * Starts a private PostgreSQL: logical decoding on, nothing synced to disk, TCP on 127.0.0.1 only, one superuser
 * without a password, and an empty database `test`.
 *
 * @param {ServerSession} session
 * @param {string} binFolder as `findPostgres` gives it
 * @param {ServerPlace} [place] where it runs; default: on this machine as it is
 * @param {{settings?: Readonly<Record<string, string>>, prepare?: string}} [more] further settings, and a statement for the
 *   database `test`
 * @returns {Promise<{url: string, pid: number}>}
 * @throws {Error} with the end of the server's log
 */
export async function startPostgres(
  session,
  binFolder,
  place = thisMachine,
  { settings: moreSettings = {}, prepare } = {},
) {
  const account = place.account(['postgres'])
  const data = session.makeFolder('postgres', account)
  const command = join(binFolder, 'postgres')
  const initArgs = [
    '-D',
    data,
    '-U',
    user,
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C.UTF-8',
    '--no-sync',
  ]
  await session.run(
    'postgres',
    place.wrap({ command: join(binFolder, 'initdb'), args: initArgs, account }),
  )
  const more = optionsOf(moreSettings)
  // Single-user mode needs no client program and no running server.
  const single = (/** @type {string} */ name, /** @type {string} */ statement) => {
    const args = ['--single', '-D', data, '-F', '-c', 'log_checkpoints=off', ...more, name]
    return session.run('postgres', place.wrap({ command, args, account, input: `${statement}\n` }))
  }
  await single('postgres', `CREATE DATABASE ${database}`)
  if (prepare !== undefined) await single(database, prepare)
  const { port, pid } = await session.start({
    name: 'postgres',
    commandLine: (port) =>
      place.wrap({ command, args: ['-D', data, ...settings(port), ...more], account }),
    answers: (port) => postgresAnswers(port, { user, database }),
    signal: 'SIGQUIT',
  })
  return { url: `postgres://${user}@127.0.0.1:${port}/${database}`, pid }
}

/** @param {number} port */
function settings(port) {
  const values = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    dynamic_shared_memory_type: 'mmap',
    shared_buffers: '64MB',
    max_connections: 200,
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    wal_level: 'logical',
    max_wal_senders: 20,
    max_replication_slots: 20,
    timezone: 'UTC',
    log_timezone: 'UTC',
  }
  return optionsOf(values)
}

/** @param {Readonly<Record<string, string | number>>} values */
function optionsOf(values) {
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}
