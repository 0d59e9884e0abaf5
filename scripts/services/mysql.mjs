import { execFileSync } from 'node:child_process'
import { chownSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findBinary } from './find-binary.mjs'
import { mysqlAnswers } from './probes.mjs'
import { thisMachine } from './server-place.mjs'

/**
 * @typedef {import('./server-session.mjs').ServerSession} ServerSession
 * @typedef {import('./server-place.mjs').ServerPlace} ServerPlace
 *
 * @typedef {object} MysqlBinary
 * @property {string} server path of `mariadbd` or `mysqld`
 * @property {'mariadb' | 'mysql'} flavour
 * @property {string} [installer] path of `mariadb-install-db`; MySQL needs none
 */

const searched = ['/usr/sbin', '/usr/local/sbin', '/usr/libexec', '/opt/homebrew/opt/mariadb/bin']
const database = 'test'

/** Debian's packages that bring the programs and, unlike `mariadb-server`, no service. */
export const mysqlPackages = ['mariadb-server-core', 'mariadb-client-core']

/**
 * @returns {MysqlBinary | undefined} the MariaDB or MySQL server on this machine
 */
export function findMysql() {
  const server = findBinary('mariadbd', searched) ?? findBinary('mysqld', searched)
  if (server === undefined) return undefined
  const version = execFileSync(server, ['--no-defaults', '--version'], { encoding: 'utf8' })
  if (!version.includes('MariaDB')) return { server, flavour: 'mysql' }
  const beside = [dirname(server), join(dirname(server), '../bin'), '/usr/bin']
  const installer = findBinary('mariadb-install-db', beside)
  const helper = findBinary('my_print_defaults', beside)
  if (installer === undefined || helper === undefined) return undefined
  return { server, flavour: 'mariadb', installer }
}

/**
 * Starts a private MariaDB or MySQL: row binlog with GTIDs, nothing synced to disk, TCP on 127.0.0.1 only, `root`
 * without a password, and an empty database `test`. It reads no option file of the machine.
 *
 * @param {ServerSession} session
 * @param {MysqlBinary} binary as `findMysql` gives it
 * @param {ServerPlace} [place] where it runs; default: on this machine as it is
 * @returns {Promise<{url: string, pid: number}>}
 * @throws {Error} with the end of the server's log
 */
export async function startMysql(session, binary, place = thisMachine) {
  const account = place.account(['mysql'])
  const folder = session.makeFolder('mysql', account)
  const folders = {
    datadir: join(folder, 'data'),
    tmpdir: session.makeFolder('mysql/tmp', account),
  }
  await session.run('mysql', place.wrap({ ...initCommand(binary, folders), account }))
  const initFile = join(folder, 'init.sql')
  writeFileSync(initFile, initStatements.join('\n') + '\n')
  if (account !== undefined) chownSync(initFile, account.uid, account.gid)
  const { port, pid } = await session.start({
    name: 'mysql',
    commandLine: (port) =>
      place.wrap({
        command: binary.server,
        args: [
          '--no-defaults',
          ...options({
            ...commonSettings,
            ...flavourSettings[binary.flavour],
            ...folders,
            socket: join(folder, 'socket'),
            'init-file': initFile,
            port,
          }),
        ],
        account,
      }),
    answers: mysqlAnswers,
    signal: 'SIGKILL',
  })
  return { url: `mysql://root@127.0.0.1:${port}/${database}`, pid }
}

// The accounts made at the start are for `localhost` by name; connections come to the address.
const initStatements = [
  `CREATE DATABASE IF NOT EXISTS ${database} CHARACTER SET utf8mb4;`,
  `CREATE USER IF NOT EXISTS 'root'@'127.0.0.1' IDENTIFIED BY '';`,
  `GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;`,
]

/**
 * @param {MysqlBinary} binary
 * @param {{datadir: string, tmpdir: string}} folders a `tmpdir` of its own: a server that starts removes the temporary
 *   tables that it finds there, also those of another server
 */
function initCommand({ server, flavour, installer }, folders) {
  if (flavour === 'mysql' || installer === undefined) {
    return {
      command: server,
      args: [
        '--no-defaults',
        '--initialize-insecure',
        ...options(folders),
        '--innodb-redo-log-capacity=8M',
      ],
    }
  }
  const args = ['--no-defaults', ...options(folders), '--auth-root-authentication-method=normal']
  const quick = ['--skip-test-db', '--skip-name-resolve', '--innodb-log-file-size=4M']
  return { command: installer, args: [...args, ...quick] }
}

const commonSettings = {
  'bind-address': '127.0.0.1',
  'skip-name-resolve': 'ON',
  'character-set-server': 'utf8mb4',
  'default-time-zone': '+00:00',
  'max-connections': 300,
  'max-allowed-packet': '64M',
  'innodb-flush-log-at-trx-commit': 0,
  'performance-schema': 'OFF',
  'log-bin': 'binlog',
  'server-id': 1,
  'sync-binlog': 0,
  'binlog-format': 'ROW',
  'binlog-row-image': 'FULL',
  'binlog-row-metadata': 'FULL',
}

const flavourSettings = {
  mariadb: {
    'gtid-strict-mode': 'ON',
    'innodb-flush-method': 'nosync',
    'innodb-log-file-size': '4M',
  },
  mysql: {
    'gtid-mode': 'ON',
    'enforce-gtid-consistency': 'ON',
    mysqlx: 'OFF',
    'innodb-redo-log-capacity': '64M',
  },
}

/** @param {Readonly<Record<string, string | number>>} values */
function options(values) {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`)
}
