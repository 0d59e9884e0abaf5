import { measureNode, measurePipe } from '../measured-process.mjs'
import { runMillrace } from '../millrace-job.mjs'
import { makeReadyFile } from '../peers/ready-file.mjs'
import { median, medianRatio } from '../statistics.mjs'
import { atMost, megabytes, ratio, seconds, whole } from './section.mjs'

/**
 * @typedef {import('../sources/source.mjs').LoadedSource} LoadedSource
 * @typedef {import('./section.mjs').BenchContext} BenchContext
 * @typedef {import('./section.mjs').SectionResult} SectionResult
 *
 * @typedef {object} Measurement
 * @property {number} wallMs
 * @property {number} cpuMs
 * @property {number} redisCpuMs
 * @property {number} [peakRssBytes]
 *
 * @typedef {object} Tool
 * @property {string} title
 * @property {() => Promise<import('../measured-process.mjs').Usage>} run
 * @property {Measurement[]} measured one for each round
 */

const cpuLimitMsPerMillion = 3000
const memoryLimitBytes = 200e6

/**
 * The main job against what a user would run instead, one after the other in every round; each run begins with an empty
 * Redis, and what stands there after it is compared with every field of every row.
 *
 * @param {LoadedSource} loaded
 * @param {BenchContext} context
 * @returns {Promise<SectionResult>}
 */
export async function transferSection(loaded, context) {
  const { rows } = loaded
  const file = makeReadyFile(rows)
  try {
    const tools = toolsFor(loaded, context, file.path)
    await measureRounds(tools, rows, context)
    return resultOf(tools, loaded, context)
  } finally {
    file.remove()
  }
}

/**
 * @param {readonly Tool[]} tools
 * @param {number} rows
 * @param {BenchContext} context
 */
async function measureRounds(tools, rows, context) {
  for (let round = 1; round <= context.options.runs; round += 1) {
    for (const tool of tools) {
      const measurement = await measureOnce(tool, rows, context)
      tool.measured.push(measurement)
      context.print(
        `  round ${round}: ${seconds(measurement.wallMs)} wall, ${seconds(measurement.cpuMs)} CPU  ${tool.title}`,
      )
    }
  }
}

/**
 * @param {readonly Tool[]} tools
 * @param {LoadedSource} loaded
 * @param {BenchContext} context
 * @returns {SectionResult}
 */
function resultOf(tools, loaded, context) {
  const { source, rows } = loaded
  const [own, pipe, script] = tools
  if (own === undefined || pipe === undefined || script === undefined) throw new Error('no tools')
  return {
    title: `${source.title} ${loaded.version}: ${whole(rows)} rows to hashes`,
    notes: [
      `Medians of ${context.options.runs} rounds; ratios are Millrace's wall time by the peer's of the same round. ${channelNote(context.options.channels)}`,
      'After every run, every field of every row in Redis was compared with what the table holds: all tools wrote the same.',
      'The ready-made file holds the same commands: it is what Redis itself needs, with no database and nothing to encode.',
    ],
    table: [
      ['', 'wall', 'all runs', 'rows/s', 'CPU', 'CPU of Redis', 'peak memory'],
      ...tools.map((tool) => tableRow(tool, rows)),
    ],
    targets: [
      wallTarget(own, pipe, source.wallTargets.pipe),
      wallTarget(own, script, source.wallTargets.script),
      atMost(
        'CPU of the Millrace process per million rows',
        (median(own.measured.map(({ cpuMs }) => cpuMs)) * 1e6) / rows,
        cpuLimitMsPerMillion,
        seconds,
      ),
      atMost('peak memory of Millrace', peakMemory(own), memoryLimitBytes, megabytes),
    ],
  }
}

/**
 * The settings of the main job: one channel reads the whole table, several read ranges of its key.
 *
 * @param {LoadedSource} loaded
 * @param {BenchContext} context
 */
export function mainJob({ source, url }, { options, redis }) {
  const several = options.channels > 1 ? { splitPk: 'id' } : {}
  return {
    stepType: source.stepType,
    sourceUrl: url,
    targetUrl: redis.url,
    channels: options.channels,
    ...several,
  }
}

/** @param {number} channels */
function channelNote(channels) {
  return channels === 1
    ? 'The job runs with 1 channel and no splitPk.'
    : `The job runs with ${channels} channels and splitPk id.`
}

/**
 * @param {LoadedSource} loaded
 * @param {BenchContext} context
 * @param {string} readyFile
 * @returns {Tool[]} Millrace, the pipe, the script, the ready-made file
 */
function toolsFor(loaded, context, readyFile) {
  const { source, url } = loaded
  const redisUrl = context.redis.url
  const pipe = source.pipe(url, redisUrl)
  return [
    {
      title: 'millrace run job.json',
      run: () => runMillrace(mainJob(loaded, context)),
      measured: [],
    },
    { title: source.pipeTitle, run: () => measurePipe(pipe.command, pipe.env), measured: [] },
    {
      title: source.scriptTitle,
      run: () => measureNode([source.script], { SOURCE_URL: url, TARGET_URL: redisUrl }),
      measured: [],
    },
    {
      title: 'redis-cli --pipe of a ready-made file',
      run: () =>
        measurePipe(`redis-cli -u ${redisUrl} --pipe < "$MILLRACE_BENCH_FILE"`, {
          MILLRACE_BENCH_FILE: readyFile,
        }),
      measured: [],
    },
  ]
}

/**
 * @param {Tool} tool
 * @param {number} rows
 * @param {BenchContext} context
 * @returns {Promise<Measurement>}
 */
async function measureOnce({ title, run }, rows, { redis }) {
  await redis.empty()
  const before = await redis.cpuMs()
  const { wallMs, cpuMs, peakRssBytes } = await run()
  const redisCpuMs = (await redis.cpuMs()) - before
  try {
    await redis.verify(rows)
  } catch (error) {
    throw new Error(`${title} did not write what the table holds`, { cause: error })
  }
  return { wallMs, cpuMs, redisCpuMs, ...(peakRssBytes === undefined ? {} : { peakRssBytes }) }
}

/**
 * @param {Tool} tool
 * @param {number} rows
 */
function tableRow({ title, measured }, rows) {
  const wallMs = measured.map((one) => one.wallMs)
  const memory = peakMemory({ measured })
  return [
    title,
    seconds(median(wallMs)),
    wallMs.map((value) => (value / 1000).toFixed(2)).join(' '),
    whole((rows * 1000) / median(wallMs)),
    seconds(median(measured.map((one) => one.cpuMs))),
    seconds(median(measured.map((one) => one.redisCpuMs))),
    memory === 0 ? '' : megabytes(memory),
  ]
}

/** @param {Pick<Tool, 'measured'>} tool */
function peakMemory({ measured }) {
  return Math.max(...measured.map(({ peakRssBytes }) => peakRssBytes ?? 0))
}

/**
 * @param {Tool} own
 * @param {Tool} peer
 * @param {number} limit
 */
function wallTarget(own, peer, limit) {
  const wall = (/** @type {Tool} */ tool) => tool.measured.map(({ wallMs }) => wallMs)
  return atMost(`wall time against ${peer.title}`, medianRatio(wall(own), wall(peer)), limit, ratio)
}
