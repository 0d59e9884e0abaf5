import { fileURLToPath } from 'node:url'
import { measureNode } from '../measured-process.mjs'
import { runMillrace } from '../millrace-job.mjs'
import { median, medianRatio } from '../statistics.mjs'
import { atLeast, megabytes, ratio, seconds, whole } from './section.mjs'

/**
 * @typedef {import('../sources/mongodb-source.mjs').LoadedCollection} LoadedCollection
 * @typedef {import('./section.mjs').BenchContext} BenchContext
 * @typedef {import('./section.mjs').SectionResult} SectionResult
 *
 * @typedef {object} Tool
 * @property {string} title
 * @property {boolean} writes
 * @property {() => Promise<import('../measured-process.mjs').Usage>} run
 * @property {import('../measured-process.mjs').Usage[]} measured one for each round
 */

/** All but the key. */
const fieldsOfHash = 9
const leastOfBareLoop = 0.7
const leastOfScript = 3
const peer = (/** @type {string} */ name) =>
  fileURLToPath(new URL(`../peers/${name}.mjs`, import.meta.url))

/**
 * Documents of ten fields to hashes, against the driver's own loop, which writes nothing, and against a script. They take turns
 * in every round; each run begins with an empty Redis.
 *
 * @param {LoadedCollection} loaded
 * @param {BenchContext} context
 * @returns {Promise<SectionResult>}
 */
export async function mongodbSection(loaded, context) {
  const tools = toolsFor(loaded, context)
  for (let round = 1; round <= context.options.runs; round += 1) {
    for (const tool of tools) {
      await context.redis.empty()
      const usage = await tool.run()
      if (tool.writes) await context.redis.verifyHashes(loaded.rows, fieldsOfHash)
      tool.measured.push(usage)
      const { wallMs, cpuMs } = usage
      context.print(
        `  round ${round}: ${seconds(wallMs)} wall, ${seconds(cpuMs)} CPU  ${tool.title}`,
      )
    }
  }
  return resultOf(tools, loaded, context)
}

/**
 * @param {LoadedCollection} loaded
 * @param {BenchContext} context
 * @returns {Tool[]} Millrace, the bare loop, the script
 */
function toolsFor({ url, database, columns }, { redis, options }) {
  const source = { SOURCE_URL: url, SOURCE_DATABASE: database }
  return [
    {
      title: 'millrace run job.json',
      writes: true,
      run: () =>
        runMillrace({
          stepType: 'mongodb',
          sourceUrl: url,
          database,
          collection: 'customers',
          columns,
          keyTemplate: 'customer:#{_id}',
          targetUrl: redis.url,
          channels: options.channels,
        }),
      measured: [],
    },
    {
      title: 'driver loop, raw, nothing written',
      writes: false,
      run: () => measureNode([peer('mongodb-bare-loop')], source),
      measured: [],
    },
    {
      title: 'driver loop, ioredis pipelines of 1,000',
      writes: true,
      run: () => measureNode([peer('mongodb-script')], { ...source, TARGET_URL: redis.url }),
      measured: [],
    },
  ]
}

/**
 * @param {readonly Tool[]} tools
 * @param {LoadedCollection} loaded
 * @param {BenchContext} context
 * @returns {SectionResult}
 */
function resultOf(tools, { rows, version, isTestServer }, { options }) {
  const [own, bare, script] = tools
  if (own === undefined || bare === undefined || script === undefined) throw new Error('no tools')
  const server = isTestServer ? "the project's own test server" : `MongoDB ${version}`
  return {
    title: `MongoDB: ${whole(rows)} documents of 10 fields to hashes`,
    notes: [
      `Read from ${server}. Medians of ${options.runs} rounds; ratios are Millrace's rate by the peer's of the same round. The job runs with ${options.channels} channel${options.channels === 1 ? '' : 's'}.`,
      'The bare loop is what the driver alone can do: documents as raw bytes that nobody looks at.',
      ...(isTestServer
        ? [
            'The test server keeps its data in memory and shares the cores with all the others: a real one has its own costs.',
          ]
        : []),
    ],
    table: [
      ['', 'wall', 'all runs', 'rows/s', 'CPU', 'peak memory'],
      ...tools.map(({ title, measured }) => {
        const wallMs = measured.map((one) => one.wallMs)
        return [
          title,
          seconds(median(wallMs)),
          wallMs.map((value) => (value / 1000).toFixed(2)).join(' '),
          whole((rows * 1000) / median(wallMs)),
          seconds(median(measured.map((one) => one.cpuMs))),
          megabytes(Math.max(...measured.map(({ peakRssBytes }) => peakRssBytes ?? 0))),
        ]
      }),
    ],
    targets: [rateTarget(own, bare, leastOfBareLoop), rateTarget(own, script, leastOfScript)],
  }
}

/**
 * @param {Tool} own
 * @param {Tool} other
 * @param {number} least
 */
function rateTarget(own, other, least) {
  const wall = (/** @type {Tool} */ tool) => tool.measured.map(({ wallMs }) => wallMs)
  return atLeast(`rate against ${other.title}`, medianRatio(wall(other), wall(own)), least, ratio)
}
