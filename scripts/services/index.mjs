import { canInstall, installPackages } from './debian-packages.mjs'
import { findMongodb, startMongodb } from './mongodb.mjs'
import { findMysql, mysqlPackages, startMysql } from './mysql.mjs'
import { findPostgres, postgresPackages, startPostgres } from './postgres.mjs'
import { findRedis, redisPackages, startRedis } from './redis.mjs'
import { ServerSession } from './server-session.mjs'

/**
 * @typedef {'postgres' | 'mysql' | 'mongodb' | 'redis'} ServiceName
 *
 * @typedef {object} Services
 * @property {Partial<Record<ServiceName, string>>} urls where each server is
 * @property {ReadonlySet<ServiceName>} given those that the environment named
 * @property {() => Promise<void>} stop stops and removes what was started; given servers are left alone
 *
 * @typedef {object} Service
 * @property {string} title
 * @property {string} variable names a server to use instead
 * @property {readonly string[]} packages
 * @property {() => ((session: ServerSession) => Promise<{url: string, pid: number}>) | undefined} find
 */

/** @type {Readonly<Record<ServiceName, Service>>} */
export const services = {
  postgres: {
    title: 'PostgreSQL',
    variable: 'MILLRACE_TEST_POSTGRES_URL',
    packages: postgresPackages,
    find: () => starterOf(findPostgres(), startPostgres),
  },
  mysql: {
    title: 'MariaDB',
    variable: 'MILLRACE_TEST_MYSQL_URL',
    packages: mysqlPackages,
    find: () => starterOf(findMysql(), startMysql),
  },
  mongodb: {
    title: 'MongoDB test server',
    variable: 'MILLRACE_TEST_MONGODB_URL',
    packages: [],
    find: () => starterOf(findMongodb(), startMongodb),
  },
  redis: {
    title: 'Redis',
    variable: 'MILLRACE_TEST_REDIS_URL',
    packages: redisPackages,
    find: () => starterOf(findRedis(), startRedis),
  },
}

/**
 * Has the named servers ready: those that the environment names, private ones for the rest, installed from Debian's
 * packages first where they are missing and that is allowed. What is started here ends with this process at the latest.
 *
 * @param {readonly ServiceName[]} names
 * @param {{print?: (line: string) => void}} [options] `print` gets what is done, a short line each
 * @returns {Promise<Services>}
 * @throws {Error} when a server can be neither started nor installed; nothing is left running then
 */
export async function startServices(names, { print = () => {} } = {}) {
  const given = new Map(names.flatMap((name) => givenUrl(name)))
  const wanted = names.filter((name) => !given.has(name))
  for (const [name] of given) print(`${services[name].title}: as ${services[name].variable} says`)
  installMissing(wanted, print)
  const session = wanted.length === 0 ? undefined : new ServerSession()
  try {
    const started = await Promise.all(wanted.map((name) => startService(name, session, print)))
    const urls = Object.fromEntries([...given, ...started])
    return { urls, given: new Set(given.keys()), stop: async () => session?.stop() }
  } catch (error) {
    await session?.stop()
    throw error
  }
}

/**
 * Whether a server can be had without asking anybody: named, found, or installable.
 *
 * @param {ServiceName} name
 * @returns {boolean}
 */
export function isAvailable(name) {
  return givenUrl(name).length > 0 || services[name].find() !== undefined || canInstall()
}

/**
 * @template B
 * @param {B | undefined} binary
 * @param {(session: ServerSession, binary: B) => Promise<{url: string, pid: number}>} start
 */
function starterOf(binary, start) {
  if (binary === undefined) return undefined
  return (/** @type {ServerSession} */ session) => start(session, binary)
}

/**
 * @param {ServiceName} name
 * @returns {[ServiceName, string][]}
 */
function givenUrl(name) {
  const url = process.env[services[name].variable]
  return url === undefined || url === '' ? [] : [[name, url]]
}

/**
 * @param {readonly ServiceName[]} names
 * @param {(line: string) => void} print
 */
function installMissing(names, print) {
  const missing = names.map((name) => services[name]).filter((service) => !service.find())
  if (missing.length === 0) return
  const titles = missing.map((service) => service.title).join(', ')
  const packages = missing.flatMap((service) => service.packages)
  if (!canInstall()) throw new Error(howToGet(titles, packages, missing))
  print(`installing ${titles} from the distribution's packages (first time, about a minute)`)
  installPackages(packages, (line) => print(`  ${line}`))
  const still = missing.filter((service) => !service.find()).map((service) => service.title)
  if (still.length > 0) {
    throw new Error(
      `installed ${packages.join(', ')}, but found no server program of: ${still.join(', ')}`,
    )
  }
}

/**
 * @param {string} titles
 * @param {readonly string[]} packages
 * @param {readonly Service[]} missing
 */
function howToGet(titles, packages, missing) {
  const variables = missing.map((service) => service.variable).join(', ')
  return [
    `found no server program of: ${titles}. One of these helps:`,
    `  sudo apt-get install --no-install-recommends ${packages.join(' ')}`,
    `  docker compose up --detach --wait   (then set the variables that docker-compose.yml lists)`,
    `  servers of your own, named by ${variables}`,
  ].join('\n')
}

/**
 * @param {ServiceName} name
 * @param {ServerSession | undefined} session
 * @param {(line: string) => void} print
 * @returns {Promise<[ServiceName, string]>}
 */
async function startService(name, session, print) {
  const start = services[name].find()
  if (start === undefined || session === undefined) throw new Error(`no program for ${name}`)
  const begunMs = performance.now()
  const { url } = await start(session)
  const tookMs = Math.round(performance.now() - begunMs)
  print(`${services[name].title}: private server on port ${new URL(url).port} (${tookMs} ms)`)
  return [name, url]
}
