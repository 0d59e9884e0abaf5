import { runToEnd } from '../measured-process.mjs'
import { millrace, runMillrace } from '../millrace-job.mjs'
import { median } from '../statistics.mjs'
import { atMost, milliseconds } from './section.mjs'
import { mainJob } from './transfer-section.mjs'

const runs = 10
const rows = 100
const versionLimitMs = 150
const jobLimitMs = 500

/**
 * How long a user waits for an answer and for a small job, the start of Node included.
 *
 * @param {readonly import('../sources/source.mjs').LoadedSource[]} sources
 * @param {import('./section.mjs').BenchContext} context
 * @returns {Promise<import('./section.mjs').SectionResult>}
 */
export async function startupSection(sources, context) {
  const empty = () => runToEnd({ command: process.execPath, args: ['-e', '0'] })
  const version = () => runToEnd({ command: process.execPath, args: [millrace, '--version'] })
  const node = await repeat('node, doing nothing', empty, context)
  const answers = [await repeat('millrace --version', version, context)]
  for (const loaded of sources) {
    const settings = { ...mainJob(loaded, context), where: `id <= ${rows}` }
    await context.redis.empty()
    const title = `a job of ${rows} rows, ${loaded.source.title}`
    answers.push(await repeat(title, () => runMillrace(settings), context))
    await context.redis.verify(rows)
  }
  const limits = [versionLimitMs, ...sources.map(() => jobLimitMs)]
  return {
    title: 'Start',
    notes: [`Medians of ${runs} runs, from the start of the process to its end.`],
    table: [
      ['', 'wall', 'least', 'most'],
      ...[node, ...answers].map(({ title, wallMs }) => [
        title,
        ...[median(wallMs), Math.min(...wallMs), Math.max(...wallMs)].map(milliseconds),
      ]),
    ],
    targets: answers.map(({ title, wallMs }, index) =>
      atMost(title, median(wallMs), limits[index] ?? jobLimitMs, milliseconds),
    ),
  }
}

/**
 * @param {string} title
 * @param {() => Promise<{wallMs: number}>} run
 * @param {import('./section.mjs').BenchContext} context
 */
async function repeat(title, run, { print }) {
  const wallMs = []
  for (let index = 0; index < runs; index += 1) wallMs.push((await run()).wallMs)
  print(`  ${milliseconds(median(wallMs))}  ${title}`)
  return { title, wallMs }
}
