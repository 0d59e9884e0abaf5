// `npm run demo`: from nothing but Node to rows in Redis. Options: --source postgresql|mysql, --keep.
import { rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { commandFor, DemoError, jobNames, runJob, writeJobs } from './demo/run-jobs.mjs'
import { makeShopDatabase, shopDatabase } from './demo/shop-database.mjs'
import { makeShopRows } from './demo/shop-rows.mjs'
import { clearRedis, describeRedis } from './demo/show-redis.mjs'
import { isAvailable, services, startServices } from './services/index.mjs'
import { prepareBuild, PrepareError } from './workspace/prepare.mjs'

const print = (/** @type {string} */ line) => console.log(line)
const sampleKeys = [
  'shop-demo:invoice:1',
  'shop-demo:customer:1',
  'shop-demo:lines:2',
  'shop-demo:spending:Norway',
]

/**
 * @param {string | undefined} asked
 * @returns {'postgres' | 'mysql'}
 */
function chooseSource(asked) {
  if (asked === 'mysql' || asked === 'mariadb') return 'mysql'
  if (asked === 'postgresql' || asked === 'postgres') return 'postgres'
  if (asked !== undefined) throw new DemoError(`--source is postgresql or mysql, not "${asked}"`)
  const named = (/** @type {'postgres' | 'mysql'} */ name) =>
    Boolean(process.env[services[name].variable])
  if (named('mysql') && !named('postgres')) return 'mysql'
  return isAvailable('postgres') ? 'postgres' : 'mysql'
}

/**
 * @param {'postgres' | 'mysql'} kind
 * @param {boolean} keep
 */
async function demo(kind, keep) {
  await prepareBuild(print)
  const running = await startServices([kind, 'redis'], { print })
  /** @type {(() => unknown)[]} */
  const cleanUp = [running.stop]
  try {
    const shop = await makeShop(kind, running)
    cleanUp.unshift(shop.drop)
    const cache = running.urls.redis ?? ''
    const folder = writeJobs(kind, { shop: shop.url, cache })
    cleanUp.unshift(() => rmSync(folder, { recursive: true, force: true }))
    await runJobs(folder)
    print(`What stands in Redis now:\n`)
    for (const line of await describeRedis(cache, sampleKeys)) print(line === '' ? '' : `  ${line}`)
    if (keep) await untilStopped(folder, running.urls)
  } finally {
    for (const clean of cleanUp) await clean()
  }
  if (!keep) printNextSteps()
}

/**
 * @param {'postgres' | 'mysql'} kind
 * @param {import('./services/index.mjs').Services} running
 */
async function makeShop(kind, { urls, given }) {
  const rows = makeShopRows()
  const shop = await makeShopDatabase(kind, urls[kind] ?? '', rows)
  const counts = Object.entries(rows).map(
    ([table, { length }]) => `${table} ${length.toLocaleString('en')}`,
  )
  print(`a record shop in database ${shopDatabase}: ${counts.join(', ')} rows`)
  if (given.has('redis')) await clearRedis(urls.redis ?? '')
  return shop
}

/** @param {string} folder */
async function runJobs(folder) {
  for (const [index, name] of jobNames.entries()) {
    const first = index === 0
    print(
      first
        ? `\n$ millrace run ${name}.json   (examples/shop/${name}.json)`
        : `$ millrace run ${name}.json`,
    )
    const { recordsWritten, elapsedMs } = await runJob(folder, name, first)
    print(`  ${recordsWritten.toLocaleString('en')} rows written in ${Math.round(elapsedMs)} ms\n`)
  }
}

function printNextSteps() {
  print(`\nEverything that was started is stopped again. What to try next:`)
  print(`  npm run demo -- --keep                     leaves the servers running until Ctrl-C`)
  print(`  npm run demo -- --source mysql             the same from MariaDB`)
  print(`  examples/shop/invoices.json                the job that was run first`)
  print(`  node apps/cli/bin/millrace.js --help       what else there is`)
}

/** @param {string} text */
function withoutPassword(text) {
  const url = new URL(text)
  url.password = ''
  return url.href
}

/**
 * @param {string} folder
 * @param {Partial<Record<string, string>>} urls
 */
async function untilStopped(folder, urls) {
  const addresses = Object.values(urls).map((url) => withoutPassword(url ?? ''))
  print(`\nThe servers run until Ctrl-C: ${addresses.join('  ')}`)
  print(`What to try:`)
  for (const verb of ['preview', 'check', 'run'])
    print(`  ${commandFor(verb, folder, 'customers')}`)
  const timer = setInterval(() => {}, 1_000_000)
  await new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.removeAllListeners(signal)
      process.once(signal, resolve)
    }
  })
  clearInterval(timer)
}

try {
  const { values } = parseArgs({
    options: { source: { type: 'string' }, keep: { type: 'boolean', default: false } },
  })
  await demo(chooseSource(values.source), values.keep)
} catch (error) {
  const expected = error instanceof DemoError || error instanceof PrepareError
  console.error(
    expected || !(error instanceof Error)
      ? String(/** @type {Error} */ (error).message ?? error)
      : error.message,
  )
  process.exitCode = 1
}
