import { runMillrace } from '../millrace-job.mjs'
import { runPipeline } from '../millrace-pipeline.mjs'
import { loadCollection } from '../sources/mongodb-source.mjs'
import { atMost, megabytes, ratio, seconds, whole } from './section.mjs'

/**
 * @typedef {import('../sources/mongodb-source.mjs').LoadedCollection} LoadedCollection
 * @typedef {import('./section.mjs').BenchContext} BenchContext
 */

const times = 10
const limitBytes = 200e6
const sameWithin = 1.1

/** @type {readonly {title: string, run: (loaded: LoadedCollection, context: BenchContext) => Promise<import('../measured-process.mjs').Usage>}[]} */
const ways = [
  {
    title: 'DataWorks job',
    run: ({ url, database, columns }, { redis, options }) =>
      runMillrace({
        stepType: 'mongodb',
        sourceUrl: url,
        database,
        collection: 'customers',
        columns,
        keyTemplate: 'customers:_id:#{_id}',
        targetUrl: redis.url,
        channels: options.channels,
      }),
  },
  {
    title: 'snapshot of a pipeline',
    run: ({ url, database }, { redis, options }) =>
      runPipeline({
        connection: { type: 'mongodb', connection_string: url, database },
        targetUrl: redis.url,
        table: `${database}.customers`,
        channels: options.channels,
      }),
  },
]

/**
 * The most memory that Millrace holds for a collection and for one with ten times as many documents, by a job that reads ten
 * fields of each and by a pipeline that reads whole documents.
 *
 * @param {string} url
 * @param {BenchContext} context
 * @returns {Promise<import('./section.mjs').SectionResult>}
 */
export async function mongodbMemorySection(url, context) {
  const { options, redis, print } = context
  const table = [['', 'documents', 'peak memory', 'wall']]
  /** @type {number[][]} */
  const peaks = ways.map(() => [])
  for (const rows of [Math.round(options.rows / times), options.rows]) {
    const loaded = await loadCollection(url, rows)
    try {
      for (const [at, { title, run }] of ways.entries()) {
        await redis.empty()
        const { peakRssBytes = 0, wallMs } = await run(loaded, context)
        const keys = await redis.countKeys()
        if (keys < rows) throw new Error(`Redis holds ${keys} keys, not ${rows}`)
        peaks[at]?.push(peakRssBytes)
        table.push([title, whole(rows), megabytes(peakRssBytes), seconds(wallMs)])
        print(`  ${megabytes(peakRssBytes)} for ${whole(rows)} documents: ${title}`)
      }
    } finally {
      await loaded.drop()
      await redis.empty()
    }
  }
  return {
    title: 'Memory, MongoDB',
    notes: [
      `One run each, ${options.channels} channel${options.channels === 1 ? '' : 's'}. The same memory means within ${Math.round((sameWithin - 1) * 100)} %.`,
    ],
    table,
    targets: ways.flatMap(({ title }, at) => {
      const [few = 0, many = 0] = peaks[at] ?? []
      return [
        atMost(`peak memory, ${title}`, Math.max(few, many), limitBytes, megabytes),
        atMost(`memory for ${times} times the documents, ${title}`, many / few, sameWithin, ratio),
      ]
    }),
  }
}
