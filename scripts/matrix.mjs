// `npm run test:matrix`: the integration tests once for every newer server (on DocumentDB those that read MongoDB), and on
// sources the fault tests of changes. Options: --fresh makes the root of Debian unstable anew, --only <title> runs one server;
// what follows -- goes to vitest, in the place of all these tests: names of integration and fault tests.
import { parseArgs } from 'node:util'
import { newerServers, versionOf } from './matrix/newer-servers.mjs'
import { NoRootError, placeIn, prepareRoot } from './matrix/unstable-root.mjs'
import { services, startServices } from './services/index.mjs'
import { ServerSession } from './services/server-session.mjs'
import { prepareInstall, PrepareError } from './workspace/prepare.mjs'
import { runVitest } from './workspace/test-commands.mjs'
import { closingLine, noTests, sumCounts } from './workspace/test-counts.mjs'

/**
 * @typedef {import('./matrix/newer-servers.mjs').NewerServer} NewerServer
 * @typedef {{title: string, counts: import('./workspace/test-counts.mjs').TestCounts, note: string}} MatrixRow
 */

const print = (/** @type {string} */ line) => console.log(line)
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { fresh: { type: 'boolean', default: false }, only: { type: 'string', multiple: true } },
})
const wanted = newerServers.filter(
  ({ title }) => !values.only || values.only.includes(title.toLowerCase()),
)

/** @returns {Promise<MatrixRow[]>} */
async function runMatrix() {
  await prepareInstall(print)
  /** @type {string} */
  let root
  try {
    root = await prepareRoot({ fresh: values.fresh, print })
  } catch (error) {
    if (!(error instanceof NoRootError)) throw error
    return wanted.map((server) => skipped(server, error.message))
  }
  const usual = await startServices(['postgres', 'mysql', 'redis'], { print })
  try {
    const rows = []
    for (const server of wanted) rows.push(await runOn(server, root, usual.urls))
    return rows
  } finally {
    await usual.stop()
  }
}

/**
 * @param {NewerServer} server
 * @param {string} root
 * @param {Partial<Record<string, string>>} usualUrls
 * @returns {Promise<MatrixRow>}
 */
async function runOn(server, root, usualUrls) {
  const program = server.find(root)
  if (program === undefined) return skipped(server, `Debian unstable has brought no such program`)
  const title = `${server.title} ${(server.version ?? versionOf)(root, program)}`
  const session = new ServerSession(root)
  try {
    const { url, env: ownEnv } = await server.start(session, program, placeIn(root))
    print(`\n=== ${title} at ${url}`)
    const urls = { ...usualUrls, [server.replaces]: url }
    const env = Object.fromEntries(
      Object.entries(services).map(([name, { variable }]) => [variable, urls[name] ?? '']),
    )
    const counts = sumCounts(await runTests(server, { ...env, ...server.env?.(root), ...ownEnv }))
    return { title, counts, note: counts.failed === 0 ? 'ok' : 'FAILED' }
  } catch (error) {
    // A server that is there but does not start is a failure, not something that cannot be had.
    const reason = error instanceof Error ? error.message : String(error)
    return { title, counts: { ...noTests, failed: 1 }, note: `FAILED to start: ${reason}` }
  } finally {
    await session.stop()
  }
}

/**
 * @param {NewerServer} server
 * @param {Record<string, string>} env
 * @returns {Promise<import('./workspace/test-counts.mjs').TestCounts[]>}
 */
async function runTests({ tests = [], faultTests }, env) {
  if (positionals.length > 0) return [await runVitest(['integration', 'faults'], positionals, env)]
  const counts = [await runVitest(['integration'], tests, env)]
  // Loops at their full length, as in the nightly command.
  const long = { ...env, MILLRACE_TEST_LONG: '1' }
  if (faultTests.length > 0) counts.push(await runVitest(['faults'], faultTests, long))
  return counts
}

/**
 * @param {NewerServer} server
 * @param {string} reason
 * @returns {MatrixRow}
 */
function skipped({ title }, reason) {
  return { title, counts: { ...noTests, skipped: 1 }, note: `SKIPPED: ${reason}` }
}

try {
  const rows = await runMatrix()
  print('\nserver              passed  failed')
  for (const { title, counts, note } of rows) {
    const numbers = `${String(counts.passed).padStart(6)}  ${String(counts.failed).padStart(6)}`
    print(`${title.padEnd(18)}  ${numbers}  ${note}`)
  }
  const counts = sumCounts(rows.map((row) => row.counts))
  print(closingLine(counts))
  process.exitCode = counts.failed === 0 ? 0 : 1
} catch (error) {
  if (!(error instanceof PrepareError)) throw error
  console.error(error.message)
  print('0 passed, 1 failed')
  process.exitCode = 1
}
