import { startServices } from '../../scripts/services/index.mjs'
import { describeCommit, describeLoad, describeMachine } from './machine.mjs'
import { saveResults, sectionLines } from './render/results-page.mjs'
import { changesSection } from './sections/changes-section.mjs'
import { checkpointSection } from './sections/checkpoint-section.mjs'
import { expressionsSection } from './sections/expressions-section.mjs'
import { memorySection } from './sections/memory-section.mjs'
import { mongodbMemorySection } from './sections/mongodb-memory-section.mjs'
import { mongodbSection } from './sections/mongodb-section.mjs'
import { pipelineSection } from './sections/pipeline-section.mjs'
import { profileSection } from './sections/profile-section.mjs'
import { startupSection } from './sections/startup-section.mjs'
import { throttleSection } from './sections/throttle-section.mjs'
import { transferSection } from './sections/transfer-section.mjs'
import { mariadbSource } from './sources/mariadb-source.mjs'
import { loadCollection } from './sources/mongodb-source.mjs'
import { postgresSource } from './sources/postgres-source.mjs'
import { loadSource } from './sources/source.mjs'
import { TargetRedis } from './target-redis.mjs'

/**
 * @typedef {import('./bench-options.mjs').BenchOptions} BenchOptions
 * @typedef {import('./sources/source.mjs').LoadedSource} LoadedSource
 * @typedef {import('./sources/mongodb-source.mjs').LoadedCollection} LoadedCollection
 * @typedef {{loaded: readonly LoadedSource[], collection: LoadedCollection | undefined, mongodbUrl: string}} Loaded what the parts read from
 * @typedef {import('./sections/section.mjs').BenchContext} BenchContext
 * @typedef {import('./sections/section.mjs').SectionResult} SectionResult
 */

const sources = { postgres: postgresSource, mariadb: mariadbSource }

/**
 * Starts the servers, runs the parts that were asked for, prints and keeps their results, and stops the servers.
 *
 * @param {BenchOptions} options
 * @param {(line: string) => void} print
 * @returns {Promise<boolean>} whether every target was met; a quick run is too short to tell
 */
export async function runBench(options, print) {
  const names = sourceNames(options)
  // Every run empties the Redis, so a given one is never used.
  delete process.env['MILLRACE_TEST_REDIS_URL']
  const readsMongodb = options.sections.includes('mongodb') && !options.profile
  const wanted = ['redis', ...names.map((name) => sources[name].service)]
  const usesMongodb = readsMongodb || options.sections.includes('mongodb-memory')
  const services = await startServices(usesMongodb ? [...wanted, 'mongodb'] : wanted, { print })
  const redis = new TargetRedis(services.urls.redis ?? '')
  /** @type {LoadedSource[]} */
  const loaded = []
  /** @type {LoadedCollection | undefined} */
  let collection
  try {
    for (const name of names) {
      const source = sources[name]
      print(`${source.title}: loading ${options.rows.toLocaleString('en')} rows`)
      loaded.push(await loadSource(source, services.urls[source.service] ?? '', options.rows))
    }
    if (readsMongodb) {
      print(`MongoDB: loading ${options.rows.toLocaleString('en')} documents`)
      collection = await loadCollection(services.urls.mongodb ?? '', options.rows)
    }
    const mongodbUrl = services.urls.mongodb ?? ''
    return await runSections({ loaded, collection, mongodbUrl }, { options, redis, print })
  } finally {
    await collection?.drop()
    for (const { drop } of loaded) await drop()
    redis.close()
    await services.stop()
  }
}

/**
 * @param {BenchOptions} options
 * @returns {(keyof typeof sources)[]} the databases that the parts need
 */
function sourceNames({ sections }) {
  const only = /** @type {const} */ (['postgres', 'mariadb']).filter((name) =>
    sections.includes(name),
  )
  const others = sections.some(
    (name) => !(name in sources) && !['expressions', 'mongodb', 'mongodb-memory'].includes(name),
  )
  return others ? ['postgres', 'mariadb'] : only
}

/**
 * @param {Loaded} loaded
 * @param {BenchContext} context
 */
async function runSections(loaded, context) {
  const { options, redis, print } = context
  /** @type {Record<string, import('./render/results-page.mjs').KeptSection>} */
  const results = {}
  const run = {
    date: new Date().toISOString().slice(0, 16).replace('T', ' ') + ' UTC',
    command: ['npm run bench', ...commandFlags()].join(' '),
    commit: describeCommit(),
    machine: describeMachine(),
    load: describeLoad(),
    redis: await redis.version(),
  }
  for (const [name, measure] of sectionsOf(loaded, context)) {
    print(`${name}:`)
    const result = await measure()
    for (const line of sectionLines(result)) print(line)
    print('')
    results[name] = { ...result, ...run }
    if (options.save && !options.profile) await saveResults(results)
  }
  return (
    options.quick ||
    Object.values(results).every(({ targets }) => targets.every(({ passed }) => passed))
  )
}

function commandFlags() {
  const flags = process.argv.slice(2)
  return flags.length === 0 ? [] : ['--', ...flags]
}

/**
 * @param {Loaded} loaded
 * @param {BenchContext} context
 * @returns {[string, () => Promise<SectionResult>][]}
 */
function sectionsOf({ loaded, collection, mongodbUrl }, context) {
  const from = (/** @type {import('./sources/source.mjs').Source} */ source) =>
    loaded.filter((one) => one.source === source)
  if (context.options.profile) {
    return loaded.map((one) => [`profile ${one.source.title}`, () => profileSection(one, context)])
  }
  return context.options.sections.flatMap((name) => {
    if (name === 'mongodb')
      return collection === undefined ? [] : [[name, () => mongodbSection(collection, context)]]
    if (name === 'mongodb-memory') return [[name, () => mongodbMemorySection(mongodbUrl, context)]]
    if (name === 'checkpoint') return [[name, () => checkpointSection(loaded, context)]]
    if (name === 'changes') return [[name, () => changesSection(loaded, context)]]
    if (name === 'startup') return [[name, () => startupSection(loaded, context)]]
    if (name === 'expressions') return [[name, () => expressionsSection(context)]]
    if (name === 'memory') return [[name, () => memorySection(loaded, context)]]
    if (name === 'pipeline')
      return from(postgresSource).map((one) => [name, () => pipelineSection(one, context)])
    const used = name === 'throttle' ? loaded.slice(0, 1) : from(sources[name])
    const measure = name === 'throttle' ? throttleSection : transferSection
    return used.map((one) => [name, () => measure(one, context)])
  })
}
