import { fileURLToPath } from 'node:url'
import { runMillrace } from '../millrace-job.mjs'
import { median, medianRatio } from '../statistics.mjs'
import { atMost, ratio, seconds } from './section.mjs'
import { mainJob } from './transfer-section.mjs'

const limit = 1.15
const withoutCheckpoint = {
  stepType: 'redis-without-checkpoint',
  plugin: fileURLToPath(new URL('../peers/writer-without-checkpoint.mjs', import.meta.url)),
}

/**
 * What the checkpoint costs: the main job as it is, against the same with a writer that keeps none.
 *
 * @param {readonly import('../sources/source.mjs').LoadedSource[]} sources
 * @param {import('./section.mjs').BenchContext} context
 * @returns {Promise<import('./section.mjs').SectionResult>}
 */
export async function checkpointSection(sources, context) {
  const table = [['', 'checkpoint', 'wall', 'all runs', 'CPU']]
  const targets = []
  for (const loaded of sources) {
    const settings = mainJob(loaded, context)
    const kept = { title: 'kept', settings, wallMs: [], cpuMs: [] }
    const none = {
      title: 'none',
      settings: { ...settings, writer: withoutCheckpoint },
      wallMs: [],
      cpuMs: [],
    }
    for (let round = 1; round <= context.options.runs; round += 1) {
      // The one that begins a round changes, so that neither always follows a pause.
      for (const one of round % 2 === 0 ? [none, kept] : [kept, none])
        await measureOnce(one, loaded, context)
    }
    const { title } = loaded.source
    for (const { title: what, wallMs, cpuMs } of [kept, none]) {
      const all = wallMs.map((value) => (value / 1000).toFixed(2)).join(' ')
      table.push([title, what, seconds(median(wallMs)), all, seconds(median(cpuMs))])
    }
    targets.push(
      atMost(
        `wall time with a checkpoint against none, ${title}`,
        medianRatio(kept.wallMs, none.wallMs),
        limit,
        ratio,
      ),
    )
  }
  return {
    title: 'Cost of the checkpoint',
    notes: [
      'The main job, and the same with a writer that keeps no checkpoint: no transactions, and rows in no order. Alternating; ratios are those of the same round.',
    ],
    table,
    targets,
  }
}

/**
 * @param {{title: string, settings: import('../millrace-job.mjs').JobSettings, wallMs: number[], cpuMs: number[]}} one
 * @param {import('../sources/source.mjs').LoadedSource} loaded
 * @param {import('./section.mjs').BenchContext} context
 */
async function measureOnce(one, loaded, { redis, print }) {
  await redis.empty()
  const { wallMs, cpuMs } = await runMillrace(one.settings)
  await redis.verify(loaded.rows)
  one.wallMs.push(wallMs)
  one.cpuMs.push(cpuMs)
  print(`  ${seconds(wallMs)} wall, ${seconds(cpuMs)} CPU  ${loaded.source.title}, ${one.title}`)
}
