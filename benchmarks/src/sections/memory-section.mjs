import { runMillrace } from '../millrace-job.mjs'
import { atMost, megabytes, ratio, seconds, whole } from './section.mjs'
import { mainJob } from './transfer-section.mjs'

const view = 'customers_made_up'
const times = 10
const limitBytes = 200e6
/** What the peak of the same job differs by from run to run. */
const sameWithin = 1.1

/**
 * The most memory that Millrace holds for a table and for one ten times as long, made up by the server while it is read.
 *
 * @param {readonly import('../sources/source.mjs').LoadedSource[]} sources
 * @param {import('./section.mjs').BenchContext} context
 * @returns {Promise<import('./section.mjs').SectionResult>}
 */
export async function memorySection(sources, context) {
  const table = [['', 'rows', 'peak memory', 'wall']]
  const targets = []
  for (const loaded of sources) {
    const peaks = []
    for (const rows of [context.options.rows, context.options.rows * times]) {
      const { peakRssBytes, wallMs } = await measureSeries(loaded, rows, context)
      peaks.push(peakRssBytes)
      table.push([loaded.source.title, whole(rows), megabytes(peakRssBytes), seconds(wallMs)])
      context.print(
        `  ${megabytes(peakRssBytes)} for ${whole(rows)} rows of ${loaded.source.title}`,
      )
    }
    const [few = 0, many = 0] = peaks
    const { title } = loaded.source
    targets.push(
      atMost(`peak memory, ${title}`, Math.max(few, many), limitBytes, megabytes),
      atMost(`memory for ${times} times the rows, ${title}`, many / few, sameWithin, ratio),
    )
  }
  return {
    title: 'Memory',
    notes: [
      `One run each; the server makes the rows up (generate_series, seq_1_to_n). The same memory means within ${Math.round((sameWithin - 1) * 100)} %.`,
    ],
    table,
    targets,
  }
}

/**
 * @param {import('../sources/source.mjs').LoadedSource} loaded
 * @param {number} rows
 * @param {import('./section.mjs').BenchContext} context
 */
async function measureSeries(loaded, rows, context) {
  const { source, url } = loaded
  await source.run(url, (query) => query(source.seriesView(view, rows)))
  await context.redis.empty()
  const { splitPk: _, ...job } = { splitPk: undefined, ...mainJob(loaded, context) }
  const { peakRssBytes = 0, wallMs } = await runMillrace({ ...job, channels: 1, table: view })
  const keys = await context.redis.countKeys()
  if (keys < rows) throw new Error(`Redis holds ${keys} keys, not ${rows}`)
  await context.redis.empty()
  return { peakRssBytes, wallMs }
}
