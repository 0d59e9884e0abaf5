import { runMillrace } from '../millrace-job.mjs'
import { runPipeline } from '../millrace-pipeline.mjs'
import { median, medianRatio } from '../statistics.mjs'
import { atLeast, atMost, megabytes, ratio, seconds, whole } from './section.mjs'

const table = 'documents'
const textColumns = 9
const channels = 4
/** Three times what Redis Data Integration says of its snapshots. */
const leastRowsPerSecond = 90_000
const slowerThanJob = 1.15
/** The peak of so many times the rows, each 1 KB, is compared. */
const times = 4
const sameMemoryWithin = 1.1

/**
 * The snapshot of an RDI pipeline against a DataWorks job over the same rows of 1 KB.
 *
 * @param {import('../sources/source.mjs').LoadedSource} loaded a PostgreSQL database
 * @param {import('./section.mjs').BenchContext} context
 * @returns {Promise<import('./section.mjs').SectionResult>}
 */
export async function pipelineSection(loaded, context) {
  const rows = Math.ceil(context.options.rows / 4)
  await createDocuments(loaded, rows)
  const job = way('a DataWorks job')
  const pipeline = way('an RDI pipeline')
  for (let round = 1; round <= context.options.runs; round += 1) {
    const ways = round % 2 === 0 ? [pipeline, job] : [job, pipeline]
    for (const one of ways)
      await measureOnce(one, one === job ? runJob : runFolder, loaded, rows, context)
  }
  await createDocuments(loaded, rows * times)
  const many = way('many rows')
  await measureOnce(many, runFolder, loaded, rows * times, context)
  await loaded.source.run(loaded.url, (query) => query(`DROP TABLE ${table}`))
  const rowsPerSecond = (/** @type {Way} */ one) => rows / (median(one.wallMs) / 1000)
  return {
    title: 'RDI pipeline: snapshot of rows of 1 KB to hashes',
    notes: [
      `${whole(rows)} rows of ${textColumns + 1} columns, ${channels} channels each, from PostgreSQL; no transforms. Alternating; the ratio is that of the same round.`,
    ],
    table: [
      ['', 'wall', 'rows/s', 'CPU', 'peak memory'],
      ...[job, pipeline].map((one) => [
        one.title,
        seconds(median(one.wallMs)),
        whole(rowsPerSecond(one)),
        seconds(median(one.cpuMs)),
        megabytes(Math.max(...one.peakBytes)),
      ]),
    ],
    targets: [
      atLeast(
        'rows per second, start included',
        rowsPerSecond(pipeline),
        leastRowsPerSecond,
        whole,
      ),
      atMost(
        'wall time against the DataWorks job',
        medianRatio(pipeline.wallMs, job.wallMs),
        slowerThanJob,
        ratio,
      ),
      atMost(
        `memory for ${times} times the rows`,
        median(many.peakBytes) / Math.max(...pipeline.peakBytes),
        sameMemoryWithin,
        ratio,
      ),
    ],
  }
}

/** @typedef {{title: string, wallMs: number[], cpuMs: number[], peakBytes: number[]}} Way */

/**
 * @param {string} title
 * @returns {Way}
 */
function way(title) {
  return { title, wallMs: [], cpuMs: [], peakBytes: [] }
}

/**
 * @param {import('../sources/source.mjs').LoadedSource} loaded
 * @param {number} rows
 */
async function createDocuments({ source, url }, rows) {
  const names = Array.from({ length: textColumns }, (_, index) => `text${index + 1}`)
  const text = (/** @type {number} */ index) =>
    `rpad(md5((id * ${index + 1})::text), 112, md5(id::text)) AS ${names[index]}`
  await source.run(url, async (query) => {
    await query(`DROP TABLE IF EXISTS ${table}`)
    await query(
      `CREATE TABLE ${table} AS SELECT id, ${names.map((_, index) => text(index)).join(', ')}
         FROM generate_series(1, ${rows}) AS series(id)`,
    )
    await query(`ALTER TABLE ${table} ADD PRIMARY KEY (id)`)
    await query(`VACUUM ANALYZE ${table}`)
  })
}

/**
 * @param {import('../sources/source.mjs').LoadedSource} loaded
 * @param {string} targetUrl
 */
function runJob({ source, url }, targetUrl) {
  return runMillrace({
    stepType: source.stepType,
    sourceUrl: url,
    targetUrl,
    table,
    splitPk: 'id',
    channels,
    columns: ['*'],
    keyTemplate: `${table}:id:#{id}`,
  })
}

/**
 * @param {import('../sources/source.mjs').LoadedSource} loaded
 * @param {string} targetUrl
 */
function runFolder({ url }, targetUrl) {
  return runPipeline({ sourceUrl: url, targetUrl, table, channels })
}

/**
 * @param {Way} one
 * @param {typeof runFolder} run
 * @param {import('../sources/source.mjs').LoadedSource} loaded
 * @param {number} rows
 * @param {import('./section.mjs').BenchContext} context
 */
async function measureOnce(one, run, loaded, rows, { redis, print }) {
  await redis.empty()
  const { wallMs, cpuMs, peakRssBytes = 0 } = await run(loaded, redis.url)
  await redis.verifyDocuments(table, rows, textColumns)
  one.wallMs.push(wallMs)
  one.cpuMs.push(cpuMs)
  one.peakBytes.push(peakRssBytes)
  print(`  ${seconds(wallMs)} wall, ${seconds(cpuMs)} CPU  ${one.title}, ${whole(rows)} rows`)
}
